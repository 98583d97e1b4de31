/**
 * Lets a base be opened: at once if it is the file that was opened here before, otherwise only after every page was proved whole.
 *
 * Why: the storage library trusts its file. One that was copied while a server wrote it (`cp`, `tar`) ends the process with a segmentation fault. Nobody
 * can see from outside how a file came to be, but a copy is another file: it has an inode and a birth of its own. A note beside the base says which file
 * was found sound; crashes do not change that, so only what came from elsewhere is read whole, once.
 *
 * @module
 */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { problemOfPages } from "./base-pages.ts";

const DATA_FILE = "data.mdb";
const NOTE_FILE = "admitted";

/** The base is not whole, most likely a copy of one that was being written. */
export class TornBaseError extends Error {
  override readonly name = "TornBaseError";
}

/**
 * Checks the base in `directory` if it has to be. A folder without a base is let through.
 *
 * @throws {TornBaseError} If it is not whole.
 */
export function admitBase(directory: string): void {
  const identity = identityOf(directory);
  if (identity === undefined || identity === noteOf(directory)) return;
  const problem = problemOfPages(join(directory, DATA_FILE));
  if (problem === undefined) return;
  throw new TornBaseError(
    `Cannot open base "${directory}": ${problem}; it is damaged, or was copied while a server was writing it. Restore a copy made by "narrowcast backup"`,
  );
}

/** Notes that the base in `directory` is open and sound. */
export function noteAdmitted(directory: string): void {
  const identity = identityOf(directory);
  if (identity === undefined || identity === noteOf(directory)) return;
  try {
    writeFileSync(join(directory, NOTE_FILE), identity, { mode: 0o600 });
  } catch {
    // Without the note the next opening reads the base again.
  }
}

function noteOf(directory: string): string | undefined {
  try {
    return readFileSync(join(directory, NOTE_FILE), "utf8");
  } catch {
    return undefined;
  }
}

function identityOf(directory: string): string | undefined {
  const facts = statSync(join(directory, DATA_FILE), { bigint: true, throwIfNoEntry: false });
  return facts === undefined ? undefined : `${facts.dev} ${facts.ino} ${facts.birthtimeNs}\n`;
}
