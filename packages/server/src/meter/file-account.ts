/**
 * What passed in and out of file storage: a sum of its own, since bytes of files are nobody's reads of the database.
 *
 * @module
 */

/** All monotone. */
export interface FileAccount {
  /** Files that were stored, by uploads, actions and mutations. */
  stored: number;
  /** Reads of a file or a part of one, by downloads, actions and mutations. */
  reads: number;
  bytesIn: number;
  bytesOut: number;
}

export function newFileAccount(): FileAccount {
  return { stored: 0, reads: 0, bytesIn: 0, bytesOut: 0 };
}

/** Adds `more`; what it lacks is zero. */
export function addToFileAccount(account: FileAccount, more: Partial<Readonly<FileAccount>>): void {
  for (const field of ["stored", "reads", "bytesIn", "bytesOut"] as const) account[field] += more[field] ?? 0;
}
