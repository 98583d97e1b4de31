/**
 * The write side of a transaction: user documents with all checks, system rows without, and catalogue rows.
 *
 * @module
 */
import { encodeId, newInternalId, tableNumberOfId, valuesEqual } from "@narrowcast/values";
import type { Doc, Limits, Value } from "@narrowcast/values";
import { CatalogueChanges } from "./catalogue-changes.ts";
import type { RowWriter } from "./catalogue-changes.ts";
import type { Table } from "./catalogue.ts";
import { checkTableName, newDocument, patchedDocument, replacedDocument } from "./document.ts";
import type { Fields } from "./document.ts";
import type { Reader } from "./reader.ts";
import { reaches } from "./table-access.ts";
import type { Access } from "./table-access.ts";
import type { TransactionContext } from "./transaction-context.ts";
import { UserError } from "./types.ts";

type Change = "patch" | "replace" | "delete";

const MISSING: Record<Change, string> = {
  patch: "Update on nonexistent document ID",
  replace: "Replace on nonexistent document ID",
  delete: "Delete on nonexistent document ID",
};

export class Writer implements RowWriter {
  readonly catalogue: CatalogueChanges;
  readonly #context: TransactionContext;
  readonly #reader: Reader;

  constructor(context: TransactionContext, reader: Reader) {
    this.#context = context;
    this.#reader = reader;
    this.catalogue = new CatalogueChanges(context.state.catalogue, this);
  }

  insert(tableName: string, value: Fields, access: Access, internalId?: Uint8Array): string {
    const { clock } = this.#context;
    const table = this.#tableForInsert(tableName, access);
    const id = internalId === undefined ? this.#newId(table) : encodeId(table.number, internalId);
    const document = newDocument(id, clock.next(), value, this.#limits(access));
    this.#check(table, document, access);
    this.#write(table, undefined, document, access);
    return document._id;
  }

  patch(id: string, value: Fields, tableName: string | undefined, access: Access): void {
    const { table, before } = this.#existing(id, tableName, access, "patch");
    this.#update(table, before, patchedDocument(before, value, this.#limits(access)), access);
  }

  replace(id: string, value: Fields, tableName: string | undefined, access: Access): void {
    const { table, before } = this.#existing(id, tableName, access, "replace");
    this.#update(table, before, replacedDocument(before, value, this.#limits(access)), access);
  }

  delete(id: string, tableName: string | undefined, access: Access): void {
    const { table, before } = this.#existing(id, tableName, access, "delete");
    this.#write(table, before, undefined, access);
  }

  insertRow(table: Table, fields: { readonly [field: string]: Value }): void {
    const row: Doc = { _creationTime: this.#context.clock.startMs, _id: this.#newId(table), ...fields };
    this.#writeState(table, row._id, undefined, row);
  }

  replaceRow(table: Table, id: string, fields: { readonly [field: string]: Value }): void {
    const before = this.#row(table, id);
    const after: Doc = { _creationTime: before._creationTime, _id: before._id, ...fields };
    if (valuesEqual(before, after)) return;
    this.#writeState(table, id, before, after);
  }

  deleteRow(table: Table, id: string): void {
    this.#writeState(table, id, this.#row(table, id), undefined);
  }

  changeName(name: string): void {
    this.#context.log.addName(name);
  }

  /** Writes a row from which the database's state follows. */
  #writeState(table: Table, id: string, before: Doc | undefined, after: Doc | undefined): void {
    const { log, state } = this.#context;
    log.write(table, id, before, after);
    state.fold(table.number, before, after);
    log.undoable(() => state.fold(table.number, after, before));
  }

  #row(table: Table, id: string): Doc {
    const row = this.#context.engine.get(table.number, id);
    if (row === undefined) throw new Error(`Cannot change row "${id}" of "${table.name}": it does not exist`);
    return row;
  }

  #limits(access: Access): Limits | undefined {
    return access === "core" ? undefined : this.#context.limits;
  }

  #newId(table: Table): string {
    const { random, clock } = this.#context;
    return encodeId(table.number, newInternalId(random.bytes(14), clock.startMs));
  }

  #tableForInsert(name: string, access: Access): Table {
    const { catalogue, limits } = this.#context;
    if (access !== "core" && name.startsWith("_")) throw readOnlyTable();
    const table = catalogue.get(name);
    if (table !== undefined) return table;
    if (access === "core") throw new Error(`Cannot insert into "${name}": the table is not defined; define it first`);
    checkTableName(name, limits);
    if (catalogue.userTableCount >= limits.tablesMax) {
      throw new UserError("TooManyTables", `Too many tables, the maximum number is ${limits.tablesMax}`);
    }
    return this.catalogue.createTable(name, false);
  }

  #existing(
    id: string,
    tableName: string | undefined,
    access: Access,
    change: Change,
  ): { readonly table: Table; readonly before: Doc } {
    const before = this.#reader.find(id, tableName, access, change);
    const { catalogue } = this.#context;
    const number = tableNumberOfId(id) ?? 0;
    const table = catalogue.byNumber(number);
    if (before !== undefined && table !== undefined) return { table, before };
    if (!reaches(catalogue, number, access)) throw readOnlyTable();
    throw new UserError("NonexistentDocument", `${MISSING[change]} ${id}`);
  }

  #update(table: Table, before: Doc, after: Doc, access: Access): void {
    if (valuesEqual(before, after)) {
      if (access !== "core") this.#context.meter.usage.unchangedWrites += 1;
      return;
    }
    this.#check(table, after, access);
    this.#write(table, before, after, access);
  }

  #check(table: Table, document: Doc, access: Access): void {
    if (access === "user") this.#context.schema()?.enforce(table.name, document, this.#context.catalogue);
  }

  #write(table: Table, before: Doc | undefined, after: Doc | undefined, access: Access): void {
    if (access !== "core") this.#context.meter.countWrite(after, table.number);
    this.#context.log.write(table, (after ?? before)?._id ?? "", before, after);
  }
}

function readOnlyTable(): UserError {
  return new UserError("SystemTableError", "System tables (prefixed with `_`) are read-only.");
}
