/**
 * What came over the wire, and what would have come without deltas.
 *
 * @module
 */

/** Monotone counts. Bytes are those of the frames' text in UTF-8, before compression and without the frames' own headers. */
export interface SocketStats {
  /** Text frames received. */
  readonly frames: number;
  readonly bytes: number;
  /** Bytes of the frames the client was handed: what a plain client is sent for the same updates. */
  readonly plainBytes: number;
  /** Query values that came as what changed. */
  readonly deltas: number;
  /** Query values that came whole. Not counted, like `deltas`, while the server speaks no deltas. */
  readonly values: number;
}

/** Counts for one socket and for all of its constructor. */
export class SocketCounter implements SocketStats {
  readonly #total: SocketCounter | undefined;
  frames = 0;
  bytes = 0;
  plainBytes = 0;
  deltas = 0;
  values = 0;

  constructor(total?: SocketCounter) {
    this.#total = total;
  }

  add(what: keyof SocketStats, amount: number): void {
    this[what] += amount;
    this.#total?.add(what, amount);
  }
}
