/**
 * A backup of a running deployment: a folder with which another one can be started.
 *
 *   no file is removed from here on ─▶ core copies base and log ─▶ files are copied ─▶ files may go again
 *
 * In this order every row of the copy has its bytes. The folder gets its name last: one that is there is whole.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { filesFolder } from "../core/core-home.ts";
import { copyFiles } from "../engine/copy-files.ts";
import { makeFolder, syncFile } from "../engine/copy-store.ts";
import type { BackupProgress } from "../protocol/deployment-types.ts";
import type { CoreClient } from "./core-client.ts";
import type { FileHost } from "./file-host.ts";

/** What is backed up. */
export interface BackUpParts {
  /** Folder of the store; undefined: in memory. */
  readonly store: string | undefined;
  readonly client: CoreClient;
  readonly files: FileHost;
}

/** See the module comment. @param directory Folder of the new store. */
export async function backUp(
  { store, client, files }: BackUpParts,
  directory: string,
  onProgress: (progress: BackupProgress) => void = () => undefined,
): Promise<void> {
  if (store === undefined) {
    throw new Error("Cannot back up the deployment: it is in memory only; it should have a folder");
  }
  await writeBackup(directory, async (draft) => {
    const letGo = files.keep();
    try {
      await client.request<"backup">({ type: "backup", directory: draft }, (bytes) =>
        onProgress({ part: "data", bytes: Number(bytes), files: 0, filesAll: 0 }),
      );
      await copyFiles(
        filesFolder(store),
        filesFolder(draft),
        await files.list(),
        () => !files.isStopped,
        (progress) => onProgress({ part: "files", ...progress }),
      );
    } finally {
      letGo();
    }
  });
}

/** Lets `write` fill a folder under another name and gives it its own when it is whole; when that fails, nothing is left. @param act For errors. */
export async function writeBackup(
  directory: string,
  write: (draft: string) => Promise<void>,
  act = "back up",
): Promise<void> {
  const draft = `${directory}.unfinished`;
  for (const taken of [directory, draft]) {
    if (existsSync(taken)) throw new Error(`Cannot ${act} into "${taken}": it is there already; name a new folder`);
  }
  try {
    await makeFolder(draft);
    await write(draft);
    await syncFile(draft);
    await rename(draft, directory);
    await syncFile(dirname(directory));
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}
