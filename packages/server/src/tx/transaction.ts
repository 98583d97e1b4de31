/**
 * One transaction over the engine: reads and writes with Convex's rules, savepoints, commit.
 *
 * Writes are in the engine at once, so every later read sees them; `abort` and `rollbackTo` take them back. What was read
 * stays recorded in either case.
 *
 * Not here: the reads (`reader.ts`), the writes (`writer.ts`), timestamps (`database.ts`).
 *
 * @module
 */
import { encodeId } from "@narrowcast/values";
import type { Doc, Limits, Value } from "@narrowcast/values";
import type { CatalogueChanges } from "./catalogue-changes.ts";
import { ResultTexts } from "./result-texts.ts";
import { Reader } from "./reader.ts";
import { accessOf, findTable } from "./table-access.ts";
import type { TransactionContext } from "./transaction-context.ts";
import { UserError } from "./types.ts";
import type {
  Commit,
  DocumentChange,
  OwnLimits,
  Page,
  PageRequest,
  QueryStream,
  ReadSetView,
  SystemWriter,
  TableUsage,
  Transaction,
  TransactionUsage,
} from "./types.ts";
import type { QueryPlan } from "./query-plan.ts";
import type { WriteUsage } from "./usage.ts";
import type { LogMark } from "./write-log.ts";
import { Writer } from "./writer.ts";

type Fields = { readonly [field: string]: Value | undefined };

/** How a transaction ends; given by the database. */
export interface TransactionEnd {
  /** Adds writes to those of a transaction that is about to be sealed. */
  readonly beforeSeal: ((changes: readonly DocumentChange[], writer: SystemWriter) => void) | undefined;
  /** Seals what was written at a new timestamp. */
  seal(changes: readonly DocumentChange[], names: readonly string[], source: string, lastMs: number): Commit;
  /** Called once, whichever way it ended. */
  ended(transaction: DatabaseTransaction): void;
}

export class DatabaseTransaction implements Transaction {
  readonly isReadOnly: boolean;
  readonly component: string;
  readonly #context: TransactionContext;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #end: TransactionEnd;
  /** The one that was begun, if this is the same for another component. */
  readonly #whole: DatabaseTransaction;
  readonly #savepoints: { readonly mark: LogMark; readonly usage: WriteUsage }[];
  readonly #begin: LogMark;
  #system: SystemWriter | undefined;
  /** Of the whole. */
  #isOpen = true;
  #hasPaginated = false;

  constructor(context: TransactionContext, isReadOnly: boolean, end: TransactionEnd, whole?: DatabaseTransaction) {
    this.#whole = whole ?? this;
    this.#savepoints = whole === undefined ? [] : whole.#savepoints;
    this.#context = context;
    this.component = context.namespace.component;
    this.isReadOnly = isReadOnly;
    this.#end = end;
    this.#reader = new Reader(context);
    this.#writer = new Writer(context, this.#reader);
    this.#begin = whole === undefined ? context.log.mark() : whole.#begin;
  }

