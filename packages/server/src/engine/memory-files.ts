/**
 * Files in memory, for deployments without a folder.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { checkFileSha256, checkFileSize } from "./file-store.ts";
import type { FileName, FileStore, OpenFile, PutFacts, PutRules } from "./file-store.ts";

/** See the module comment. */
export class MemoryFiles implements FileStore {
  readonly #files = new Map<FileName, Buffer>();

  async put(
    name: FileName,
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    rules: PutRules,
  ): Promise<PutFacts> {
    const copies: Uint8Array[] = [];
    let size = 0;
    for await (const piece of pieces) {
      size += piece.length;
      checkFileSize(size, rules);
      copies.push(piece.slice());
    }
    const bytes = Buffer.concat(copies, size);
    const sha256 = createHash("sha256").update(bytes).digest();
    checkFileSha256(sha256, rules);
    this.#files.set(name, bytes);
    return { size, sha256 };
  }

  async open(name: FileName): Promise<OpenFile | undefined> {
    const bytes = this.#files.get(name);
    if (bytes === undefined) return undefined;
    return {
      size: bytes.length,
      read: async (position, bytesMax) => new Uint8Array(bytes.subarray(position, position + bytesMax)),
      close: () => undefined,
    };
  }

  async delete(name: FileName): Promise<void> {
    this.#files.delete(name);
  }

  async list(): Promise<readonly FileName[]> {
    return [...this.#files.keys()];
  }

  async removeUnfinished(): Promise<void> {}
}
