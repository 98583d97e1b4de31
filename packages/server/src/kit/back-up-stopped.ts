/**
 * A backup of a deployment that nobody runs. Like one of a running deployment it is a store that opens as after a crash.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { decodeDocument, encodeDocument, type Doc } from "@narrowcast/values";
import { filesFolder } from "../core/core-home.ts";
import { copyFiles } from "../engine/copy-files.ts";
import { FolderFiles } from "../engine/folder-files.ts";
import { openDiskEngine } from "../engine/open-disk-engine.ts";
import { writeBackup } from "../host/back-up.ts";
import type { BackupProgress } from "../protocol/deployment-types.ts";

/**
 * Copies the store in `store` into the new folder `directory`.
 *
 * @throws {LogLockedError} If somebody has it open.
 */
export async function backUpStopped(
  store: string,
  directory: string,
  onProgress: (progress: BackupProgress) => void = () => undefined,
): Promise<void> {
  if (!existsSync(join(store, "log"))) throw new Error(`Cannot back up "${store}": there is no store here`);
  const engine = openDiskEngine<Doc>({
    directory: store,
    codec: { encode: encodeDocument, decode: decodeDocument },
    checkpointDelayMs: Number.POSITIVE_INFINITY,
    checkpointOnClose: false,
  });
  try {
    await writeBackup(directory, async (draft) => {
      await engine.copyTo(draft, (bytes) => onProgress({ part: "data", bytes, files: 0, filesAll: 0 }));
      const names = await new FolderFiles(filesFolder(store), "backup").list();
      await copyFiles(
        filesFolder(store),
        filesFolder(draft),
        names,
        () => true,
        (progress) => onProgress({ part: "files", ...progress }),
      );
    });
  } finally {
    await engine.close();
  }
}
