/**
 * Which tables a caller may see: user tables, the public system tables through `db.system`, or everything (the core).
 *
 * @module
 */
import type { Catalogue, Table } from "./catalogue.ts";
import { UserError } from "./types.ts";

/** `user`: `ctx.db`; `system`: `ctx.db.system`; `core`: no restriction. */
export type Access = "user" | "system" | "core";

/** What `ctx.db.system` may read. */
const PUBLIC_SYSTEM_TABLES: readonly string[] = ["_scheduled_functions", "_storage"];

export function accessOf(isSystem: boolean | undefined): Access {
  return isSystem === true ? "system" : "user";
}

/** The table called `name`, or `undefined` when there is none. @throws {UserError} If `access` does not reach it. */
export function findTable(catalogue: Catalogue, name: string, access: Access): Table | undefined {
  if (access === "user" && name.startsWith("_")) throw onlyWithSystem();
  if (access === "system" && !name.startsWith("_")) throw notWithSystem();
  if (access === "system" && !PUBLIC_SYSTEM_TABLES.includes(name)) {
    const tables = PUBLIC_SYSTEM_TABLES.map((table) => `"${table}"`).join(" or ");
    throw new UserError(
      "SystemTableError",
      `Cannot use table "${name}" with \`db.system\`: it is not a public system table; should be ${tables}`,
    );
  }
  return catalogue.get(name);
}

/** Whether a row of the table with this number may be looked up by id. Unknown tables may: nothing is found there. */
export function reaches(catalogue: Catalogue, tableNumber: number, access: Access): boolean {
  if (access === "core") return true;
  const table = catalogue.byNumber(tableNumber);
  if (table === undefined) return true;
  if (access === "user") return !table.isSystem;
  return PUBLIC_SYSTEM_TABLES.includes(table.name);
}

/** @throws {UserError} If the table with this number is of the other side: of the system for `db`, of the app for `db.system`. */
export function checkSide(catalogue: Catalogue, tableNumber: number, access: Access): void {
  const table = access === "core" ? undefined : catalogue.byNumber(tableNumber);
  if (table === undefined) return;
  if (access === "user" && table.isSystem) throw onlyWithSystem();
  if (access === "system" && !table.isSystem) throw notWithSystem();
}

function onlyWithSystem(): UserError {
  return new UserError("SystemTableError", "System tables can only be accessed with db.system.");
}

function notWithSystem(): UserError {
  return new UserError("SystemTableError", "User tables cannot be accessed with db.system.");
}
