/**
 * The database: an engine with tables, indexes and a schema, and transactions over it, one at a time.
 *
 *   Database.open ──begin()──▶ Transaction ──commit()──▶ Commit {ts, changes}      flush: the engine's
 *
 * Invariants:
 *   - Commit timestamps strictly increase, are not behind the clock, and are later than every `_creationTime` in the commit.
 *   - At most one writing transaction is open; no transaction begins beside it.
 *
 * Not here: when commits become durable (the caller flushes the engine), who observes them (`reactive/`).
 *
 * @module
 */
import type { Doc, Limits, SchemaJson, TableNames, Ts } from "@narrowcast/values";
import type { Engine } from "../engine/types.ts";
import type { Catalogue } from "./catalogue.ts";
import { commitOfRecord, noteText } from "./record-commit.ts";
import { CreationClock, nextNumber } from "./creation-clock.ts";
import { DocumentAccesses, TAKES_WHOLE } from "./document-access.ts";
import type { ReadHabits } from "./document-access.ts";
import { IndexFill } from "./index-fill.ts";
import { CURSOR_SECRET, DatabaseState, SCHEMA } from "./database-state.ts";
import { CURSOR_SECRET_BYTES } from "./page-cursor.ts";
import type { ReadNodes } from "./read-nodes.ts";
import { ReadSet } from "./read-set.ts";
import { SchemaChange } from "./schema-change.ts";
import type { ActiveSchema } from "./schema.ts";
import { DatabaseTransaction } from "./transaction.ts";
import type { TransactionEnd } from "./transaction.ts";
import type { Random } from "./transaction-context.ts";
import { CONVEX_RULES } from "./types.ts";
import type { Commit, DocumentChange, Mechanisms, SystemWriter } from "./types.ts";
import { UsageMeter } from "./usage.ts";
import { WriteLog } from "./write-log.ts";

export interface DatabaseOptions {
  readonly engine: Engine<Doc>;
  readonly clock: { nowMs(): number };
  readonly random: Random;
  readonly limits: Limits;
  /** Observes commits that the database makes by itself: catalogue rows written while it opens or changes its schema. */
  readonly onOwnCommit?: ((commit: Commit) => void) | undefined;
  /**
   * Adds writes to a commit right before it is sealed, for what is derived from documents. They are part of the commit and nobody's usage; what it throws
   * fails the commit. It is asked once a commit, about system tables, too; its own writes are not told to it.
   */
  readonly beforeSeal?: ((changes: readonly DocumentChange[], writer: SystemWriter) => void) | undefined;
}

/** How a transaction is begun. */
export interface BeginOptions {
  readonly readOnly: boolean;
  /** What the clock says to it; the database's clock by default. */
  readonly nowMs?: number | undefined;
  /** For read-only transactions; {@linkcode CONVEX_RULES} by default. */
  readonly mechanisms?: Mechanisms | undefined;
  /** Answers reads of a transaction whose mechanisms use it, and of a writing one where it wrote nothing. */
  readonly nodes?: ReadNodes | undefined;
  /** Whether a read that has no node yet makes one (it does by default). */
  readonly makesNodes?: boolean | undefined;
  /** What the function that runs in it did with its documents before. */
  readonly habits?: ReadHabits | undefined;
}

/** An index of a system table. */
export interface SystemIndex {
  readonly name: string;
  readonly fields: readonly string[];
}

export class Database {
  readonly #options: DatabaseOptions;
  readonly #state: DatabaseState;
  readonly #isFollower: boolean;
  #change: SchemaChange | undefined;
  #writer: DatabaseTransaction | undefined;
  /** Made once: transactions are too frequent to have closures of their own. */
  readonly #schemaNow = (): ActiveSchema | undefined => this.#state.schema;
  readonly #end: TransactionEnd;

