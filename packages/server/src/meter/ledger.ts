/**
 * The ledger: who read what, who woke whom, and what Convex's rules would have made of it.
 *
 *   records ──▶ totals
 *           ──▶ per function, per question (subscription), per writer → reader, per table
 *           ──▶ a ring of the last runs
 *
 * Invariants:
 *   - Constant memory: four tables with a fixed number of keys (`key-table.ts`), a ring of a fixed length, and per pair a fixed number of ways.
 *   - Functions and questions each add up to the totals, but for the bytes of commits, which have a function and no question.
 *   - Executions are charged in one go, before their place in the ring is needed again or somebody looks, which is cheaper than one by one between other work: ticks
 *     went from 0.937x to 0.952x or more of a core without a ledger (2026-11-28, `core/meter.bench.ts`). Whoever looks sees everything charged.
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
import type { CommitCause, CutOffRecord, Question, RunRecord, SentRecord } from "./record.ts";
import { RecentRuns, type RunSlot } from "./run-slot.ts";

/** Sizes of the ledger. */
export interface LedgerLimits {
  readonly functionsMax: number;
  readonly questionsMax: number;
  readonly pairsMax: number;
  readonly tablesMax: number;
  /** Runs in the ring. */
  readonly recentMax: number;
}

/** Enough for large apps; about 2 MB when full. */
export const LEDGER_LIMITS: LedgerLimits = {
  functionsMax: 1_000,
  questionsMax: 1_000,
  pairsMax: 1_000,
  tablesMax: 500,
  recentMax: 500,
};

/** Ways (table, index, fields) that are told apart for one pair; later ones are added up as the rest. */
const WAYS_MAX = 8;
const OTHER_WAYS = "…";

/** A writer and a reader that it woke. */
export interface PairInfo {
  readonly writer: string;
  readonly reader: string;
  /** Through what, and how often: `jobs.by_group [lastHeartbeat, progress]`. */
  readonly ways: Map<string, number>;
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

/** The lines of one question, and of its function woken by one writer; good as long as nothing was moved out. */
class Lines {
  readonly function: Account;
  readonly question: Account;
  readonly #tables: LineTables;
  readonly #functionsMoved: number;
  readonly #questionsMoved: number;
  pair: KeyRow<PairInfo> | undefined = undefined;
  pairsMoved = 0;

  constructor(tables: LineTables, question: Question) {
    const { functions, questions } = tables;
    this.#tables = tables;
    this.function = functionRow(functions, question).account;
    this.question = questions.row(question.key, question).account;
    this.#functionsMoved = functions.keysMoved;
    this.#questionsMoved = questions.keysMoved;
  }

  isOf(tables: LineTables): boolean {
    if (this.#tables !== tables) return false;
    const { functions, questions } = tables;
    return this.#functionsMoved === functions.keysMoved && this.#questionsMoved === questions.keysMoved;
  }
}

/** Where {@linkcode Lines} are lines. */
interface LineTables {
  readonly functions: KeyTable<FunctionInfo>;
  readonly questions: KeyTable<Question>;
}

/** See the module comment. */
export class Ledger {
  readonly files = newFileAccount();
  readonly sinceMs: number;
  readonly #functions: LineTables["functions"];
  readonly #questions: LineTables["questions"];
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
    this.#questions = new KeyTable(sizes.questionsMax);
    this.#lineTables = { functions: this.#functions, questions: this.#questions };
    this.#pairs = new KeyTable(sizes.pairsMax);
    this.#tables = new KeyTable(sizes.tablesMax);
    this.#recent = new RecentRuns(sizes.recentMax, (record) => this.#charge(record));
  }

  get functions(): KeyTable<FunctionInfo> {
    this.#settle();
    return this.#functions;
  }

  get questions(): KeyTable<Question> {
    this.#settle();
    return this.#questions;
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
    const { question, cause } = record;
    if (record.isSubscribed) {
      const lines = this.#lines(question);
      chargeRun(lines.function, record);
      chargeRun(lines.question, record);
      if (cause !== null) chargeRun(this.#pair(cause, question, lines), record);
    } else {
      chargeRun(this.#function(question), record);
      // What is asked once has other arguments each time; such lines would only push out the ones that last.
      chargeRun(this.#questions.others, record);
      if (cause !== null) chargeRun(this.#pair(cause, question, undefined), record);
    }
    for (const reads of record.usage.tables) chargeTable(this.#table(reads.table), reads);
    if (cause !== null && cause.table !== null) this.#table(cause.table).reruns += 1;
  }

  /** A question was answered without an execution. */
  answered(question: Question, isSubscribed: boolean): void {
    const lines = isSubscribed ? this.#lines(question) : undefined;
    chargeAnswer(lines?.function ?? this.#function(question));
    chargeAnswer(lines?.question ?? this.#questions.others);
  }

  /** A run was touched by a change and spared. */
  cutOff(record: CutOffRecord): void {
    const { question, cause, usage, by } = record;
    const lines = this.#lines(question);
    chargeCutOff(lines.function, record);
    chargeCutOff(lines.question, record);
    chargeCutOff(this.#pair(cause, question, lines), record);
    for (const reads of usage.tables) chargeSparedReads(this.#table(reads.table), reads);
    if (cause.table === null) return;
    const table = this.#table(cause.table);
    if (by === "node") table.nodeCutOffs += 1;
    else table.fieldCutOffs += 1;
  }

  /** Bytes left for clients. */
  sent(record: SentRecord): void {
    chargeSent(this.#function(record.question), record);
    chargeSent(this.#question(record.question), record);
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

  /** Charges what was put off. */
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

  /** Everything: each charge goes to one function, so the functions' lines and their others are the whole. */
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
    for (const table of [this.#functions, this.#questions, this.#pairs, this.#tables]) entries += table.size;
    for (const { info } of this.#pairs.rows()) entries += info.ways.size;
    return entries;
  }

  #function(address: FunctionAddress): Account {
    return functionRow(this.#functions, address).account;
  }

  #question(question: Question): Account {
    return this.#questions.row(question.key, question).account;
  }

  #table(table: TableAddress): Account {
    const key = printTable(table);
    return (this.#tables.find(key) ?? this.#tables.row(key, { table })).account;
  }

  #lines(question: Question): Lines {
    let { lines } = question;
    if (!(lines instanceof Lines) || !lines.isOf(this.#lineTables)) {
      question.lines = lines = new Lines(this.#lineTables, question);
    }
    return lines as Lines;
  }

  #pair(cause: CommitCause, question: Question, lines: Lines | undefined): Account {
    const { writer } = cause;
    const reader = printFunction(question);
    let row = lines?.pairsMoved === this.#pairs.keysMoved ? lines.pair : undefined;
    if (row?.info.writer !== writer) {
      const key = this.#pairKey(writer, reader);
      row = this.#pairs.find(key) ?? this.#pairs.row(key, { writer, reader, ways: new Map() });
      if (lines !== undefined) Object.assign(lines, { pair: row, pairsMoved: this.#pairs.keysMoved });
    }
    const { ways } = row.info;
    const times = ways.get(cause.way);
    if (times !== undefined) ways.set(cause.way, times + 1);
    else {
      const way = ways.size < WAYS_MAX - 1 ? cause.way : OTHER_WAYS;
      ways.set(way, (ways.get(way) ?? 0) + 1);
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
