/**
 * Slots of the ring of recent runs: records that are filled in place, again and again.
 *
 * A record lives until the ring comes round. That is too long for the young generation of the collector, and too short to be worth an object of its own. So
 * whoever makes a record is given the slot that it will lie in. What a slot points to should live long anyway, for the same reason: requests belong
 * to their runs, or to the slot; causes are made once for each kind of commit.
 *
 * Hot: one is filled for every execution; guarded by `core/meter.bench.ts`.
 *
 * @module
 */
import { rootTable, type FunctionAddress } from "@narrowcast/values";
import { labelOf } from "./label.ts";
import type { CommitCause, MeterRequest, RunRecord, RunUsage, TableUse } from "./record.ts";

type Filled<T> = { -readonly [K in keyof T]: T[K] };

/** What was asked once, without a line of its own; its label is made only if somebody looks. */
class OwnRequest implements MeterRequest {
  component = "";
  path = "";
  args = "";
  readonly key = "";

  get label(): string {
    return labelOf(this, this.args, "");
  }
}

/** What one run did with one table, in a slot. */
export type TableSlot = Filled<TableUse>;

/** For a slot that is not filled yet. */
const NO_TABLE = rootTable("");
/** For an execution that read and wrote nothing. */
const NO_REQUEST: MeterRequest = { component: "", path: "", key: "", label: "" };

/** What a run read and wrote, in a slot. */
export class UsageSlot implements RunUsage {
  documents = 0;
  bytes = 0;
  convexDocuments = 0;
  convexBytes = 0;
  convexKeyBytes = 0;
  documentsWritten = 0;
  bytesWritten = 0;
  unchangedWrites = 0;
  readonly tables: TableSlot[] = [];
  readonly #spare: TableSlot[] = [];

  clear(): void {
    this.documents = 0;
    this.bytes = 0;
    this.convexDocuments = 0;
    this.convexBytes = 0;
    this.convexKeyBytes = 0;
    this.documentsWritten = 0;
    this.bytesWritten = 0;
    this.unchangedWrites = 0;
    this.resize(0);
  }

  /** Makes room for so many tables; what they hold is to be overwritten. */
  resize(count: number): void {
    while (this.tables.length > count) this.#spare.push(this.tables.pop() as TableSlot);
    while (this.tables.length < count) this.tables.push(this.#spare.pop() ?? newTableSlot());
  }

  set(usage: RunUsage): void {
    const { tables, ...sums } = usage;
    Object.assign(this, sums);
    this.resize(tables.length);
    for (const [at, table] of tables.entries()) Object.assign(this.tables[at] as TableSlot, table);
  }
}

/** One record; overwritten when the ring has come round. */
export class RunSlot implements RunRecord {
  atMs = 0;
  request: MeterRequest = NO_REQUEST;
  kind: RunRecord["kind"] = "query";
  caller = "";
  cause: CommitCause | null = null;
  causeTs = 0;
  isSubscribed = false;
  isFirst = false;
  isUnchanged = false;
  askers = 1;
  readonly usage = new UsageSlot();
  readonly #own = new OwnRequest();
  resultBytes = 0;
  userMs = 0;
  isError = false;

  /** Makes the request one that is asked once. @param args For people: not too long. */
  askOnce({ component, path }: FunctionAddress, args: string): void {
    this.#own.component = component;
    this.#own.path = path;
    this.#own.args = args;
    this.request = this.#own;
  }

  set(record: RunRecord): void {
    const { usage, ...rest } = record;
    Object.assign(this, rest);
    this.usage.set(usage);
  }

  /** A copy of the record as it is now. */
  copy(): RunRecord {
    const { tables, ...sums } = this.usage;
    const fields: RunRecord = Object.assign({}, this);
    const { component, path, key, label } = this.request;
    const request = this.request === this.#own ? { component, path, key, label } : this.request;
    return { ...fields, request, usage: { ...sums, tables: tables.map((table) => ({ ...table })) } };
  }
}

/** The last runs, and those of them that are not charged yet. */
export class RecentRuns {
  readonly #slots: RunSlot[] = [];
  readonly #max: number;
  readonly #charge: (record: RunRecord) => void;
  #at = 0;
  #next = new RunSlot();
  #uncharged = 0;

  /** @param charge Observes each record once, in order, before it is overwritten. */
  constructor(max: number, charge: (record: RunRecord) => void) {
    this.#max = max;
    this.#charge = charge;
  }

  get size(): number {
    return this.#slots.length;
  }

  /** The slot of the next record. Fill all of it. */
  get next(): RunSlot {
    return this.#next;
  }

  /** Keeps a record: the next slot, filled, or a copy. */
  keep(record: RunRecord): void {
    if (record !== this.#next) this.#next.set(record);
    if (this.#max === 0) {
      this.#charge(this.#next);
      return;
    }
    this.#slots[this.#at] = this.#next;
    this.#at = (this.#at + 1) % this.#max;
    this.#uncharged += 1;
    if (this.#uncharged === this.#max) this.chargeAll();
    this.#next = this.#slots[this.#at] ?? new RunSlot();
  }

  /** Charges what is not charged yet. */
  chargeAll(): void {
    while (this.#uncharged > 0) {
      const place = (this.#at - this.#uncharged + this.#max) % this.#max;
      this.#uncharged -= 1;
      this.#charge(this.#slots[place] as RunSlot);
    }
  }

  /** Oldest first. */
  all(): readonly RunRecord[] {
    return [...this.#slots.slice(this.#at), ...this.#slots.slice(0, this.#at)].map((slot) => slot.copy());
  }
}

function newTableSlot(): TableSlot {
  return {
    table: NO_TABLE,
    documents: 0,
    bytes: 0,
    convexDocuments: 0,
    convexBytes: 0,
    documentsWritten: 0,
    bytesWritten: 0,
  };
}
