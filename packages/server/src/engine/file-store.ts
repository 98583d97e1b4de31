/**
 * Where the bytes of stored files are: one small interface, so that a folder, memory and later stores look the same from outside.
 *
 * A store knows names and bytes. Which files there should be is told by rows (`_storage`), which are transactional; bytes are not. So:
 *
 *   put ──durable──▶ the row is committed          a crash in between leaves bytes without a row, never a row without bytes
 *   the row's deletion ──durable──▶ delete         a crash in between leaves bytes without a row
 *
 * Bytes without a row are found by comparing `list` with the rows.
 *
 * Invariants of every store:
 *   - A name has no bytes or all of them, at any moment and after any crash.
 *   - When `put` resolves, the bytes survive power loss.
 *   - Names are used once: a name is never put again.
 *
 * @module
 */

/** What `put` checks while the bytes come. */
export interface PutRules {
  readonly bytesMax: number;
  /** What the sender says the SHA-256 is. */
  readonly sha256?: Uint8Array | undefined;
}

/** What came. */
export interface PutFacts {
  readonly size: number;
  readonly sha256: Buffer;
}

/** An open file: its bytes stay readable until it is closed, also when its name is deleted meanwhile. */
export interface OpenFile {
  readonly size: number;
  /** Up to `bytesMax` bytes from `position`, in memory of their own; none at the end. */
  read(position: number, bytesMax: number): Promise<Uint8Array>;
  close(): void;
}

/** A file's name: 32 hex digits. */
export type FileName = string;

/** See the module comment. */
export interface FileStore {
  /**
   * Takes a whole file, piece by piece, in bounded memory if the store is a folder.
   *
   * @throws {FileRefusal} If it breaks a rule. Then, and when `pieces` throws, nothing is there.
   */
  put(name: FileName, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, rules: PutRules): Promise<PutFacts>;
  /** `undefined` when there is no such file. */
  open(name: FileName): Promise<OpenFile | undefined>;
  /** Does nothing when there is no such file. */
  delete(name: FileName): Promise<void>;
  /** The names of all whole files, in no order. */
  list(): Promise<readonly FileName[]>;
  /** Removes what unfinished `put`s of earlier processes left, but not of those in `underWay`. */
  removeUnfinished(underWay: ReadonlySet<FileName>): Promise<void>;
}

/** A file that is not taken. */
export class FileRefusal extends Error {
  override readonly name = "FileRefusal";
  readonly code: "FileTooLarge" | "Sha256Mismatch";

  constructor(code: FileRefusal["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws {FileRefusal} When a file has grown over the limit. */
export function checkFileSize(size: number, { bytesMax }: PutRules): void {
  if (size > bytesMax) throw new FileRefusal("FileTooLarge", `File is too large (limit: ${bytesMax} bytes)`);
}

/** @throws {FileRefusal} When the bytes are not those that were announced. */
export function checkFileSha256(actual: Buffer, { sha256 }: PutRules): void {
  if (sha256 === undefined || actual.equals(sha256)) return;
  const [given, got] = [Buffer.from(sha256).toString("base64"), actual.toString("base64")];
  throw new FileRefusal(
    "Sha256Mismatch",
    `The SHA-256 of the file is ${got}; it should be ${given}, as its sender says`,
  );
}
