/**
 * Databases for tests: in memory, with a clock that stands still until it is moved and randomness from a seed.
 *
 * @module
 */
import { CONVEX_LIMITS, parseSchema } from "@narrowcast/values";
import type { Doc, Limits, SchemaJson, Value } from "@narrowcast/values";
import { MemoryEngine } from "../../engine/memory-engine.ts";
import type { Engine } from "../../engine/types.ts";
import { Database } from "../database.ts";
import type { BeginOptions } from "../database.ts";
import type { DatabaseTransaction } from "../transaction.ts";
import { NARROW_RULES } from "../types.ts";
import type { Commit, QueryStream } from "../types.ts";
import type { QueryPlan } from "../query-plan.ts";

/** 2026-01-01, in milliseconds. */
export const START_MS = 1_767_225_600_000;

export interface TestDatabase {
  readonly database: Database;
  readonly engine: Engine<Doc>;
  readonly clock: { now: number };
  /** Commits that the database made by itself. */
  readonly ownCommits: Commit[];
  /** Opens the same store again, as after a restart. */
  reopen(): TestDatabase;
}

export function openTestDatabase(
  options: { readonly limits?: Partial<Limits>; readonly engine?: Engine<Doc>; readonly seed?: number } = {},
): TestDatabase {
  const engine = options.engine ?? new MemoryEngine<Doc>();
  const clock = { now: START_MS };
  const ownCommits: Commit[] = [];
  let state = options.seed ?? 1;
  const database = Database.open({
    engine,
    clock: { nowMs: () => clock.now },
    random: {
      bytes: (count) =>
        Uint8Array.from({ length: count }, () => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
          return state >>> 24;
        }),
    },
    limits: { ...CONVEX_LIMITS, ...options.limits },
    onOwnCommit: (commit) => ownCommits.push(commit),
  });
  const reopen = () => openTestDatabase({ ...options, engine, seed: state + 1 });
  return { database, engine, clock, ownCommits, reopen };
}

/** Runs `write` in a transaction and commits it. */
export function write<T>(database: Database, write: (transaction: DatabaseTransaction) => T): T {
  const transaction = database.begin({ readOnly: false });
  const result = write(transaction);
  transaction.commit("test:write");
  return result;
}

/** Like {@linkcode write}, for the commit. */
export function commitOf(database: Database, write: (transaction: DatabaseTransaction) => void): Commit | undefined {
  const transaction = database.begin({ readOnly: false });
  write(transaction);
  return transaction.commit("test:write");
}

/** Runs `read` in a transaction that is thrown away. */
export function read<T>(database: Database, read: (transaction: DatabaseTransaction) => T): T {
  return read(database.begin({ readOnly: true }));
}

/** Begins a read-only transaction with all mechanisms, or those named. */
export function beginNarrow(
  database: Database,
  options: Omit<Partial<BeginOptions>, "readOnly"> = {},
): DatabaseTransaction {
  return database.begin({ mechanisms: NARROW_RULES, ...options, readOnly: true });
}

export function plan(table: string, rest: Partial<QueryPlan> = {}): QueryPlan {
  return { table, index: "by_creation_time", range: [], order: "asc", operators: [], ...rest };
}

export function collect(stream: QueryStream): Doc[] {
  const rows: Doc[] = [];
  for (let row = stream.next(); row !== undefined; row = stream.next()) rows.push(row);
  return rows;
}

/** One field of each row. */
export function pluck(rows: readonly Doc[], field: string): (Value | undefined)[] {
  return rows.map((row) => row[field]);
}

/** A schema from tables' indexes (staged ones begin with `staged:`) and document types. */
export function schemaOf(
  tables: {
    readonly [table: string]: {
      readonly indexes?: { readonly [name: string]: readonly string[] };
      readonly documentType?: unknown;
    };
  },
  schemaValidation = true,
): SchemaJson {
  const indexes = (definitions: { readonly [name: string]: readonly string[] } = {}, isStaged: boolean) =>
    Object.entries(definitions)
      .filter(([name]) => name.startsWith("staged:") === isStaged)
      .map(([name, fields]) => ({ indexDescriptor: name.replace("staged:", ""), fields }));
  return parseSchema({
    schemaValidation,
    tables: Object.entries(tables).map(([tableName, table]) => ({
      tableName,
      indexes: indexes(table.indexes, false),
      stagedDbIndexes: indexes(table.indexes, true),
      searchIndexes: [],
      vectorIndexes: [],
      documentType: table.documentType ?? { type: "any" },
    })),
  });
}
