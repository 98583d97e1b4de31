/**
 * System queries about tables and their documents.
 *
 * @module
 */
import type { Value } from "@narrowcast/values";
import { UserError, type Page, type PageRequest, type Transaction } from "../../tx/types.ts";
import type { QueryPlan } from "../../tx/query-plan.ts";
import { readRows, textOf } from "../../functions/system-rows.ts";
import type { SystemArgs, SystemQuery } from "./system-types.ts";

/** First number of a user table. */
const USER_TABLES_FROM = 10_001;
/** Documents of `queryTable`, which is meant for small looks. */
const QUERY_TABLE_MAX = 1_000;
/** A page of `tableData` ends here, whatever was asked for: large documents must not fail the query. */
const PAGE_BYTES_MAX = 8 * 1024 * 1024;
const PAGE_ROWS_MAX = 4_096;

/** `{paginationOpts}` → one page with all names of user tables: `{page: [{name}], isDone, continueCursor}`. */
export const tables: SystemQuery = (tx) => {
  const names = userTables(tx).sort();
  return { page: names.map((name) => ({ name })), isDone: true, continueCursor: "" };
};

/** `{table, order, paginationOpts}` → a page of documents in creation order; it may be shorter than asked for and not the last. */
export const tableData: SystemQuery = (tx, args) => {
  const order = args["order"] === "desc" ? "desc" : "asc";
  return pageValue(pageOf(tx, tableArgument(args, "table"), order, pageRequest(args["paginationOpts"])));
};

/** `{tableName}` → number of documents. */
export const tableSize: SystemQuery = (tx, args) => {
  const table = tableArgument(args, "tableName");
  return isUserTable(tx, table) ? tx.count(table) : 0;
};

/** `{tableName | table}` → its first documents, newest first. */
export const queryTable: SystemQuery = (tx, args) => {
  const table = tableArgument(args, args["tableName"] === undefined ? "table" : "tableName");
  if (!isReadable(tx, table)) return [];
  const stream = tx.system.query(planOf(table, "desc"));
  const documents: Value[] = [];
  while (documents.length < QUERY_TABLE_MAX) {
    const document = stream.next();
    if (document === undefined) break;
    documents.push(document);
  }
  stream.close();
  return documents;
};

function userTables(tx: Transaction): string[] {
  return readRows(tx, "_tables", "by_creation_time", [], Infinity)
    .filter((row) => Number(row["number"]) >= USER_TABLES_FROM)
    .map((row) => textOf(row, "name"));
}

function isUserTable(tx: Transaction, table: string): boolean {
  return userTables(tx).includes(table);
}

/** User tables, and the system tables that apps may read. */
function isReadable(tx: Transaction, table: string): boolean {
  return table === "_scheduled_functions" || table === "_storage" || isUserTable(tx, table);
}

function tableArgument(args: SystemArgs, name: string): string {
  const table = args[name];
  if (typeof table === "string") return table;
  throw new UserError("InvalidArgument", `Cannot read table: argument "${name}" is missing; it should be a string`);
}

function planOf(table: string, order: "asc" | "desc"): QueryPlan {
  return { table, index: "by_creation_time", range: [], order, operators: [] };
}

function pageOf(tx: Transaction, table: string, order: "asc" | "desc", request: PageRequest): Page {
  if (!isReadable(tx, table)) {
    return { page: [], isDone: true, continueCursor: "", splitCursor: null, pageStatus: null };
  }
  return tx.paginate(planOf(table, order), request, table.startsWith("_"));
}

function pageRequest(value: Value | undefined): PageRequest {
  const options = (typeof value === "object" && value !== null ? value : {}) as SystemArgs;
  const { cursor, numItems } = options;
  return {
    cursor: typeof cursor === "string" ? cursor : null,
    numItems: Math.min(Number(numItems ?? 100), PAGE_ROWS_MAX),
    maximumBytesRead: PAGE_BYTES_MAX,
  };
}

function pageValue({ page, isDone, continueCursor }: Page): Value {
  return { page: [...page], isDone, continueCursor };
}
