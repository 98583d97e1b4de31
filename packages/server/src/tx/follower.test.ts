/**
 * Goal: a database that sees nothing but the records of another one's log has the same state and tells the same commits.
 *
 * Method: random histories of writes, rollbacks and schema changes; after each step the log is flushed, and the follower is compared with the writer. Then
 * each part of the fold is left out, and the comparison must notice.
 */
import { decodeDocument, encodeDocument, printTable, rootTable, type Doc, type SchemaJson } from "@narrowcast/values";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { followFrom } from "../engine/follow-log.ts";
import { MemoryEngine } from "../engine/memory-engine.ts";
import { MemoryLog } from "../engine/memory-log.ts";
import { changedFieldsOf } from "./change.ts";
import { checkDatabase } from "./check.ts";
import { Database } from "./database.ts";
import { DatabaseState } from "./database-state.ts";
import { collect, openTestDatabase, plan, read, schemaOf, START_MS, type TestDatabase } from "./testing/database.ts";
import type { Commit } from "./types.ts";

const codec = { encode: encodeDocument, decode: decodeDocument };
const TABLES = ["a", "b", "c"];
const INDEXES = [["x"], ["y", "x"], ["n.z"]];

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      writes: fc.array(
        fc.record({
          table: fc.constantFrom(...TABLES),
          verb: fc.constantFrom("insert", "insert", "patch", "replace", "delete", "rollback"),
          at: fc.nat(20),
          x: fc.integer({ min: 0, max: 3 }),
        }),
        { maxLength: 6 },
      ),
      ends: fc.constantFrom("commit", "commit", "commit", "abort"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("schema" as const),
      indexes: fc.array(fc.record({ table: fc.constantFrom(...TABLES), at: fc.nat(INDEXES.length - 1) }), {
        maxLength: 4,
      }),
      isApplied: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A writer, its log, and a database that follows it. */
class Pair {
  readonly log = new MemoryLog();
  readonly #engine = new MemoryEngine<Doc>({ codec, log: this.log });
  #writer: TestDatabase = openTestDatabase({ engine: this.#engine });
  readonly follower = Database.openFollower({
    engine: new MemoryEngine<Doc>({ codec }),
    clock: { nowMs: () => START_MS },
    random: { bytes: (count) => new Uint8Array(count) },
    limits: this.#writer.database.limits,
  });
  readonly #told: Commit[] = [];
  readonly #followed: Commit[] = [];

  constructor() {
    followFrom(this.log, 0, {
      records: (records) => {
        for (const { payload } of records) {
          const commit = this.follower.follow(payload);
          if (commit !== undefined) this.#followed.push(commit);
        }
      },
      failed: (error) => {
        throw error;
      },
    });
  }

  get writer(): Database {
    return this.#writer.database;
  }

  async run(step: Step): Promise<void> {
    this.#writer.clock.now += 1;
    if (step.kind === "reopen") this.#writer = this.#writer.reopen();
    else if (step.kind === "schema") this.#changeSchema(step);
    else this.#write(step);
    await this.#engine.flush();
    this.compare();
  }

  #write({ writes, ends }: Extract<Step, { kind: "write" }>): void {
    const transaction = this.writer.begin({ readOnly: false });
    const mark = transaction.savepoint();
    for (const { table, verb, at, x } of writes) {
      const rows =
        this.writer.catalogue.get(rootTable(table)) === undefined ? [] : collect(transaction.query(plan(table)));
      const id = rows[at % Math.max(1, rows.length)]?._id;
      if (verb === "rollback") transaction.rollbackTo(mark);
      else if (verb === "insert") transaction.insert(table, { x, y: at, n: { z: x } });
      else if (id === undefined) continue;
      else if (verb === "patch") transaction.patch(id, { x });
      else if (verb === "replace") transaction.replace(id, { y: x });
      else transaction.delete(id);
    }
    if (ends === "abort") return transaction.abort();
    this.#note(transaction.commit("test:step"));
  }

  #changeSchema({ indexes, isApplied }: Extract<Step, { kind: "schema" }>): void {
    const own = this.#writer.ownCommits.length;
    const change = this.writer.planSchema(schemaWith(indexes));
    while (change.step() === "more");
    const transaction = this.writer.begin({ readOnly: false });
    change.apply(transaction);
    let commit: Commit | undefined;
    if (isApplied) commit = transaction.commit("test:schema");
    else transaction.abort();
    if (!isApplied) change.cancel();
    for (const one of this.#writer.ownCommits.slice(own)) this.#note(one);
    this.#note(commit);
    this.writer.dropRemovedIndexes();
  }

  #note(commit: Commit | undefined): void {
    if (commit !== undefined) this.#told.push(commit);
  }

  compare(): void {
    const { writer, follower } = this;
    expect(follower.head).toBe(writer.head);
    const tables = (database: Database): unknown =>
      [...database.catalogue.tables()].toSorted((one, other) => one.number - other.number);
    expect(tables(follower)).toEqual(tables(writer));
    expect(follower.schema).toEqual(writer.schema);
    expect(checkDatabase(follower)).toEqual([]);
    for (const { name, indexes, isSystem } of writer.catalogue.tables()) {
      if (isSystem) continue;
      for (const index of indexes.filter(({ state }) => state === "ready")) {
        const rows = (database: Database): unknown =>
          read(database, (transaction) => collect(transaction.query(plan(name, { index: index.name }))));
        expect(rows(follower)).toEqual(rows(writer));
      }
    }
    const shown = new Map(this.#followed.map((commit) => [commit.ts, show(commit)]));
    for (const commit of this.#told) expect(shown.get(commit.ts)).toEqual(show(commit));
  }
}

function show({ ts, changes, names, source }: Commit): unknown {
  const rows = changes.map((change) => ({
    table: change.table,
    collection: change.collection,
    id: change.id,
    before: change.before,
    after: change.after,
    moves: change.moves,
    changedFields: changedFieldsOf(change).toSorted(),
  }));
  return { ts, names, source, rows };
}

function schemaWith(indexes: readonly { readonly table: string; readonly at: number }[]): SchemaJson {
  const indexesOf = (name: string) =>
    Object.fromEntries(indexes.filter(({ table }) => table === name).map(({ at }) => [`by_${at}`, INDEXES[at] ?? []]));
  return schemaOf(Object.fromEntries(TABLES.map((name) => [name, { indexes: indexesOf(name) }])));
}

async function histories(runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const pair = new Pair();
      for (const one of steps) await pair.run(one);
    }),
    { numRuns: runs },
  );
}

