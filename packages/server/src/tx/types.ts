/**
 * Shapes that the transaction layer shares with the rooms above: query plans, read sets, commits, limits.
 *
 * @module
 */
import type { Doc, Limits, TableAddress, Ts, Value } from "@narrowcast/values";
import type { IndexMove, Key } from "../engine/types.ts";
import type { QueryPlan } from "./query-plan.ts";
import type { ResultTexts } from "./result-texts.ts";

export { PRIMARY } from "../engine/types.ts";
export type { Cursor, Engine, IndexMove, Key, KeyRange } from "../engine/types.ts";

export interface PageRequest {
  readonly cursor: string | null;
  readonly endCursor?: string | null | undefined;
  readonly numItems: number;
  readonly maximumRowsRead?: number | undefined;
  readonly maximumBytesRead?: number | undefined;
}

export interface Page {
  readonly page: readonly Doc[];
  readonly isDone: boolean;
  readonly continueCursor: string;
  readonly splitCursor: string | null;
  readonly pageStatus: "SplitRecommended" | "SplitRequired" | null;
}

/** Pull-based rows of one plan. Each row given counts as consumed and widens the read set up to it. */
export interface QueryStream {
  /** The next document (a private copy, the caller may write to it), or `undefined` at the end. */
  next(): Doc | undefined;
  /** All further documents. */
  rest(): Doc[];
  close(): void;
}

/** A consumed stretch of one index's keys: `[start, end)`, `end: undefined` unbounded. */
export interface ReadInterval {
  readonly collection: number;
  readonly index: number;
  readonly start: Key;
  readonly end: Key | undefined;
}

/**
 * What a run looked at. Points are single rows by primary key (also rows that were absent); names are catalogue facts by
 * text (`table:messages`, see `tableFact`; `env:NAME`, `clock`) that changes of schema, environment or deployment invalidate.
 */
export interface ReadSetView {
  points(): Iterable<{ readonly collection: number; readonly key: Key }>;
  intervals(): Iterable<ReadInterval>;
  names(): Iterable<string>;
  /** Whether `commit` changed anything that was read. The oracle for the dependency index. */
  touchedBy(commit: Commit): boolean;
  /** Whether `concernOf` knows more than `touchedBy`. */
  readonly isFine?: boolean | undefined;
  /** Documents and names of fields that are remembered; what keeping a fine read set costs. */
  readonly observedCount?: number | undefined;
  /**
   * Whether `commit` can change what the run gave; false for a commit that does not touch it. May be true in vain, never false in vain.
   *
   * `node`: no row that the run saw came, went, moved or changed. `field`: some changed, but nothing of them that was looked at.
   */
  concernOf(commit: Commit): Concern;
}

export type Concern = "yes" | "node" | "field";

/** Which of the finer mechanisms a transaction uses; for tests and measurements each by itself. */
export interface Mechanisms {
  /** Documents note which fields are looked at. */
  readonly fields: boolean;
  /** Rows that a query's leading filters drop are not seen. */
  readonly filters: boolean;
  /** Reads answer from nodes, if there is a store of them. */
  readonly nodes: boolean;
  /** Private copies wait for the first need. */
  readonly lazy: boolean;
}

/** Dependencies are documents and consumed stretches, every read reads: as Convex counts and invalidates. */
export const CONVEX_RULES: Mechanisms = { fields: false, filters: false, nodes: false, lazy: false };
/** Everything that makes a run cost what changed. */
export const NARROW_RULES: Mechanisms = { fields: true, filters: true, nodes: true, lazy: true };

/**
 * One document's change in a commit. `collection` is the table number; `id` is the row's primary key too, so points and
 * intervals of the index `PRIMARY` are compared with `id`.
 */
export interface DocumentChange {
  readonly table: TableAddress;
  readonly collection: number;
  readonly id: string;
  readonly before: Doc | undefined;
  readonly after: Doc | undefined;
  /** Index entries that went or came; an entry whose key stays is listed too with `remove === add`, because its row changed. */
  readonly moves: readonly IndexMove[];
  /** Top-level fields whose values differ; worked out by whoever asks when it is left out. */
  readonly changedFields?: readonly string[] | undefined;
}

/** A sealed commit. */
export interface Commit {
  readonly ts: Ts;
  readonly changes: readonly DocumentChange[];
  /** Catalogue names that changed (`table:x`, `schema`, `env:NAME`, `deployment`). */
  readonly names: readonly string[];
  /** The function that wrote, for the ledger; for example `jobs:updateMetrics`. */
  readonly source: string;
}

/** What a transaction did with one table. */
export interface TableUsage {
  readonly collection: number;
  documentsRead: number;
  bytesRead: number;
  /** Of those, rows really visited in the engine. */
  storageDocuments: number;
  storageBytes: number;
  documentsWritten: number;
  bytesWritten: number;
}

