/**
 * What a disk answers that takes nothing: told from defects, because it may take something again later.
 *
 * @module
 */

/** What each code means, as a person who can mend it would say it. Numbers are those of Linux, by which the storage library names errors. */
const CAUSES: readonly { readonly code: string; readonly number: number; readonly text: string }[] = [
  { code: "ENOSPC", number: 28, text: "the disk is full" },
  { code: "EDQUOT", number: 122, text: "the disk quota is used up" },
  { code: "EFBIG", number: 27, text: "a file would be larger than this process may write" },
  { code: "EIO", number: 5, text: "the disk reports errors" },
  { code: "EROFS", number: 30, text: "the file system is read-only" },
  { code: "EACCES", number: 13, text: "the store's folder may not be written" },
  { code: "EPERM", number: 1, text: "the store's folder may not be written" },
  { code: "EMFILE", number: 24, text: "this process has too many files open" },
  { code: "ENFILE", number: 23, text: "this machine has too many files open" },
];

/** The disk does not take writes now. What was acknowledged is there, and reads go on. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  /** Such as `ENOSPC`. */
  readonly code: string;

  constructor(code: string, cause: unknown) {
    const text = CAUSES.find((one) => one.code === code)?.text ?? "the disk takes nothing";
    super(
      `Cannot write: ${text} (${code}); reads go on, and writes go on by themselves when the disk takes them again`,
      {
        cause,
      },
    );
    this.code = code;
  }

  /** The error of the disk behind `error`, if that is what it is. */
  static from(error: unknown): StorageError | undefined {
    for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
      if (at instanceof StorageError) return at;
      const { code } = at as { readonly code?: unknown };
      const known = CAUSES.find((one) => one.code === code || one.number === code);
      if (known !== undefined) return new StorageError(known.code, error);
    }
    return undefined;
  }
}