test("after every step of random histories a follower equals its writer, commits included", { timeout: 120_000 }, () =>
  histories(100),
);

type Fold = (this: DatabaseState, ...change: Parameters<DatabaseState["fold"]>) => void;

test("the comparison notices a fold that leaves a table out", { timeout: 120_000 }, async () => {
  for (const left of [513, 514, 515]) {
    const fold: Fold = Reflect.get(DatabaseState.prototype, "fold");
    const isFollower = new WeakSet<DatabaseState>();
    const load: typeof DatabaseState.load = Reflect.get(DatabaseState, "load");
    let opened = 0;
    DatabaseState.load = (engine) => {
      const state = load.call(DatabaseState, engine);
      opened += 1;
      // A pair opens its writer first.
      if (opened % 2 === 0) isFollower.add(state);
      return state;
    };
    DatabaseState.prototype.fold = function (collection, before, after) {
      if (!(isFollower.has(this) && collection === left)) fold.call(this, collection, before, after);
    };
    try {
      const pair = new Pair();
      const schema: Step = { kind: "schema", indexes: [{ table: "a", at: 0 }], isApplied: true };
      const insert = { table: "a", verb: "insert", at: 1, x: 2 } as const;
      await expect(
        (async () => {
          await pair.run({ kind: "write", writes: [insert], ends: "commit" });
          await pair.run(schema);
        })(),
        String(left),
      ).rejects.toThrow();
    } finally {
      DatabaseState.prototype.fold = fold;
      DatabaseState.load = load;
    }
  }
});

