/**
 * `ctx.db`: reading and writing documents, in both call forms (`get(id)` and `get("table", id)`).
 *
 * The objects are made of closures, because user code takes methods off them (`const { get } = ctx.db`).
 *
 * @module
 */
import type { Doc, Value } from "@narrowcast/values";
import { requireArgument } from "./ctx-arguments.ts";
import { QueryStart } from "./ctx-query.ts";
import { isSimpleObject } from "../isolate/function-reference.ts";
import type { Scope } from "./run.ts";

type Fields = { readonly [field: string]: Value | undefined };

/** Read access to tables. */
export interface DatabaseReader {
  readonly get: (tableOrId: unknown, id?: unknown) => Promise<Doc | null>;
  readonly query: (table: string) => QueryStart;
  readonly normalizeId: (table: string, id: string) => string | null;
  readonly table: (name: string) => TableReader;
}

/** Read access to one table. */
export interface TableReader {
  get(id: unknown): Promise<Doc | null>;
  query(): QueryStart;
}

/** Writes. Each method takes the table's name first, or not. */
export interface Writes {
  readonly insert: (table: string, value: unknown) => Promise<string>;
  readonly patch: (...args: readonly unknown[]) => Promise<void>;
  readonly replace: (...args: readonly unknown[]) => Promise<void>;
  readonly delete: (...args: readonly unknown[]) => Promise<void>;
}

/** `ctx.db` of queries. */
export function createReader(scope: Scope): DatabaseReader & { readonly system: DatabaseReader } {
  const { get, query, normalizeId, table } = readerOf(scope, false);
  return { get, query, normalizeId, table, system: readerOf(scope, true) };
}

/** `ctx.db` of mutations. */
export function createWriter(scope: Scope): object {
  const { get, query, normalizeId, table, system } = createReader(scope);
  const { insert, patch, replace, delete: remove } = writesOf(scope);
  return {
    get,
    query,
    normalizeId,
    system,
    insert,
    patch,
    replace,
    delete: remove,
    table: (name: string) => ({
      ...table(name),
      insert: (value: unknown) => insert(name, value),
      patch: (id: unknown, value: unknown) => patch(name, id, value ?? null),
      replace: (id: unknown, value: unknown) => replace(name, id, value ?? null),
      delete: (id: unknown) => remove(name, id ?? null),
    }),
  };
}

function readerOf(scope: Scope, isSystem: boolean): DatabaseReader {
  const get = async (table: string | undefined, id: unknown): Promise<Doc | null> => {
    requireArgument(id, 1, "get", "id");
    if (typeof id !== "string") {
      throw new Error(`Invalid argument \`id\` for \`db.get\`, expected string but got '${typeof id}': ${String(id)}`);
    }
    while (scope.busy !== undefined) await scope.busy;
    return scope.tx.get(id, table, isSystem);
  };
  const query = (table: string): QueryStart => {
    requireArgument(table, 1, "query", "tableName");
    assertTableKind(table, isSystem, "query");
    return new QueryStart(scope, table, isSystem);
  };
  return {
    get: (tableOrId, id) => (id === undefined ? get(undefined, tableOrId) : get(String(tableOrId), id)),
    query,
    normalizeId: (table, id) => {
      requireArgument(table, 1, "normalizeId", "tableName");
      requireArgument(id, 2, "normalizeId", "id");
      assertTableKind(table, isSystem, "normalizeId");
      return scope.tx.normalizeId(table, id, isSystem);
    },
    table: (name) => ({ get: (id) => get(name, id), query: () => query(name) }),
  };
}

function assertTableKind(table: string, isSystem: boolean, method: string): void {
  const wantsSystem = table.startsWith("_");
  if (wantsSystem === isSystem) return;
  throw new Error(
    `${wantsSystem ? "System" : "User"} tables can only be accessed from db.${isSystem ? "" : "system."}${method}().`,
  );
}

/** Each write happens before its method returns, unless a nested call is under way: also one that nobody awaits takes part. */
function writesOf(scope: Scope): Writes {
  return {
    insert: async (table, value) => {
      requireArgument(table, 1, "insert", "table");
      if (table.startsWith("_")) throw new Error("System tables (prefixed with `_`) are read-only.");
      requireArgument(value, 2, "insert", "value");
      const given = fields(value, "insert");
      while (scope.busy !== undefined) await scope.busy;
      return scope.tx.insert(table, given);
    },
    patch: async (...args) => {
      const [table, id, value] = args.length >= 3 && args[2] !== undefined ? args : [undefined, ...args];
      requireId(id, "patch");
      requireArgument(value, 2, "patch", "value");
      const given = fields(value, "patch");
      while (scope.busy !== undefined) await scope.busy;
      scope.tx.patch(id, given, table as string | undefined);
    },
    replace: async (...args) => {
      const [table, id, value] = args.length >= 3 && args[2] !== undefined ? args : [undefined, ...args];
      requireId(id, "replace");
      requireArgument(value, 2, "replace", "value");
      const given = fields(value, "replace");
      while (scope.busy !== undefined) await scope.busy;
      scope.tx.replace(id, given, table as string | undefined);
    },
    delete: async (...args) => {
      const [table, id] = args.length >= 2 && args[1] !== undefined ? args : [undefined, args[0]];
      requireId(id, "delete");
      while (scope.busy !== undefined) await scope.busy;
      scope.tx.delete(id, table as string | undefined);
    },
  };
}

function requireId(id: unknown, method: string): asserts id is string {
  requireArgument(id, 1, method, "id");
  if (typeof id !== "string") {
    throw new Error(
      `Invalid argument \`id\` for \`db.${method}\`, expected string but got '${typeof id}': ${String(id)}`,
    );
  }
}

function fields(value: unknown, method: string): Fields {
  if (!isSimpleObject(value)) {
    throw new Error(`Invalid argument \`value\` for \`db.${method}\`: it must be an object`);
  }
  return value as Fields;
}
