/**
 * Bytes of open files: in pieces, to send them on, or whole.
 *
 * @module
 */
import type { OpenFile } from "./file-store.ts";

const PIECE_BYTES = 65_536;

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

/** All bytes, in memory of their own. Closes the file. @param name For messages. */
export async function readWhole(file: OpenFile, name: string): Promise<Uint8Array> {
  try {
    const bytes = new Uint8Array(file.size);
    for (let at = 0; at < bytes.length;) {
      const piece = await file.read(at, bytes.length - at);
      if (piece.length === 0) throw new Error(`Cannot read file "${name}": it ends at ${at} of ${bytes.length} bytes`);
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  } finally {
    file.close();
  }
}