test("a follower reads pages by its writer's cursors, and writes nothing by itself", async () => {
  const pair = new Pair();
  const inserts = [1, 2, 3].map((x) => ({ table: "a", verb: "insert", at: x, x }) as const);
  await pair.run({ kind: "write", writes: inserts, ends: "commit" });
  const page = (database: Database, cursor: string | null) =>
    read(database, (transaction) => transaction.paginate(plan("a"), { numItems: 2, cursor }));
  const first = page(pair.writer, null);
  expect(page(pair.follower, first.continueCursor)).toEqual(page(pair.writer, first.continueCursor));
  expect(() => pair.follower.begin({ readOnly: false })).toThrow("Cannot write: the database follows another one");
  expect(() => pair.writer.follow(new Uint8Array(1))).toThrow("Cannot follow: the database writes by itself");
});

test("beforeSeal adds to the same commit, is nobody's usage, and can refuse", () => {
  const limits = openTestDatabase().database.limits;
  let refuses = false;
  const database = Database.open({
    engine: new MemoryEngine<Doc>(),
    clock: { nowMs: () => START_MS },
    random: { bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(Math.random() * 256)) },
    limits,
    beforeSeal: (changes, writer) => {
      const delta = changes
        .filter(({ table }) => table.table === "rows")
        .reduce((sum, { before, after }) => sum + Number(after !== undefined) - Number(before !== undefined), 0);
      if (delta === 0) return;
      if (refuses) throw new Error("not now");
      const [row] = collect(writer.query(plan("_counts")));
      if (row === undefined) writer.insert("_counts", { rows: delta });
      else writer.patch(row._id, { rows: Number(row["rows"]) + delta });
    },
  });
  database.defineSystemTable("_counts", []);
  const counted = (): unknown => read(database, (tx) => collect(tx.system.query(plan("_counts")))[0]?.["rows"] ?? 0);
  const there = (): number =>
    database.catalogue.get(rootTable("rows")) === undefined
      ? 0
      : read(database, (tx) => collect(tx.query(plan("rows"))).length);
  const action = fc.record({ inserts: fc.nat(4), deletes: fc.nat(2), rollback: fc.boolean(), abort: fc.boolean() });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 8 }), (actions) => {
      for (const { inserts, deletes, rollback, abort } of actions) {
        const tx = database.begin({ readOnly: false });
        for (let n = 0; n < inserts; n += 1) tx.insert("rows", { n });
        const mark = tx.savepoint();
        for (const row of collect(tx.query(plan("rows"))).slice(0, deletes)) tx.delete(row._id);
        if (rollback) tx.rollbackTo(mark);
        const { documentsWritten, documentsRead } = tx.usage;
        if (abort) tx.abort();
        else tx.commit("test:count");
        expect([tx.usage.documentsWritten, tx.usage.documentsRead]).toEqual([documentsWritten, documentsRead]);
        expect(counted()).toBe(there());
      }
    }),
    { numRuns: 60 },
  );
  const before = there();
  const tx = database.begin({ readOnly: false });
  tx.insert("rows", { n: 1 });
  const commitsBoth = tx.commit("test:count");
  expect(commitsBoth?.changes.map(({ table }) => printTable(table))).toEqual(["rows", "_counts"]);
  refuses = true;
  const refused = database.begin({ readOnly: false });
  refused.insert("rows", { n: 2 });
  expect(() => refused.commit("test:count")).toThrow("not now");
  refused.abort();
  expect([there(), counted()]).toEqual([before + 1, before + 1]);
});
