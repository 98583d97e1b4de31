/**
 * Sealed records that the base has not applied yet, oldest first.
 *
 * They are the checkpointer's work, and what a collection's overlay is made of anew when the collection leaves memory.
 *
 * @module
 */
import { decodeRecord } from "./record-codec.ts";
import type { StoredRecord } from "./record-codec.ts";

/** A record with its place in the log. */
export interface BacklogRecord {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** See the module comment. */
export class Backlog {
  #records: BacklogRecord[] = [];
  #first = 0;
  #bytes = 0;

  /** Bytes of the records. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#records.length - this.#first;
  }

  push(sequence: number, payload: Uint8Array): void {
    this.#records.push({ sequence, payload });
    this.#bytes += payload.length;
  }

  /** The record at a place, 0 = the oldest. */
  at(place: number): BacklogRecord | undefined {
    return this.#records[this.#first + place];
  }

  /** Takes away the oldest records up to `sequence`, and gives them. */
  shift(sequence: number): BacklogRecord[] {
    let end = this.#first;
    while (end < this.#records.length && this.#records[end]!.sequence <= sequence) end += 1;
    const taken = this.#records.slice(this.#first, end);
    for (const { payload } of taken) this.#bytes -= payload.length;
    this.#first = end;
    // Give the array's front back now and then; each record is moved once on average.
    if (this.#first * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#first);
      this.#first = 0;
    }
    return taken;
  }

  /** Decodes the records one after the other. */
  *decoded(): IterableIterator<{ readonly sequence: number; readonly record: StoredRecord }> {
    for (let at = this.#first; at < this.#records.length; at += 1) {
      const { sequence, payload } = this.#records[at]!;
      yield { sequence, record: decodeRecord(payload) };
    }
  }
}
