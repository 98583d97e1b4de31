/**
 * Proves stored files against their rows: every row has its bytes, with the size and SHA-256 that it says.
 *
 * Bytes without a row are no damage: a crash between the two leaves them, and the next start removes them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Doc } from "@narrowcast/values";
import type { FileName, FileStore } from "../engine/file-store.ts";
import { fileNameOf } from "../functions/file-addresses.ts";
import { pieces } from "../engine/file-bytes.ts";
import { factsOf } from "../functions/file-rows.ts";

/** What was looked at, and what is wrong with it. */
export interface FilesReport {
  /** Rows of `_storage`. */
  readonly files: number;
  /** A sentence each. */
  readonly problems: readonly string[];
  /** Names of bytes without a row. */
  readonly loose: readonly FileName[];
}

/** Reads every file once. @param rows The rows of `_storage`. */
export async function checkFiles(store: FileStore, rows: Iterable<Doc>): Promise<FilesReport> {
  const problems: string[] = [];
  const loose = new Set(await store.list());
  let files = 0;
  for (const row of rows) {
    files += 1;
    const name = fileNameOf(row._id);
    const problem = loose.delete(name) ? await problemOf(store, name, row) : "its bytes are missing";
    if (problem !== undefined) problems.push(`file ${row._id} (files/${name}): ${problem}`);
  }
  return { files, problems, loose: [...loose] };
}

async function problemOf(store: FileStore, name: FileName, row: Doc): Promise<string | undefined> {
  const { size, sha256 } = factsOf(row);
  const file = await store.open(name);
  if (file === undefined) return "its bytes are missing";
  if (file.size !== size) {
    file.close();
    return `it has ${file.size} bytes; should have ${size}`;
  }
  const hash = createHash("sha256");
  for await (const piece of pieces(file, 0, size)) hash.update(piece);
  const actual = hash.digest("base64");
  return actual === sha256 ? undefined : `its SHA-256 is ${actual}; should be ${sha256}`;
}
