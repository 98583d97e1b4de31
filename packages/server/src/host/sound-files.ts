/**
 * Parts of stored files for those who download them: never the last byte of a file that is not the one that was stored.
 *
 *   small ─▶ read whole, proved, then sent                nobody gets a byte of a damaged one
 *   large, whole ─▶ sent as it is read, proved before its last piece     the connection of a damaged one is torn
 *   large, a part ─▶ the file is proved first, once in a while, then the part is sent
 *
 * @module
 */
import { pieces, readWhole, wholePieces, checkSize, type ByteFacts } from "../engine/file-bytes.ts";
import type { FileName, OpenFile } from "../engine/file-store.ts";

/** Files up to this are read whole before the first byte is sent. */
export const SMALL_BYTES = 1_048_576;
/** Names that are remembered; the oldest goes first. */
const NAMES_MAX = 1_000;

/** The bytes from `start` to before `end`. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** See the module comment. */
export class SoundFiles {
  /** Large files that were proved in this process. */
  readonly #names = new Set<FileName>();

  /** @throws {FileDamagedError} If it is known already that the bytes are wrong. Closes the file at the end. */
  async pieces(
    file: OpenFile,
    name: FileName,
    facts: ByteFacts,
    { start, end }: Part,
    onEnd: (bytes: number) => void,
  ): Promise<AsyncIterableIterator<Uint8Array>> {
    checkSize(file, name, facts);
    if (facts.size <= SMALL_BYTES) {
      const bytes = await readWhole(file, name, facts);
      return pieces(inMemory(bytes), start, end, onEnd);
    }
    if (start === 0 && end === facts.size) return wholePieces(file, name, facts, onEnd);
    if (!this.#names.has(name)) await this.#prove(file, name, facts);
    return pieces(file, start, end, onEnd);
  }

  async #prove(file: OpenFile, name: FileName, facts: ByteFacts): Promise<void> {
    // The file stays open: the part comes from what was proved.
    const kept: OpenFile = {
      size: file.size,
      read: (position, bytesMax) => file.read(position, bytesMax),
      close: () => undefined,
    };
    try {
      for await (const piece of wholePieces(kept, name, facts)) void piece;
    } catch (error) {
      file.close();
      throw error;
    }
    for (const oldest of this.#names) {
      if (this.#names.size < NAMES_MAX) break;
      this.#names.delete(oldest);
    }
    this.#names.add(name);
  }
}

function inMemory(bytes: Uint8Array): OpenFile {
  return {
    size: bytes.length,
    read: async (position, bytesMax) => bytes.subarray(position, position + bytesMax),
    close: () => undefined,
  };
}
