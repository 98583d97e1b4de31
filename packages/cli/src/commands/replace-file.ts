/**
 * Files that others read while they are written: they see the former text or the new one, whole, also after a crash.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { existsSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** Only the owner reads and writes them: they hold addresses and keys. */
const MODE = 0o600;

/** Writes beside the file and moves it into place; a link stays one. @throws Node's error when that cannot be done; nothing is left then. */
export function replaceFile(file: string, text: string): void {
  const target = existsSync(file) ? realpathSync(file) : file;
  const draft = `${target}.${randomBytes(4).toString("hex")}`;
  try {
    writeFileSync(draft, text, { mode: MODE, flag: "wx", flush: true });
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
