/**
 * Changing the schema while the database works.
 *
 *   plan: tables and new indexes defined ──step()…──▶ indexes filled, documents checked ──apply(tx)──▶ in force
 *                              reads and writes go on under the old schema
 *
 * New indexes are maintained by writes from the plan on and become visible to queries when `apply`'s transaction commits;
 * removed ones disappear with it, and `Database.dropRemovedIndexes` removes their entries. Documents written while the
 * change is under way are checked when they are committed.
 *
 * Invariants:
 *   - `apply` is refused until every step is done and while any document is known not to fit.
 *   - A crash at any point leaves the old schema in force; the next plan takes up half-filled indexes from the start.
 *
 * @module
 */
import { checkSchema, printTable } from "@narrowcast/values";
import type { Doc, Limits, SchemaJson, TableAddress, TableSchemaJson } from "@narrowcast/values";
import { PRIMARY } from "../engine/types.ts";
import type { Engine, Key } from "../engine/types.ts";
import type { Catalogue, Index, IndexState, Table } from "./catalogue.ts";
import { IndexFill } from "./index-fill.ts";
import { keyAfter } from "./read-set.ts";
import { ActiveSchema } from "./schema.ts";
import type { DatabaseTransaction } from "./transaction.ts";
import { UserError } from "./types.ts";
import type { Commit, DocumentChange } from "./types.ts";

/** Rows that one step visits unless told otherwise. */
const ROWS_A_STEP = 256;

/** The database, as a change of its schema needs it. */
interface ChangedDatabase {
  readonly catalogue: Catalogue;
  readonly engine: Engine<Doc>;
  readonly limits: Limits;
  /** The schema of a component that is in force. */
  schemaOf(component: string): SchemaJson | null;
}

/** What a change needs of its database. */
export interface SchemaChangeOptions {
  readonly database: ChangedDatabase;
  /** Whose schema. */
  readonly component: string;
  readonly schema: SchemaJson | null;
  ownTransaction(source: string, write: (transaction: DatabaseTransaction) => void): void;
  /** Puts the schema in force within a transaction. */
  activate(transaction: DatabaseTransaction): void;
  ended(): void;
}

interface WantedIndex {
  readonly table: TableAddress;
  readonly name: string;
  readonly fields: readonly string[];
  readonly state: IndexState;
}

type Work = { step(rowsMax: number): "more" | "done" };

export class SchemaChange {
  /** Full names (`table.index`) of indexes that are new. */
  readonly indexesAdded: readonly string[];
  /** Full names of indexes that go. */
  readonly indexesRemoved: readonly string[];
  readonly #options: SchemaChangeOptions;
  readonly #next: ActiveSchema | undefined;
  readonly #wanted: readonly WantedIndex[];
  readonly #work: Work[] = [];
  #failure: UserError | undefined;
  #isOver = false;

