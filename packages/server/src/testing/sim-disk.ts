/**
 * A simulated disk: a log of which a crash keeps only what was flushed, and engines in memory on it.
 *
 * @module
 */
import { decodeDocument, encodeDocument, type Doc } from "@narrowcast/values";
import { MemoryEngine } from "../engine/memory-engine.ts";
import { MemoryLog } from "../engine/memory-log.ts";

export const DOCUMENT_CODEC = { encode: encodeDocument, decode: decodeDocument };

/** What survives crashes: sealed records up to the last flush. */
export class SimDisk {
  #log = new MemoryLog([], () => this.#settle());
  #stalled: (() => void)[] | undefined;
  #flushesBefore = 0;
  /** Set to make every flush fail from now on. */
  failure: Error | undefined;

  /** The log as it is open now. */
  get log(): MemoryLog {
    return this.#log;
  }

  /** Sealed records, durable or not. */
  get length(): number {
    return this.#log.lastSequence;
  }

  /** Flushes that wrote something. */
  get flushes(): number {
    return this.#flushesBefore + this.#log.flushes;
  }

  /** Opens the disk as a new process would: what was not flushed is gone. */
  open(): MemoryEngine<Doc> {
    this.#flushesBefore = this.flushes;
    this.#log = new MemoryLog(this.#log.durableRecords, () => this.#settle());
    return new MemoryEngine<Doc>({ codec: DOCUMENT_CODEC, log: this.#log });
  }

  /** Flushes wait from now on. */
  stall(): void {
    this.#stalled ??= [];
  }

  /** Waiting flushes go on. */
  release(): void {
    const stalled = this.#stalled ?? [];
    this.#stalled = undefined;
    for (const go of stalled) go();
  }

  async #settle(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#stalled === undefined) setImmediate(resolve);
      else this.#stalled.push(resolve);
    });
    if (this.failure !== undefined) throw this.failure;
  }
}
