/**
 * The ledger: who read what, who woke whom, and what it would have cost by Convex's rules.
 *
 *   records ──▶ totals
 *           ──▶ per function, per request (subscription), per writer → reader, per table
 *           ──▶ a ring of the last runs
 *
 * Invariants:
 *   - Constant memory: four tables with a fixed number of keys (`key-table.ts`), a ring of a fixed length, and per pair a fixed number of cause paths.
 *   - Functions and requests each add up to the totals, but for the bytes of commits, which have a function and no request.
 *   - Executions are charged in one go, before their place in the ring is needed again or somebody looks, which is cheaper than one by one between
 *     other work: ticks went from 0.937x to 0.952x or more of a core without a ledger (2026-11-28, `core/meter.bench.ts`). Whoever looks sees
 *     everything charged.
 *
 * Not here: making records (`core/core-meter.ts`), showing them (`report.ts`, `prometheus.ts`).
 *
 * @module
 */
import {
  parseFunction,
  printFunction,
  printTable,
  rootTable,
  type FunctionAddress,
  type TableAddress,
} from "@narrowcast/values";
import {
  addAccount,
  chargeAnswer,
  chargeCutOff,
  chargeTable,
  chargeRun,
  chargeSent,
  chargeSparedReads,
  newAccount,
  type Account,
} from "./account.ts";
import { newFileAccount } from "./file-account.ts";
import { KeyTable, type KeyRow } from "./key-table.ts";
import type { CommitCause, CutOffRecord, MeterRequest, RunRecord, SentRecord } from "./record.ts";
import { RecentRuns, type RunSlot } from "./run-slot.ts";

/** Sizes of the ledger. */
export interface LedgerLimits {
  readonly functionsMax: number;
  readonly requestsMax: number;
  readonly pairsMax: number;
  readonly tablesMax: number;
  /** Runs in the ring. */
  readonly recentMax: number;
}

/** Enough for large apps; about 2 MB when full. */
export const LEDGER_LIMITS: LedgerLimits = {
  functionsMax: 1_000,
  requestsMax: 1_000,
  pairsMax: 1_000,
  tablesMax: 500,
  recentMax: 500,
};

/** Cause paths (table, index, fields) that are told apart for one pair; later ones are added up as the rest. */
const CAUSE_PATHS_MAX = 8;
const OTHER_CAUSE_PATHS = "…";

/** A writer and a reader that it woke. */
export interface PairInfo {
  readonly writer: string;
  readonly reader: string;
  /** Through what, and how often: `jobs.by_group [lastHeartbeat, progress]`. */
  readonly causePaths: Map<string, number>;
}

/** What a line of a function is about. */
export interface FunctionInfo {
  /** The text of its address. */
  readonly name: string;
}

function functionRow(functions: KeyTable<FunctionInfo>, address: FunctionAddress): KeyRow<FunctionInfo> {
  const name = printFunction(address);
  return functions.find(name) ?? functions.row(name, { name });
}

/** The lines of one request, and of its function woken by one writer; good as long as nothing was moved out. */
class Lines {
  readonly function: Account;
  readonly request: Account;
  readonly #tables: LineTables;
  readonly #functionsMoved: number;
  readonly #requestsMoved: number;
  pair: KeyRow<PairInfo> | undefined = undefined;
  pairsMoved = 0;

  constructor(tables: LineTables, request: MeterRequest) {
    const { functions, requests } = tables;
    this.#tables = tables;
    this.function = functionRow(functions, request).account;
    this.request = requests.row(request.key, request).account;
    this.#functionsMoved = functions.keysMoved;
    this.#requestsMoved = requests.keysMoved;
  }

