/**
 * Copies of stored files, which never change under their names: whatever is there when the copy begins and is not deleted meanwhile.
 *
 * Together with a copy of log and base they are a backup, if no deletion was done since before that copy began: then every row in it has its bytes.
 * Files that came later have no row there; the next opening removes them.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { copyFile, makeFolder, syncFile } from "./copy-store.ts";
import type { FileName } from "./file-store.ts";

/** How far it is. */
export interface FilesProgress {
  readonly files: number;
  readonly filesAll: number;
  readonly bytes: number;
}

/** Copies the files `names` of the folder `from` into `to`, which is made; `mayGoOn` is asked before each. */
export async function copyFiles(
  from: string,
  to: string,
  names: readonly FileName[],
  mayGoOn: () => boolean,
  onProgress: (progress: FilesProgress) => void = () => undefined,
): Promise<FilesProgress> {
  let progress: FilesProgress = { files: 0, filesAll: names.length, bytes: 0 };
  if (names.length === 0) return progress;
  await makeFolder(to);
  for (const name of names) {
    if (!mayGoOn()) throw new Error("Cannot copy stored files: the deployment is being closed");
    const target = join(to, name);
    await copyFile(join(from, name), target);
    const { size } = await stat(target);
    progress = { ...progress, files: progress.files + 1, bytes: progress.bytes + size };
    onProgress(progress);
  }
  await syncFile(to);
  return progress;
}
