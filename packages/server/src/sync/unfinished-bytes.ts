/**
 * Bytes of messages or bodies that have not come whole, counted over all senders: the parts lie in memory until the rest is there.
 *
 * When there are too many, the sender that holds the most of them is ended: somebody who sends one honest message is not the one.
 *
 * Invariant: `total` is the sum of what is held by those that are counted.
 *
 * @module
 */

/** What somebody has sent of a message or body that is not whole. */
export interface UnfinishedPart {
  bytes: number;
  /** Takes nothing more from them. */
  readonly end: () => void;
}

/** See the module comment. */
export class UnfinishedBytes {
  readonly #bytesMax: number;
  readonly #parts = new Set<UnfinishedPart>();
  #total = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get total(): number {
    return this.#total;
  }

  add(part: UnfinishedPart, bytes: number): void {
    this.#parts.add(part);
    part.bytes += bytes;
    this.#total += bytes;
    while (this.#total > this.#bytesMax) this.#endLargest();
  }

  /** A message is whole, or bytes turn out to belong to none. Without `bytes`: all of them. */
  done(part: UnfinishedPart, bytes = part.bytes): void {
    const less = Math.min(bytes, part.bytes);
    part.bytes -= less;
    this.#total -= less;
    if (part.bytes === 0) this.#parts.delete(part);
  }

  #endLargest(): void {
    let largest: UnfinishedPart | undefined;
    for (const part of this.#parts) if (largest === undefined || part.bytes > largest.bytes) largest = part;
    if (largest === undefined) return;
    this.done(largest);
    largest.end();
  }
}
