/**
 * Bytes of open files: in pieces, to send them on, or whole. Whoever reads a whole file gets the bytes that its row tells of, or an error.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { OpenFile } from "./file-store.ts";

const PIECE_BYTES = 65_536;

/** What a file's row says of its bytes. */
export interface ByteFacts {
  readonly size: number;
  /** Base64. */
  readonly sha256: string;
}

/** The bytes on disk are not those that were stored. */
export class FileDamagedError extends Error {
  override readonly name = "FileDamagedError";

  constructor(file: string, problem: string) {
    super(
      `Cannot read file "${file}": ${problem}, so its bytes are not those that were stored; restore it from a backup`,
    );
  }
}

/** @throws {FileDamagedError} If the file has another size; it is closed then. */
export function checkSize(file: OpenFile, name: string, { size }: ByteFacts): void {
  if (file.size === size) return;
  file.close();
  throw new FileDamagedError(name, `it has ${file.size} bytes instead of ${size}`);
}

/**
 * Bytes from `start` to before `end`, piece by piece.
 *
 * An iterator, not a generator: `return` must close the file even if nothing was read yet.
 *
 * @param onEnd Is told once how many bytes were given.
 */
export function pieces(
  file: OpenFile,
  start: number,
  end: number,
  onEnd: (bytes: number) => void = () => undefined,
): AsyncIterableIterator<Uint8Array> {
  let at = start;
  let isOver = false;
  const finish = (): void => {
    if (isOver) return;
    isOver = true;
    file.close();
    onEnd(at - start);
  };
  const iterator: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => iterator,
    next: async () => {
      if (at >= end) finish();
      if (isOver) {
        return { done: true, value: undefined };
      }
      try {
        const piece = await file.read(at, Math.min(PIECE_BYTES, end - at));
        if (piece.length === 0) throw new Error(`Cannot read file: it ends at ${at}; should go on to ${end}`);
        at += piece.length;
        return { done: false, value: piece };
      } catch (error) {
        finish();
        throw error;
      }
    },
    return: async () => {
      finish();
      return { done: true, value: undefined };
    },
  };
  return iterator;
}

/**
 * All bytes, piece by piece. The last piece comes when all were found to be those that `facts` tell of; otherwise the iteration fails before it.
 *
 * @param name For messages.
 */
export function wholePieces(
  file: OpenFile,
  name: string,
  facts: ByteFacts,
  onEnd: (bytes: number) => void = () => undefined,
): AsyncIterableIterator<Uint8Array> {
  const inner = pieces(file, 0, facts.size, onEnd);
  const hash = createHash("sha256");
  let held: Uint8Array | undefined;
  const iterator: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => iterator,
    next: async () => {
      for (;;) {
        const step = await inner.next();
        const ready = held;
        held = step.done === true ? undefined : step.value;
        if (step.done === true) {
          if (ready !== undefined) checkDigest(hash.digest("base64"), name, facts);
          return ready === undefined ? { done: true, value: undefined } : { done: false, value: ready };
        }
        hash.update(step.value);
        if (ready !== undefined) return { done: false, value: ready };
      }
    },
    return: async () => {
      await inner.return?.();
      return { done: true, value: undefined };
    },
  };
  return iterator;
}

/** All bytes, in memory of their own. Closes the file. @param name For messages. @throws {FileDamagedError} */
export async function readWhole(file: OpenFile, name: string, facts: ByteFacts): Promise<Uint8Array> {
  checkSize(file, name, facts);
  const bytes = new Uint8Array(facts.size);
  let at = 0;
  for await (const piece of pieces(file, 0, facts.size)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  checkDigest(createHash("sha256").update(bytes).digest("base64"), name, facts);
  return bytes;
}

function checkDigest(actual: string, name: string, { sha256 }: ByteFacts): void {
  if (actual !== sha256) throw new FileDamagedError(name, `its SHA-256 is ${actual} instead of ${sha256}`);
}