  constructor(options: SchemaChangeOptions) {
    this.#options = options;
    const { schema, database } = options;
    const problem = schema === null ? undefined : checkSchema(schema, database.limits);
    if (problem !== undefined) throw new UserError("InvalidSchema", problem);
    this.#next = schema === null ? undefined : new ActiveSchema(schema);
    this.#wanted = (schema?.tables ?? []).flatMap((table) => wantedIndexes(this.#address(table.tableName), table));
    const removed = this.#removed();
    const before = new Set(this.#defined().map((index) => identity(index.table, index.name, plainFields(index))));
    this.indexesAdded = this.#wanted
      .filter(({ table, name, fields }) => !before.has(identity(table, name, fields)))
      .map(({ table, name }) => `${printTable(table)}.${name}`);
    this.indexesRemoved = removed.map(({ fullName }) => fullName);
    this.#define();
    this.#planWork();
  }

  /** Does a bounded piece of work. @throws {UserError} If a document does not fit the schema. */
  step(rowsMax: number = ROWS_A_STEP): "more" | "done" {
    if (this.#failure !== undefined) throw this.#failure;
    const [work] = this.#work;
    if (work !== undefined && work.step(rowsMax) === "done") this.#work.shift();
    return this.#work.length === 0 ? "done" : "more";
  }

  /** Puts the schema in force in `transaction`, with its commit. @throws {UserError} If a document does not fit. */
  apply(transaction: DatabaseTransaction): void {
    if (this.#isOver) throw new Error("Cannot apply schema change: it is over");
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#work.length > 0) throw new Error("Cannot apply schema change: steps are left; step until done");
    for (const index of this.#removed()) transaction.catalogue.setIndexState(index, "dropping");
    for (const wanted of this.#wanted) {
      const index = this.#find(wanted);
      if (index !== undefined && index.state !== wanted.state) {
        transaction.catalogue.setIndexState(index, wanted.state);
      }
    }
    this.#options.activate(transaction);
    this.#isOver = true;
    transaction.undoable(() => {
      this.#isOver = false;
    });
  }

  /** Gives up. Indexes that were begun are taken up or removed by the next change. */
  cancel(): void {
    this.#isOver = true;
    this.#options.ended();
  }

  /** Before a commit: refuses one that puts the schema in force together with a document that does not fit. */
  verify(changes: readonly DocumentChange[]): void {
    const failure = this.#isOver ? this.#firstFailure(changes) : undefined;
    if (failure !== undefined) throw failure;
  }

  /** After a commit: checks what was written while the change is under way. */
  observe(commit: Commit): void {
    if (this.#isOver) this.#options.ended();
    else this.#failure ??= this.#firstFailure(commit.changes);
  }

  #firstFailure(changes: readonly DocumentChange[]): UserError | undefined {
    for (const { table, after } of changes) {
      const failure = after === undefined ? undefined : this.#check(table, after);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  #define(): void {
    const { database, schema } = this.#options;
    this.#options.ownTransaction("plan schema", ({ catalogue }) => {
      for (const { tableName } of schema?.tables ?? []) {
        const address = this.#address(tableName);
        if (database.catalogue.get(address) === undefined) catalogue.createTable(address, false);
      }
      for (const wanted of this.#wanted) {
        if (this.#find(wanted) === undefined)
          catalogue.addIndex(wanted.table, wanted.name, wanted.fields, "backfilling");
      }
    });
  }

  #planWork(): void {
    const { database, component, schema } = this.#options;
    for (const wanted of this.#wanted) {
      const table = database.catalogue.get(wanted.table);
      const index = this.#find(wanted);
      if (table !== undefined && index?.state === "backfilling") {
        this.#work.push(new IndexFill(database.engine, table, index));
      }
    }
    for (const { tableName, documentType } of schema?.tables ?? []) {
      const table = database.catalogue.get(this.#address(tableName));
      if (table === undefined || this.#next?.checks(tableName) !== true) continue;
      if (!isChecked(database.schemaOf(component), tableName, documentType)) this.#work.push(this.#validation(table));
    }
  }

  /** Walks a table in primary key order and checks every document. */
  #validation(table: Table): Work {
    let from: Key = "";
    return {
      step: (rowsMax) => {
        const range = { start: from, end: undefined };
        const cursor = this.#options.database.engine.scan(table.number, PRIMARY, range, "asc");
        for (let rows = 0; rows < rowsMax; rows += 1) {
          if (!cursor.next()) return "done";
          this.#failure ??= this.#check(table.address, cursor.value());
          if (this.#failure !== undefined) throw this.#failure;
          from = keyAfter(cursor.key);
        }
        return "more";
      },
    };
  }

  #check({ component, table }: TableAddress, document: Doc): UserError | undefined {
    if (component !== this.#options.component) return undefined;
    const failure = this.#next?.failure(table, document, this.#options.database.catalogue.namespace(component));
    if (failure === undefined) return undefined;
    return new UserError(
      "SchemaValidationError",
      `Schema validation failed.\nDocument with ID "${document._id}" in table "${table}" does not match the schema: ${failure}`,
    );
  }

  #address(table: string): TableAddress {
    return { component: this.#options.component, table };
  }

  /** Indexes of the component's user tables that definitions made. */
  #defined(): readonly Index[] {
    const { database, component } = this.#options;
    return [...database.catalogue.namespace(component).tables()]
      .filter((table) => !table.isSystem)
      .flatMap((table) => table.indexes.filter(({ rowId }) => rowId !== undefined));
  }

  #removed(): readonly Index[] {
    const wanted = new Set(this.#wanted.map(({ table, name, fields }) => identity(table, name, fields)));
    return this.#defined().filter((index) => !wanted.has(identity(index.table, index.name, plainFields(index))));
  }

  #find({ table, name, fields }: WantedIndex): Index | undefined {
    const indexes = this.#options.database.catalogue.get(table)?.indexes ?? [];
    return indexes.find((index) => index.name === name && plainFields(index).join() === fields.join());
  }
}

function wantedIndexes(address: TableAddress, table: TableSchemaJson): readonly WantedIndex[] {
  const want =
    (state: IndexState) => (index: { readonly indexDescriptor: string; readonly fields: readonly string[] }) => ({
      table: address,
      name: index.indexDescriptor,
      fields: index.fields,
      state,
    });
  return [...table.indexes.map(want("ready")), ...table.stagedDbIndexes.map(want("staged"))];
}

/** Whether the active schema checks the table in the same way already. */
function isChecked(active: SchemaJson | null, table: string, documentType: TableSchemaJson["documentType"]): boolean {
  if (active?.schemaValidation !== true) return false;
  const before = active.tables.find(({ tableName }) => tableName === table);
  return before !== undefined && JSON.stringify(before.documentType) === JSON.stringify(documentType);
}

function plainFields(index: Index): readonly string[] {
  return index.fields.slice(0, -1);
}

function identity({ component, table }: TableAddress, name: string, fields: readonly string[]): string {
  return JSON.stringify([component, table, name, fields]);
}
