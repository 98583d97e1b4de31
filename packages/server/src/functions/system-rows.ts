/**
 * System tables of the runtime: their indexes, and reading their rows.
 *
 * @module
 */
import { ROOT_COMPONENT } from "@narrowcast/values";
import type { Doc, FunctionAddress } from "@narrowcast/values";
import type { Transaction } from "../tx/types.ts";
import type { RangeBound } from "../tx/query-plan.ts";

/** Tables that the runtime keeps beside the app's, with their indexes. */
export const SYSTEM_TABLES: readonly {
  readonly name: string;
  readonly indexes: readonly { readonly name: string; readonly fields: readonly string[] }[];
}[] = [
  {
    name: "_scheduled_functions",
    indexes: [
      { name: "by_state", fields: ["state.kind", "scheduledTime"] },
      { name: "by_completed", fields: ["completedTime"] },
    ],
  },
  { name: "_sessions", indexes: [] },
  { name: "_slots", indexes: [] },
  { name: "_environment", indexes: [{ name: "by_name", fields: ["name"] }] },
  { name: "_modules", indexes: [{ name: "by_name", fields: ["name"] }] },
  { name: "_module_sources", indexes: [{ name: "by_hash", fields: ["hash"] }] },
  {
    name: "_cron_jobs",
    indexes: [
      { name: "by_name", fields: ["name"] },
      { name: "by_next", fields: ["nextRunMs"] },
    ],
  },
  { name: "_storage", indexes: [] },
  { name: "_secrets", indexes: [{ name: "by_name", fields: ["name"] }] },
];

/** Rows of an index range, ascending, at most `limit`. */
export function readRows(
  tx: Transaction,
  table: string,
  index: string,
  range: readonly RangeBound[],
  limit: number,
): readonly Doc[] {
  const stream = tx.system.query({ table, index, range, order: "asc", operators: [] });
  const rows: Doc[] = [];
  while (rows.length < limit) {
    const row = stream.next();
    if (row === undefined) break;
    rows.push(row);
  }
  stream.close();
  return rows;
}

/** A text field of a system row. */
export function textOf(row: Doc, field: string): string {
  const value = row[field];
  if (typeof value === "string") return value;
  throw new Error(`Cannot read system row "${row._id}": "${field}" is ${typeof value}; should be a string`);
}

/** The function that a system row is about: its path in `field`, its component in `component`, which the app's own have not. */
export function functionIn(row: Doc, field: string): FunctionAddress {
  const component = row["component"] === undefined ? ROOT_COMPONENT : textOf(row, "component");
  return { component, path: textOf(row, field) };
}