/** Usage of one transaction so far; nested runs share their parent's. All in documents or bytes. */
export interface TransactionUsage {
  documentsRead: number;
  bytesRead: number;
  /** Index keys of the rows that scans went over: read from the database too, by Convex's account. */
  keyBytesRead: number;
  /** Rows really visited in the engine for this run; what was answered from memory does not count. */
  storageDocuments: number;
  storageBytes: number;
  /** Patches and replaces that changed nothing. */
  unchangedWrites: number;
  rangesRead: number;
  documentsWritten: number;
  bytesWritten: number;
  functionsScheduled: number;
  scheduledArgsBytes: number;
}

/** An error that Convex reports to the developer as an ordinary user-code error, with Convex's text. */
export class UserError extends Error {
  override readonly name: string = "UserError";
  /** Convex's short code where it has one, for example `InvalidCursor`. */
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The documents side of one run of a function. All methods are synchronous and throw `UserError`. */
export interface Transaction {
  readonly isReadOnly: boolean;
  /** Whose tables it reads and writes: names of tables mean this component's, and ids of other components' are not found. */
  readonly component: string;
  /** The same transaction for another component: what either reads, writes and uses counts for both, and they end together. */
  within(component: string): Transaction;
  /** When the transaction began, in milliseconds with fraction; the first `_creationTime`. */
  readonly startMs: number;
  /** The latest `_creationTime` given in it, also to rows that were rolled back; `startMs` when none was. Its commit's `ts` is not earlier. */
  readonly lastMs: number;
  readonly usage: TransactionUsage;
  /** Reads and writes of `usage`, table by table. */
  readonly tableUsage: readonly TableUsage[];
  readonly readSet: ReadSetView;
  /** Whether the function was given tracked documents: results must go through `untracked` before anything looks behind their traps. */
  readonly hasTracked: boolean;
  /** For a result of this transaction, if rows came mostly from nodes: then their texts may be kept too. */
  resultTexts(): ResultTexts | undefined;
  /** `table` given: the scoped form, which checks that the id belongs to the table. System tables only with `isSystem`. */
  get(id: string, table?: string, isSystem?: boolean): Doc | null;
  query(plan: QueryPlan, isSystem?: boolean): QueryStream;
  paginate(plan: QueryPlan, request: PageRequest, isSystem?: boolean): Page;
  /** Exact number of documents of a whole table; depends on the whole table, counts no documents read. */
  count(table: string): number;
  insert(table: string, value: { readonly [field: string]: Value | undefined }): string;
  patch(id: string, value: { readonly [field: string]: Value | undefined }, table?: string): void;
  replace(id: string, value: { readonly [field: string]: Value | undefined }, table?: string): void;
  delete(id: string, table?: string): void;
  normalizeId(table: string, id: string, isSystem?: boolean): string | null;
  /** Name of the table with this number, as the transaction sees it; so a transaction serves as `TableNames` for validators. */
  tableNameOf(tableNumber: number): string | undefined;
  /** Records that the run looked at what it has used so far, so that more than rows and fields counts for its result. */
  noteUsageSeen(): void;
  /** Records a dependency on a catalogue fact, for example `env:NAME` or `clock`. */
  readName(name: string): void;
  /** Names a catalogue fact that this transaction changes, for example `env:NAME`; it goes into the commit's `names`. */
  changeName(name: string): void;
  /** Counts one scheduled function against the limits. */
  countScheduled(argsBytes: number): void;
  /** Call at the start of a nested function, and the returned function at its end: each function may paginate once. */
  enterFunction(): () => void;
  /** The limits in force, as counts since the transaction began. */
  readonly limits: Limits;
  /** From now on only so much more may be used, and never more than before. @returns What takes the limits back. */
  limitTo(own: OwnLimits): () => void;
  /** Of what is counted late: the ranges read so far. @throws {UserError} Over the limits in force. */
  checkLimits(): void;
  /** System rows (scheduler, sessions, environment): same rows and indexes, no user limits, no user schema. */
  readonly system: SystemWriter;
  /** Marks a nested run; `rollbackTo` undoes its writes but keeps its reads. */
  savepoint(): number;
  rollbackTo(savepoint: number): void;
  /** Seals the writes and returns the commit, or `undefined` when nothing was written. Not yet durable. */
  commit(source: string): Commit | undefined;
  /** Undoes everything. */
  abort(): void;
}

/** How much more a part of a transaction may use. */
export type OwnLimits = {
  readonly [
    Name in
      | "documentsReadMax"
      | "bytesReadMax"
      | "rangesReadMax"
      | "documentsWrittenMax"
      | "bytesWrittenMax"
      | "functionsScheduledMax"
      | "scheduledArgsBytesMax"
  ]?: number | undefined;
};

/** Writes and reads of system tables inside a transaction; same semantics as documents, without user checks. */
export interface SystemWriter {
  get(id: string): Doc | null;
  /** The row that was inserted with this `internalId`. */
  getAt(table: string, internalId: Uint8Array): Doc | null;
  /** @param internalId 16 bytes, for rows that are found by what they are about; there must be no such row yet. Left out: random. */
  insert(table: string, value: { readonly [field: string]: Value | undefined }, internalId?: Uint8Array): string;
  patch(id: string, value: { readonly [field: string]: Value | undefined }): void;
  delete(id: string): void;
  query(plan: QueryPlan): QueryStream;
}
