/**
 * A simulated disk: the memory engine in front of a log of which a crash keeps only what was flushed.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import { MemoryEngine } from "../engine/memory-engine.ts";
import type { Cursor, Engine, EngineCounters, Key, KeyRange, RowWrite, Savepoint, Ts } from "../engine/types.ts";

type Replay = (engine: Engine<Doc>) => void;

/** What survives crashes: sealed records up to the last flush. */
export class SimDisk {
  /** Sealed records in order. */
  #records: Replay[] = [];
  #durable = 0;
  #stalled: (() => void)[] | undefined;
  /** Flushes that wrote something. */
  flushes = 0;
  /** Set to make every flush fail from now on. */
  failure: Error | undefined;

  /** Opens the disk as a new process would: what was not flushed is gone. */
  open(): SimEngine {
    this.#records = this.#records.slice(0, this.#durable);
    const memory = new MemoryEngine<Doc>();
    for (const replay of this.#records) replay(memory);
    return new SimEngine(this, memory);
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

  append(replay: Replay): void {
    this.#records.push(replay);
  }

  get length(): number {
    return this.#records.length;
  }

  async flush(): Promise<void> {
    const target = this.#records.length;
    const records = this.#records;
    await new Promise<void>((resolve) => {
      if (this.#stalled === undefined) setImmediate(resolve);
      else this.#stalled.push(resolve);
    });
    if (this.failure !== undefined) throw this.failure;
    // A flush of a process that has crashed meanwhile changes nothing any more.
    if (records !== this.#records) return;
    if (target > this.#durable) this.flushes += 1;
    this.#durable = Math.max(this.#durable, target);
  }
}

/** One process's view of the disk. */
export class SimEngine implements Engine<Doc> {
  readonly #disk: SimDisk;
  readonly #memory: MemoryEngine<Doc>;
  #open: RowWrite<Doc>[] = [];
  readonly #savepoints: { readonly inner: Savepoint; readonly length: number }[] = [];
  #durable: Ts;

  constructor(disk: SimDisk, memory: MemoryEngine<Doc>) {
    this.#disk = disk;
    this.#memory = memory;
    this.#durable = memory.head;
  }

  get head(): Ts {
    return this.#memory.head;
  }

  get durable(): Ts {
    return this.#durable;
  }

  get counters(): Readonly<EngineCounters> {
    return this.#memory.counters;
  }

  get(collection: number, key: Key): Doc | undefined {
    return this.#memory.get(collection, key);
  }

  scan(collection: number, index: number, range: KeyRange, order: "asc" | "desc"): Cursor<Doc> {
    return this.#memory.scan(collection, index, range, order);
  }

  count(collection: number): number {
    return this.#memory.count(collection);
  }

  put(write: RowWrite<Doc>): void {
    this.#memory.put(write);
    this.#open.push(write);
  }

  savepoint(): Savepoint {
    return this.#savepoints.push({ inner: this.#memory.savepoint(), length: this.#open.length }) - 1;
  }

  rollback(to: Savepoint): void {
    const saved = this.#savepoints[to];
    if (saved === undefined) throw new RangeError(`Cannot roll back: savepoint ${to} is gone`);
    this.#memory.rollback(saved.inner);
    this.#open.length = saved.length;
    this.#savepoints.length = to + 1;
  }

  commit(ts: Ts, note: string): void {
    const writes = this.#open;
    this.#open = [];
    this.#savepoints.length = 0;
    this.#memory.commit(ts, note);
    this.#disk.append((engine) => {
      for (const write of writes) engine.put(write);
      engine.commit(ts, note);
    });
  }

  async flush(): Promise<void> {
    const { head } = this.#memory;
    await this.#disk.flush();
    this.#durable = Math.max(this.#durable, head);
  }

  fillIndex(
    collection: number,
    index: number,
    entries: readonly { readonly indexKey: Key; readonly key: Key }[],
  ): void {
    this.#memory.fillIndex(collection, index, entries);
    this.#disk.append((engine) => engine.fillIndex(collection, index, entries));
  }

  registerIndex(collection: number, index: number): void {
    this.#memory.registerIndex(collection, index);
    this.#disk.append((engine) => engine.registerIndex(collection, index));
  }

  dropIndex(collection: number, index: number): void {
    this.#memory.dropIndex(collection, index);
    this.#disk.append((engine) => engine.dropIndex(collection, index));
  }

  dropCollection(collection: number): void {
    this.#memory.dropCollection(collection);
    this.#disk.append((engine) => engine.dropCollection(collection));
  }

  async close(): Promise<void> {
    await this.#memory.close();
  }
}
