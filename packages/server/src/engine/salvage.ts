/**
 * What can still be read of a damaged store: its rows, each as it was last written, as far as base and log can prove it.
 *
 *   base (up to record a) ◀── log: records behind a; those up to a again, if none is missing between them and a
 *
 * Every row that comes out was written once, and is the newest of which there is proof. It can be a former one only where the store tells of a loss: the
 * record or the page that had the newer one is lost.
 *
 * Reads without the storage library and without a lock, and changes nothing. Indexes are left out: they follow from the rows.
 *
 * Not here: what rows mean, and writing a new store (`kit/repair.ts`).
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BaseState } from "./base.ts";
import { logFolder } from "./copy-store.ts";
import type { StoredRecord } from "./record-codec.ts";
import { type BaseEntry, BaseSalvage } from "./salvage-base.ts";
import { type LogSalvage, salvageLog } from "./salvage-log.ts";
import { type Key, PRIMARY, type Ts } from "./types.ts";

/** A row that was written, as bytes. */
export interface SalvagedRow {
  readonly collection: number;
  readonly key: Key;
  readonly bytes: Uint8Array;
  /** It may have been followed by another state, or by its deletion: it counts only if no other state of the row is known. */
  readonly isDoubtful: boolean;
}

/** Something that is lost, and which collections it may have been of, as far as that is known. */
export interface StoreLoss {
  readonly place: string;
  readonly message: string;
  readonly collections?: readonly [first: number, last: number] | undefined;
}

/** The newest that the log says of a row. */
interface LogWrite {
  readonly bytes: Uint8Array | undefined;
  readonly sequence: number;
}

/** See the module comment. Close it. */
export class StoreSalvage {
  readonly #base: BaseSalvage | undefined;
  readonly #log: LogSalvage;
  /** By collection and key. */
  readonly #writes = new Map<number, Map<Key, LogWrite>>();
  readonly #dropped = new Set<number>();
  /** Up to this record the base has everything; 0 without a base. */
  readonly #applied: number;
  /** Records up to this one may have been followed by others that are lost, and that the base has. */
  readonly #doubtfulUpTo: number;
  /** The newest commit that is known. */
  readonly head: Ts;

  constructor(directory: string) {
    const file = join(directory, "base", "data.mdb");
    this.#log = existsSync(logFolder(directory)) ? salvageLog(logFolder(directory)) : noLog(logFolder(directory));
    const first = this.#log.records[0]?.sequence ?? Infinity;
    const logGoesOn = (record: number): boolean => first <= record + 1;
    this.#base = existsSync(file) ? new BaseSalvage(file, logGoesOn) : undefined;
    const { state } = this.#base ?? {};
    this.#applied = this.#base === undefined ? 0 : appliedOf(state, this.#log);
    const lostBefore = this.#log.losses.map(({ first, last }) =>
      first > this.#applied ? 0 : Math.min(last, this.#applied),
    );
    this.#doubtfulUpTo = lostBefore.reduce((one, other) => Math.max(one, other), 0);
    this.head = this.#layTogether(state?.head ?? 0);
  }

  close(): void {
    this.#base?.close();
  }

  /** Everything that is lost, once {@linkcode rows} was read to its end. */
  get losses(): readonly StoreLoss[] {
    const { losses, problems, records } = this.#log;
    const first = records[0]?.sequence;
    const missing =
      first !== undefined && first > this.#applied + 1 && losses.every((loss) => loss.first > this.#applied + 1)
        ? [{ place: "log", message: `records ${this.#applied + 1} to ${first - 1} are missing` }]
        : [];
    const last = Math.max(records.at(-1)?.sequence ?? 0, ...losses.map((loss) => loss.last));
    const isShort = this.#base?.state !== undefined && last < this.#base.state.applied;
    const short = isShort
      ? [{ place: "log", message: `it ends at record ${last}; the base is at ${this.#applied}` }]
      : [];
    const ofLog = losses.map(({ place, message, last: upTo }) => ({
      place,
      message: upTo <= this.#applied && this.#base?.state !== undefined ? `${message}; the base is further` : message,
    }));
    return [...(this.#base?.losses ?? []), ...problems, ...ofLog, ...missing, ...short];
  }

  /** The rows: first those of which nothing newer was ever known, each once, then the doubtful ones. */
  *rows(): Generator<SalvagedRow> {
    for (const entry of this.#base?.entries() ?? []) {
      if (entry.index !== PRIMARY || this.#isOverridden(entry)) continue;
      yield { collection: entry.collection, key: entry.key, bytes: entry.value, isDoubtful: entry.isStray };
    }
    for (const isDoubtful of [false, true]) {
      for (const [collection, writes] of this.#writes) {
        for (const [key, { bytes, sequence }] of writes) {
          if (bytes === undefined || isDoubtful !== sequence <= this.#doubtfulUpTo) continue;
          yield { collection, key, bytes, isDoubtful };
        }
      }
    }
  }

  /** Primary keys that entries of an index of the base lead to, and that the log knows nothing newer of. */
  *keysIn(index: number): Generator<{ readonly collection: number; readonly key: Key }> {
    for (const { collection, index: found, value } of this.#base?.entries() ?? []) {
      const key = Buffer.from(value).toString("latin1");
      if (found === index && !this.#isOverridden({ collection, key })) yield { collection, key };
    }
  }

  #isOverridden({ collection, key }: Pick<BaseEntry, "collection" | "key">): boolean {
    const write = this.#writes.get(collection)?.get(key);
    return this.#dropped.has(collection) || (write !== undefined && write.sequence > this.#doubtfulUpTo);
  }

  /** @returns Timestamp of the newest commit. */
  #layTogether(head: Ts): Ts {
    let newest = head;
    for (const { sequence, record } of this.#log.records) {
      if (record.kind === "commit") newest = Math.max(newest, record.ts);
      this.#take(sequence, record);
    }
    return newest;
  }

  #take(sequence: number, record: StoredRecord): void {
    if (record.kind === "dropCollection") {
      this.#writes.delete(record.collection);
      this.#dropped.add(record.collection);
    }
    if (record.kind !== "commit") return;
    for (const { collection, key, bytes } of record.writes) {
      const writes = this.#writes.get(collection) ?? new Map<Key, LogWrite>();
      this.#writes.set(collection, writes);
      writes.set(key, { bytes, sequence });
    }
  }
}

/** A base that does not say how far it is may have everything. */
function appliedOf(state: BaseState | undefined, { records, losses }: LogSalvage): number {
  return state?.applied ?? Math.max(0, records.at(-1)?.sequence ?? 0, ...losses.map(({ last }) => last));
}

function noLog(place: string): LogSalvage {
  return { records: [], losses: [], problems: [{ place, message: "there is no log" }] };
}
