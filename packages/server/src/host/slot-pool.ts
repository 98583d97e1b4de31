/**
 * Slots: deduplication keys for calls that bring none. One call uses a slot at a time; its row in the store is overwritten by the next.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { DedupeKey } from "../protocol/core-protocol.ts";

/** See the module comment. */
export class SlotPool {
  /** Sets this process's serials apart from those that earlier ones left in the store. */
  readonly #boot = randomUUID();
  readonly #free: number[] = [];
  #slots = 0;
  #uses = 0;

  /** Most slots that were ever used at once. */
  get size(): number {
    return this.#slots;
  }

  /** Runs `work` with a key of its own. */
  async use<T>(work: (key: Extract<DedupeKey, { kind: "slot" }>) => Promise<T>): Promise<T> {
    const slot = this.#free.pop() ?? this.#slots++;
    this.#uses += 1;
    try {
      return await work({ kind: "slot", slot, serial: `${this.#boot}:${this.#uses}` });
    } finally {
      this.#free.push(slot);
    }
  }
}