  private constructor(options: DatabaseOptions, isFollower: boolean) {
    this.#options = options;
    this.#isFollower = isFollower;
    this.#state = DatabaseState.load(options.engine);
    this.#end = {
      beforeSeal: options.beforeSeal,
      seal: (changes, names, source, lastMs) => this.#seal(changes, names, source, lastMs),
      ended: (transaction) => {
        if (this.#writer === transaction) this.#writer = undefined;
      },
    };
  }

  /** Opens a store, new or not. Finishes what a crash left of removed indexes. */
  static open(options: DatabaseOptions): Database {
    const database = new Database(options, false);
    if (!database.#state.hasSecret) database.#makeSecret();
    database.dropRemovedIndexes();
    return database;
  }

  /** Opens a store whose commits are made elsewhere: nothing is written but what {@linkcode follow} is given. */
  static openFollower(options: Omit<DatabaseOptions, "onOwnCommit" | "beforeSeal">): Database {
    return new Database(options, true);
  }

  /**
   * Lays the next record of the writer's log over a follower.
   *
   * @returns The commit as its writer made it; `undefined` for a record that is none.
   */
  follow(payload: Uint8Array): Commit | undefined {
    if (!this.#isFollower) throw new Error("Cannot follow: the database writes by itself; open it as a follower");
    return commitOfRecord(payload, this.engine, this.#state);
  }

  /** Tables and indexes. */
  get catalogue(): Catalogue {
    return this.#state.catalogue;
  }

  /** Timestamp of the newest commit. */
  get head(): Ts {
    return this.engine.head;
  }

  get engine(): Engine<Doc> {
    return this.#options.engine;
  }

  get limits(): Limits {
    return this.#options.limits;
  }

  /** Names of tables, for validators of ids. */
  get tableNames(): TableNames {
    return this.catalogue;
  }

  /** The schema in force, `null` when there is none. */
  get schema(): SchemaJson | null {
    return this.#state.schema?.json ?? null;
  }

  /** Begins a transaction. */
  begin(options: BeginOptions): DatabaseTransaction {
    if (this.#writer !== undefined) throw new Error("Cannot begin transaction: a writing one is open");
    if (this.#isFollower && !options.readOnly) throw new Error("Cannot write: the database follows another one");
    const { engine, clock, random, limits } = this.#options;
    const nowMs = options.nowMs ?? clock.nowMs();
    const mechanisms = options.readOnly ? (options.mechanisms ?? CONVEX_RULES) : CONVEX_RULES;
    const reads = new ReadSet(mechanisms.fields || mechanisms.filters);
    const context = {
      engine,
      catalogue: this.catalogue,
      state: this.#state,
      limits,
      random,
      reads,
      mechanisms,
      documentAccesses: reads.isFine ? documentAccessesOf(reads, mechanisms, options.habits) : undefined,
      nodes: mechanisms.nodes || !options.readOnly ? options.nodes : undefined,
      makesNodes: options.makesNodes ?? true,
      meter: new UsageMeter(limits),
      log: new WriteLog(engine, this.catalogue),
      clock: new CreationClock(Math.max(nowMs, this.head === 0 ? 0 : nextNumber(this.head / 1000))),
      schema: this.#schemaNow,
    };
    const transaction = new DatabaseTransaction(context, options.readOnly, this.#end);
    if (!options.readOnly) this.#writer = transaction;
    return transaction;
  }

  /**
   * Creates a system table, or brings its indexes up to date. Fills new indexes at once, so call it while
   * opening, before there is traffic.
   */
  defineSystemTable(name: string, indexes: readonly SystemIndex[]): void {
    if (!name.startsWith("_")) throw new Error(`Cannot define system table "${name}": should begin with "_"`);
    const wanted = (index: { readonly name: string; readonly fields: readonly string[] }) =>
      indexes.some((other) => other.name === index.name && other.fields.join() === index.fields.slice(0, -1).join());
    this.#ownTransaction(`define ${name}`, ({ catalogue }) => {
      const table = this.catalogue.get(name) ?? catalogue.createTable(name, true);
      const defined = table.indexes.filter((index) => index.rowId !== undefined);
      for (const index of defined) if (!wanted(index)) catalogue.setIndexState(name, index, "dropping");
      for (const { name: indexName, fields } of indexes) {
        const isThere = defined.some((index) => index.name === indexName && wanted(index));
        if (!isThere) catalogue.addIndex(name, indexName, fields, "backfilling");
      }
    });
    this.#completeSystemIndexes(name);
    this.dropRemovedIndexes();
  }

  /**
   * Prepares a change of the schema (`null`: none). Step it until it is done, then apply it in a transaction.
   *
   * @throws {UserError} If the schema is not legal by itself.
   */
  planSchema(schema: SchemaJson | null): SchemaChange {
    this.#change?.cancel();
    const change = new SchemaChange({
      database: this,
      schema,
      ownTransaction: (source, write) => this.#ownTransaction(source, write),
      activate: (transaction) => this.#activate(transaction, schema),
      ended: () => {
        if (this.#change === change) this.#change = undefined;
      },
    });
    this.#change = change;
    return change;
  }

  /** Changes the schema in one go; for tests and tools without traffic. */
  setSchema(schema: SchemaJson | null): Commit | undefined {
    const change = this.planSchema(schema);
    while (change.step() === "more");
    const transaction = this.begin({ readOnly: false });
    change.apply(transaction);
    const commit = transaction.commit("schema");
    this.dropRemovedIndexes();
    return commit;
  }

  /** Removes the entries of indexes that are no longer defined. Call it after a schema change was committed. */
  dropRemovedIndexes(): void {
    for (const table of this.catalogue.tables()) {
      for (const index of table.dropping) {
        this.engine.dropIndex(table.number, index.number);
        this.#ownTransaction(`drop ${index.fullName}`, ({ catalogue }) => catalogue.forgetIndex(index));
      }
    }
  }

  #completeSystemIndexes(name: string): void {
    const table = this.catalogue.get(name);
    for (const index of table?.indexes ?? []) {
      if (table === undefined || index.state !== "backfilling") continue;
      const fill = new IndexFill(this.engine, table, index);
      while (fill.step(Infinity) === "more");
      this.#ownTransaction(`fill ${index.fullName}`, ({ catalogue }) => catalogue.setIndexState(name, index, "ready"));
    }
  }

  #seal(changes: readonly DocumentChange[], names: readonly string[], source: string, lastMs: number): Commit {
    this.#change?.verify(changes);
    const nowTs = Math.floor(this.#options.clock.nowMs() * 1000);
    const ts = Math.max(nowTs, this.head + 1, Math.ceil(lastMs * 1000));
    this.engine.commit(ts, noteText({ source, names }));
    const commit: Commit = { ts, changes, names, source };
    this.#change?.observe(commit);
    return commit;
  }

  #ownTransaction(source: string, write: (transaction: DatabaseTransaction) => void): void {
    const transaction = this.begin({ readOnly: false });
    let commit: Commit | undefined;
    try {
      write(transaction);
      commit = transaction.commit(source);
    } finally {
      transaction.abort();
    }
    if (commit !== undefined) this.#options.onOwnCommit?.(commit);
  }

  #makeSecret(): void {
    const secret = Uint8Array.from(this.#options.random.bytes(CURSOR_SECRET_BYTES)).buffer;
    this.#ownTransaction("open", ({ catalogue }) => {
      catalogue.setMeta(undefined, CURSOR_SECRET, secret);
    });
  }

  #activate(transaction: DatabaseTransaction, schema: SchemaJson | null): void {
    const text = schema === null ? null : JSON.stringify(schema);
    transaction.catalogue.setMeta(this.#state.metaRowOf(SCHEMA), SCHEMA, text);
    transaction.changeName("schema");
  }
}

function documentAccessesOf(
  reads: ReadSet,
  { fields, lazy }: Mechanisms,
  habits: ReadHabits | undefined,
): DocumentAccesses {
  return new DocumentAccesses(reads.observations, fields ? habits : TAKES_WHOLE, lazy);
}