  within(component: string): DatabaseTransaction {
    if (component === this.component) return this;
    const context = { ...this.#context, namespace: this.#context.catalogue.namespace(component) };
    return new DatabaseTransaction(context, this.isReadOnly, this.#end, this.#whole);
  }

  get startMs(): number {
    return this.#context.clock.startMs;
  }

  get lastMs(): number {
    return this.#context.clock.lastMs;
  }

  get usage(): TransactionUsage {
    return this.#context.meter.usage;
  }

  get tableUsage(): readonly TableUsage[] {
    return this.#context.meter.tables;
  }

  get readSet(): ReadSetView {
    return this.#context.reads;
  }

  get system(): SystemWriter {
    return (this.#system ??= this.#systemWriter());
  }

  /** Changes of tables and indexes, for this room. */
  get catalogue(): CatalogueChanges {
    this.#checkWritable();
    return this.#writer.catalogue;
  }

  /** Registers how to undo something that lies in memory only, for this room. */
  undoable(undo: () => void): void {
    this.#context.log.undoable(undo);
  }

  get(id: string, table?: string, isSystem?: boolean): Doc | null {
    this.#checkOpen();
    return this.#reader.get(id, table, accessOf(isSystem));
  }

  query(plan: QueryPlan, isSystem?: boolean): QueryStream {
    this.#checkOpen();
    return this.#reader.query(plan, accessOf(isSystem));
  }

  paginate(plan: QueryPlan, request: PageRequest, isSystem?: boolean): Page {
    this.#checkOpen();
    return this.#reader.paginate(plan, request, accessOf(isSystem), this.#claimPage);
  }

  count(table: string): number {
    this.#checkOpen();
    return this.#reader.count(table, "user");
  }

  insert(table: string, value: Fields): string {
    this.#checkWritable();
    return this.#writer.insert(table, value, "user");
  }

  patch(id: string, value: Fields, table?: string): void {
    this.#checkWritable();
    this.#writer.patch(id, value, table, "user");
  }

  replace(id: string, value: Fields, table?: string): void {
    this.#checkWritable();
    this.#writer.replace(id, value, table, "user");
  }

  delete(id: string, table?: string): void {
    this.#checkWritable();
    this.#writer.delete(id, table, "user");
  }

  normalizeId(table: string, id: string, isSystem?: boolean): string | null {
    this.#checkOpen();
    return this.#reader.normalizeId(table, id, accessOf(isSystem));
  }

  tableNameOf(tableNumber: number): string | undefined {
    return this.#context.namespace.tableNameOf(tableNumber);
  }

  noteUsageSeen(): void {
    this.#context.reads.coarsen();
  }

  /** Whether user code was given documents that note what is looked at. */
  get hasTracked(): boolean {
    return this.#context.documentAccesses?.hasTracked ?? false;
  }

  resultTexts(): ResultTexts | undefined {
    const { nodes, meter } = this.#context;
    // The text of what is read for the first time would mostly be made for nothing.
    const { storageDocuments, documentsRead } = meter.usage;
    return nodes === undefined || storageDocuments * 2 > documentsRead ? undefined : new ResultTexts(nodes);
  }

  readName(name: string): void {
    this.#context.reads.addName(name);
  }

  changeName(name: string): void {
    this.#checkWritable();
    this.#context.log.addName(name);
  }

  countScheduled(argsBytes: number): void {
    this.#checkWritable();
    this.#context.meter.countScheduled(argsBytes);
  }

  enterFunction(): () => void {
    const before = this.#hasPaginated;
    this.#hasPaginated = false;
    return () => {
      this.#hasPaginated = before;
    };
  }

  get limits(): Limits {
    return this.#context.meter.limits;
  }

  limitTo(own: OwnLimits): () => void {
    return this.#context.meter.limitTo(own);
  }

  checkLimits(): void {
    this.#context.meter.checkRangesExactly(this.#context.reads);
  }

  savepoint(): number {
    this.#checkOpen();
    const { log, meter } = this.#context;
    return this.#savepoints.push({ mark: log.mark(), usage: meter.writes() }) - 1;
  }

  rollbackTo(savepoint: number): void {
    this.#checkOpen();
    const saved = this.#savepoints[savepoint];
    if (saved === undefined) throw new RangeError(`Cannot roll back: savepoint ${savepoint} is gone`);
    this.#savepoints.length = savepoint + 1;
    this.#context.log.rollback(saved.mark);
    this.#context.meter.restoreWrites(saved.usage);
  }

  commit(source: string): Commit | undefined {
    this.#checkOpen();
    const { log, clock } = this.#context;
    let changes = log.hasRows ? log.changes() : [];
    if (changes.length === 0) {
      this.abort();
      return undefined;
    }
    if (this.#end.beforeSeal !== undefined) {
      const { version } = log;
      this.#end.beforeSeal(changes, this.system);
      if (log.version !== version) changes = log.changes();
    }
    const commit = this.#end.seal(changes, log.names(), source, clock.lastMs);
    this.#whole.#isOpen = false;
    this.#end.ended(this.#whole);
    return commit;
  }

  abort(): void {
    if (!this.#whole.#isOpen) return;
    this.#context.log.rollback(this.#begin);
    this.#whole.#isOpen = false;
    this.#context.documentAccesses?.finish();
    this.#end.ended(this.#whole);
  }

  /** A function reads one page. One that was refused, for example for its cursor, is none: the function may ask for another. */
  readonly #claimPage = (): void => {
    if (this.#hasPaginated) {
      throw new UserError(
        "MultiplePaginatedDatabaseQueries",
        "This query or mutation function ran multiple paginated queries. Convex only supports a single paginated query in each function.",
      );
    }
    this.#hasPaginated = true;
  };

  #checkOpen(): void {
    if (!this.#whole.#isOpen) throw new Error("Cannot use transaction: it has ended");
  }

  #checkWritable(): void {
    this.#checkOpen();
    if (this.isReadOnly) throw new Error("Cannot write: the transaction is read-only");
  }

  #systemWriter(): SystemWriter {
    const get = (id: string): Doc | null => {
      this.#checkOpen();
      return this.#reader.get(id, undefined, "core");
    };
    return {
      get,
      getAt: (table, internalId) => {
        const { catalogue, namespace } = this.#context;
        const number = findTable(catalogue, namespace, table, "core")?.number;
        return number === undefined ? null : get(encodeId(number, internalId));
      },
      query: (plan) => {
        this.#checkOpen();
        return this.#reader.query(plan, "core");
      },
      insert: (table, value, internalId) => {
        this.#checkWritable();
        return this.#writer.insert(table, value, "core", internalId);
      },
      patch: (id, value) => {
        this.#checkWritable();
        this.#writer.patch(id, value, undefined, "core");
      },
      delete: (id) => {
        this.#checkWritable();
        this.#writer.delete(id, undefined, "core");
      },
    };
  }
}