  isOf(tables: LineTables): boolean {
    if (this.#tables !== tables) return false;
    const { functions, requests } = tables;
    return this.#functionsMoved === functions.keysMoved && this.#requestsMoved === requests.keysMoved;
  }
}

/** The tables that {@linkcode Lines} belong to. */
interface LineTables {
  readonly functions: KeyTable<FunctionInfo>;
  readonly requests: KeyTable<MeterRequest>;
}

/** See the module comment. */
export class Ledger {
  readonly files = newFileAccount();
  readonly sinceMs: number;
  readonly #functions: LineTables["functions"];
  readonly #requests: LineTables["requests"];
  readonly #lineTables: LineTables;
  readonly #pairs: KeyTable<PairInfo>;
  readonly #tables: KeyTable<{ readonly table: TableAddress }>;
  readonly #recent: RecentRuns;
  /** Index entries of commits that follow each other and have the same writer and table. */
  readonly #keys = { writer: "", table: rootTable(""), bytes: 0 };
  readonly #pairKeys = new Map<string, Map<string, string>>();
  #pairKeysHeld = 0;

  constructor(sinceMs: number, limits: Partial<LedgerLimits> = {}) {
    const sizes = { ...LEDGER_LIMITS, ...limits };
    this.sinceMs = sinceMs;
    this.#functions = new KeyTable(sizes.functionsMax);
    this.#requests = new KeyTable(sizes.requestsMax);
    this.#lineTables = { functions: this.#functions, requests: this.#requests };
    this.#pairs = new KeyTable(sizes.pairsMax);
    this.#tables = new KeyTable(sizes.tablesMax);
    this.#recent = new RecentRuns(sizes.recentMax, (record) => this.#charge(record));
  }

  get functions(): KeyTable<FunctionInfo> {
    this.#settle();
    return this.#functions;
  }

  get requests(): KeyTable<MeterRequest> {
    this.#settle();
    return this.#requests;
  }

  get pairs(): KeyTable<PairInfo> {
    this.#settle();
    return this.#pairs;
  }

  get tables(): KeyTable<{ readonly table: TableAddress }> {
    this.#settle();
    return this.#tables;
  }

  /** The slot for the next record: fill it and give it to `ran`; it is overwritten later. */
  get nextRun(): RunSlot {
    return this.#recent.next;
  }

  /** An execution ended. Records that are no slot are copied. */
  ran(record: RunRecord): void {
    this.#recent.keep(record);
  }

