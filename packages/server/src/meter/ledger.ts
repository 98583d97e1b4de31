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
 *
 * Not here: making records (`runtime/core-meter.ts`), showing them (`report.ts`, `prometheus.ts`).
 *
 * @module
 */
import {
  chargeAnswer,
  chargeCutOff,
  chargeReads,
  chargeRun,
  chargeSent,
  chargeSparedReads,
  chargeWrites,
  newAccount,
  type Account,
} from "./account.ts";
import { KeyTable } from "./key-table.ts";
import type { CommitCause, CutOffRecord, Question, RunRecord, SentRecord, TableWrites } from "./record.ts";

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
/** Fields named in one way. */
const WAY_FIELDS_MAX = 6;

/** A writer and a reader that it woke. */
export interface PairInfo {
  readonly writer: string;
  readonly reader: string;
  /** Through what, and how often: `jobs.by_group [lastHeartbeat, progress]`. */
  readonly ways: Map<string, number>;
}

/** See the module comment. */
export class Ledger {
  readonly totals: Account = newAccount();
  readonly functions: KeyTable<{ readonly path: string }>;
  readonly questions: KeyTable<Question>;
  readonly pairs: KeyTable<PairInfo>;
  readonly tables: KeyTable<{ readonly table: string }>;
  readonly sinceMs: number;
  readonly #recentMax: number;
  readonly #recent: RunRecord[] = [];
  #recentAt = 0;
  readonly #wayTexts = new WeakMap<CommitCause, string>();

  constructor(sinceMs: number, limits: Partial<LedgerLimits> = {}) {
    const sizes = { ...LEDGER_LIMITS, ...limits };
    this.sinceMs = sinceMs;
    this.functions = new KeyTable(sizes.functionsMax);
    this.questions = new KeyTable(sizes.questionsMax);
    this.pairs = new KeyTable(sizes.pairsMax);
    this.tables = new KeyTable(sizes.tablesMax);
    this.#recentMax = sizes.recentMax;
  }

  /** An execution ended. */
  ran(record: RunRecord): void {
    const { question, cause } = record;
    chargeRun(this.totals, record);
    chargeRun(this.#function(question.path), record);
    // Mutations and actions have other arguments each time; their questions would only push out the ones that last.
    chargeRun(record.kind === "query" ? this.#question(question) : this.questions.others, record);
    for (const reads of record.usage.tables) chargeReads(this.#table(reads.table), reads);
    if (cause !== null) {
      chargeRun(this.#pair(cause, question.path), record);
      if (cause.table !== null) this.#table(cause.table).reruns += 1;
    }
    this.#remember(record);
  }

  /** A question was answered without an execution. */
  answered(question: Question): void {
    chargeAnswer(this.totals);
    chargeAnswer(this.#function(question.path));
    chargeAnswer(this.#question(question));
  }

  /** A run was touched by a change and spared. */
  cutOff(record: CutOffRecord): void {
    const { question, cause, usage, by } = record;
    chargeCutOff(this.totals, record);
    chargeCutOff(this.#function(question.path), record);
    chargeCutOff(this.#question(question), record);
    chargeCutOff(this.#pair(cause, question.path), record);
    for (const reads of usage.tables) chargeSparedReads(this.#table(reads.table), reads);
    if (cause.table === null) return;
    const table = this.#table(cause.table);
    if (by === "node") table.nodeCutOffs += 1;
    else table.fieldCutOffs += 1;
  }

  /** Bytes left for clients. */
  sent(record: SentRecord): void {
    chargeSent(this.totals, record);
    chargeSent(this.#function(record.question.path), record);
    chargeSent(this.#question(record.question), record);
  }

  /** A commit was sealed. Documents and bytes are counted with the run; here, tables and the index entries. */
  committed(writer: string, writes: readonly TableWrites[]): void {
    const account = this.#function(writer);
    for (const one of writes) {
      this.totals.keyBytesWritten += one.keyBytes;
      account.keyBytesWritten += one.keyBytes;
      chargeWrites(this.#table(one.table), one);
    }
  }

  /** The last runs, oldest first. */
  recent(): readonly RunRecord[] {
    return [...this.#recent.slice(this.#recentAt), ...this.#recent.slice(0, this.#recentAt)];
  }

  /** Everything that is held, in entries: what a test of constant memory counts. */
  get entries(): number {
    let entries = this.#recent.length;
    for (const table of [this.functions, this.questions, this.pairs, this.tables]) entries += table.size;
    for (const { info } of this.pairs.rows()) entries += info.ways.size;
    return entries;
  }

  #function(path: string): Account {
    return this.functions.row(path, { path }).account;
  }

  #question(question: Question): Account {
    return this.questions.row(question.key, question).account;
  }

  #table(table: string): Account {
    return this.tables.row(table, { table }).account;
  }

  #pair(cause: CommitCause, reader: string): Account {
    const { writer } = cause;
    const key = `${writer} → ${reader}`;
    const row = this.pairs.find(key) ?? this.pairs.row(key, { writer, reader, ways: new Map() });
    const { ways } = row.info;
    const text = this.#wayText(cause);
    const way = ways.has(text) || ways.size < WAYS_MAX - 1 ? text : OTHER_WAYS;
    ways.set(way, (ways.get(way) ?? 0) + 1);
    return row.account;
  }

  /** Causes are shared by all runs that one change touched. */
  #wayText(cause: CommitCause): string {
    let text = this.#wayTexts.get(cause);
    if (text === undefined) {
      text = wayText(cause);
      this.#wayTexts.set(cause, text);
    }
    return text;
  }

  #remember(record: RunRecord): void {
    if (this.#recentMax === 0) return;
    this.#recent[this.#recentAt] = record;
    this.#recentAt = (this.#recentAt + 1) % this.#recentMax;
  }
}

/** `jobs.by_group [progress, status]`, `jobs.by_id (insert)`. */
export function wayText({ table, index, change, fields }: CommitCause): string {
  const shown = fields.length > WAY_FIELDS_MAX ? [...fields.slice(0, WAY_FIELDS_MAX), "…"] : fields;
  if (table === null) return shown.length === 0 ? "code" : shown.join(", ");
  return change === "update" ? `${table}.${index} [${shown.join(", ")}]` : `${table}.${index} (${change})`;
}