  #charge(record: RunRecord): void {
    const { request, cause } = record;
    if (record.isSubscribed) {
      const lines = this.#lines(request);
      chargeRun(lines.function, record);
      chargeRun(lines.request, record);
      if (cause !== null) chargeRun(this.#pair(cause, request, lines), record);
    } else {
      chargeRun(this.#function(request), record);
      // One-shot requests have other arguments each time; lines for them would push out those of subscriptions.
      chargeRun(this.#requests.others, record);
      if (cause !== null) chargeRun(this.#pair(cause, request, undefined), record);
    }
    for (const reads of record.usage.tables) chargeTable(this.#table(reads.table), reads);
    if (cause !== null && cause.table !== null) this.#table(cause.table).reruns += 1;
  }

  /** A request was answered without an execution. */
  answered(request: MeterRequest, isSubscribed: boolean): void {
    const lines = isSubscribed ? this.#lines(request) : undefined;
    chargeAnswer(lines?.function ?? this.#function(request));
    chargeAnswer(lines?.request ?? this.#requests.others);
  }

  /** A run was touched by a change and spared. */
  cutOff(record: CutOffRecord): void {
    const { request, cause, usage, by } = record;
    const lines = this.#lines(request);
    chargeCutOff(lines.function, record);
    chargeCutOff(lines.request, record);
    chargeCutOff(this.#pair(cause, request, lines), record);
    for (const reads of usage.tables) chargeSparedReads(this.#table(reads.table), reads);
    if (cause.table === null) return;
    const table = this.#table(cause.table);
    if (by === "node") table.nodeCutOffs += 1;
    else table.fieldCutOffs += 1;
  }

  /** Bytes were sent to clients. */
  sent(record: SentRecord): void {
    chargeSent(this.#function(record.request), record);
    chargeSent(this.#request(record.request), record);
  }

  /** A commit wrote index entries of this size for one table. Documents and their bytes are counted with the run. */
  committed(writer: string, table: TableAddress, keyBytes: number): void {
    const keys = this.#keys;
    if (keys.writer !== writer || keys.table !== table) {
      this.#chargeKeys();
      keys.writer = writer;
      keys.table = table;
    }
    keys.bytes += keyBytes;
  }

  /** Charges the records that are not charged yet. */
  #settle(): void {
    this.#recent.chargeAll();
    this.#chargeKeys();
  }

  #chargeKeys(): void {
    const { writer, table, bytes } = this.#keys;
    if (bytes === 0) return;
    this.#keys.bytes = 0;
    this.#function(parseFunction(writer)).keyBytesWritten += bytes;
    this.#table(table).keyBytesWritten += bytes;
  }

  /** The totals: each charge goes to one function, so the lines of functions and their `others` add up to everything. */
  get totals(): Account {
    this.#settle();
    const totals = newAccount();
    addAccount(totals, this.#functions.others);
    for (const { account } of this.#functions.rows()) addAccount(totals, account);
    return totals;
  }

  /** The last runs, oldest first. */
  recent(): readonly RunRecord[] {
    return this.#recent.all();
  }

  /** Everything that is held, in entries: what a test of constant memory counts. */
  get entries(): number {
    this.#settle();
    let entries = this.#recent.size + this.#pairKeysHeld;
    for (const table of [this.#functions, this.#requests, this.#pairs, this.#tables]) entries += table.size;
    for (const { info } of this.#pairs.rows()) entries += info.causePaths.size;
    return entries;
  }

  #function(address: FunctionAddress): Account {
    return functionRow(this.#functions, address).account;
  }

  #request(request: MeterRequest): Account {
    return this.#requests.row(request.key, request).account;
  }

  #table(table: TableAddress): Account {
    const key = printTable(table);
    return (this.#tables.find(key) ?? this.#tables.row(key, { table })).account;
  }

  #lines(request: MeterRequest): Lines {
    let { lines } = request;
    if (!(lines instanceof Lines) || !lines.isOf(this.#lineTables)) {
      request.lines = lines = new Lines(this.#lineTables, request);
    }
    return lines as Lines;
  }

  #pair(cause: CommitCause, request: MeterRequest, lines: Lines | undefined): Account {
    const { writer } = cause;
    const reader = printFunction(request);
    let row = lines?.pairsMoved === this.#pairs.keysMoved ? lines.pair : undefined;
    if (row?.info.writer !== writer) {
      const key = this.#pairKey(writer, reader);
      row = this.#pairs.find(key) ?? this.#pairs.row(key, { writer, reader, causePaths: new Map() });
      if (lines !== undefined) Object.assign(lines, { pair: row, pairsMoved: this.#pairs.keysMoved });
    }
    const { causePaths } = row.info;
    const times = causePaths.get(cause.causePath);
    if (times !== undefined) causePaths.set(cause.causePath, times + 1);
    else {
      const causePath = causePaths.size < CAUSE_PATHS_MAX - 1 ? cause.causePath : OTHER_CAUSE_PATHS;
      causePaths.set(causePath, (causePaths.get(causePath) ?? 0) + 1);
    }
    return row.account;
  }

  /** Joined once for each pair: a text that was just joined has to be hashed again with every look-up. */
  #pairKey(writer: string, reader: string): string {
    let readers = this.#pairKeys.get(writer);
    if (readers === undefined) this.#pairKeys.set(writer, (readers = new Map()));
    let key = readers.get(reader);
    if (key === undefined) {
      if (this.#pairKeysHeld >= this.#pairs.keysMax) {
        this.#pairKeys.clear();
        this.#pairKeysHeld = 0;
        this.#pairKeys.set(writer, (readers = new Map()));
      }
      key = `${writer} → ${reader}`;
      readers.set(reader, key);
      this.#pairKeysHeld += 1;
    }
    return key;
  }
}
