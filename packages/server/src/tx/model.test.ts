import * as fc from "fast-check";
import { valuesEqual } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import { expect, test } from "vitest";
import { checkDatabase } from "./check.ts";
import type { Database } from "./database.ts";
import { fields, filter, INDEXES, patch, planOf } from "./testing/arbitraries.ts";
import { collect, openTestDatabase, plan, read, schemaOf, write } from "./testing/database.ts";
import { ModelError, ModelTable, evaluate } from "./testing/model.ts";
import type { DatabaseTransaction } from "./transaction.ts";
import { compileFilter } from "./filter.ts";
import { UserError } from "./types.ts";
import type { QueryPlan } from "./query-plan.ts";

const RUNS = Number(process.env["SIMS"] ?? 150);

/** Shrinking these histories takes far longer than reading one: a failure ends the run and prints its seed. */
const options = (numRuns: number) => ({ numRuns, endOnFailure: true });

type Step =
  | { readonly kind: "insert" | "replace" | "patch"; readonly at: number; readonly value: Doc }
  | { readonly kind: "delete"; readonly at: number }
  | { readonly kind: "save" | "rollback" | "commit" | "abort" };

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("insert"), at: fc.constant(0), value: fields }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("replace"), at: fc.nat(), value: fields }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("patch"), at: fc.nat(), value: patch }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete"), at: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("save", "rollback", "commit", "abort") }) },
) as fc.Arbitrary<Step>;

/** A database and its model, driven together. */
class Pair {
  readonly database: Database;
  readonly model = new ModelTable();
  transaction: DatabaseTransaction;
  #committed: Doc[] = [];
  #saves: { readonly savepoint: number; readonly docs: Doc[] }[] = [];

  constructor() {
    this.database = openTestDatabase().database;
    this.database.setSchema(schemaOf({ t: { indexes: INDEXES } }));
    this.transaction = this.database.begin({ readOnly: false });
  }

  run(step: Step): void {
    switch (step.kind) {
      case "insert": {
        const id = this.transaction.insert("t", step.value);
        const creationTime = this.transaction.get(id)?._creationTime ?? 0;
        this.model.set(clean({ ...step.value, _id: id, _creationTime: creationTime }));
        return;
      }
      case "save":
        this.#saves.push({ savepoint: this.transaction.savepoint(), docs: this.model.docs });
        return;
      case "rollback": {
        const save = this.#saves.at(-1);
        if (save === undefined) return;
        this.transaction.rollbackTo(save.savepoint);
        this.model.docs = save.docs;
        return;
      }
      case "commit":
        this.transaction.commit("test:step");
        this.#committed = this.model.docs;
        this.#begin();
        return;
      case "abort":
        this.transaction.abort();
        this.model.docs = this.#committed;
        this.#begin();
        return;
      default:
        this.#change(step);
    }
  }

  #begin(): void {
    this.#saves = [];
    this.transaction = this.database.begin({ readOnly: false });
  }

  #change(step: Extract<Step, { readonly at: number }>): void {
    const doc = this.model.docs[step.at % Math.max(1, this.model.docs.length)];
    if (doc === undefined) return;
    const { _id, _creationTime } = doc;
    if (step.kind === "delete") {
      this.transaction.delete(_id);
      this.model.delete(_id);
    } else if (step.kind === "patch") {
      this.transaction.patch(_id, step.value);
      this.model.set(clean({ ...doc, ...step.value, _id, _creationTime }));
    } else {
      this.transaction.replace(_id, step.value);
      this.model.set(clean({ ...step.value, _id, _creationTime }));
    }
  }
}

function clean(doc: Doc): Doc {
  return Object.fromEntries(Object.entries(doc).filter(([, value]) => value !== undefined)) as Doc;
}

function outcome<T>(run: () => T): T | "failed" {
  try {
    return run();
  } catch (error) {
    if (error instanceof UserError || error instanceof ModelError) return "failed";
    throw error;
  }
}

function plansOf(pair: Pair): fc.Arbitrary<QueryPlan> {
  return planOf(
    pair.model.docs.map(({ _id }) => _id),
    pair.model.docs.map(({ _creationTime }) => _creationTime),
  );
}

test("queries, gets and counts agree with a naive model over random histories", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.gen(), (steps, gen) => {
      const pair = new Pair();
      for (const [at, one] of steps.entries()) {
        pair.run(one);
        if (at % 5 !== 4) continue;
        for (let queries = 0; queries < 4; queries += 1) {
          const wanted = gen(plansOf, pair);
          expect(collect(pair.transaction.query(wanted))).toEqual(pair.model.query(wanted, INDEXES));
        }
        expect(pair.transaction.count("t")).toBe(pair.model.docs.length);
        for (const doc of pair.model.docs) expect(pair.transaction.get(doc._id)).toEqual(doc);
      }
      pair.run({ kind: "commit" });
      pair.transaction.abort();
      expect(checkDatabase(pair.database)).toEqual([]);
    }),
    options(RUNS),
  );
});

test("pages put together are the query, in a quiet table and with writes of the same transaction", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 4 }), fc.gen(), (steps, numItems, gen) => {
      const pair = new Pair();
      for (const one of steps) pair.run(one);
      const wanted: QueryPlan = { ...gen(plansOf, pair), operators: [] };
      const rows: Doc[] = [];
      let cursor: string | null = null;
      for (let isDone = false; !isDone;) {
        const leave = pair.transaction.enterFunction();
        const page = pair.transaction.paginate(wanted, { numItems, cursor });
        leave();
        expect(page.page.length).toBeLessThanOrEqual(numItems);
        rows.push(...page.page);
        cursor = page.continueCursor;
        isDone = page.isDone;
      }
      expect(rows).toEqual(pair.model.query(wanted, INDEXES));
    }),
    options(RUNS),
  );
});

test("pages kept by their end cursors neither overlap nor leave a gap, whatever is written between", () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.array(step, { maxLength: 20 }),
      fc.integer({ min: 1, max: 4 }),
      fc.gen(),
      (before, after, numItems, gen) => {
        const pair = new Pair();
        for (const one of before) pair.run(one);
        const wanted: QueryPlan = { ...gen(plansOf, pair), operators: [] };
        const borders: (string | null)[] = [null];
        for (let isDone = false; !isDone;) {
          const leave = pair.transaction.enterFunction();
          const page = pair.transaction.paginate(wanted, { numItems, cursor: borders.at(-1) ?? null });
          leave();
          borders.push(page.continueCursor);
          isDone = page.isDone;
        }
        for (const one of after) pair.run(one);
        const rows = borders.slice(1).flatMap((endCursor, at) => {
          const leave = pair.transaction.enterFunction();
          const page = pair.transaction.paginate(wanted, { numItems, cursor: borders[at] ?? null, endCursor });
          leave();
          expect(page.continueCursor).toBe(endCursor);
          return page.page;
        });
        expect(rows).toEqual(pair.model.query(wanted, INDEXES));
      },
    ),
    options(RUNS),
  );
});

test("a read set is touched by every commit that changes what was read", () => {
  let changed = 0;
  let spared = 0;
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.array(step, { minLength: 1, maxLength: 3 }),
      fc.nat({ max: 3 }),
      fc.gen(),
      (before, after, consumed, gen) => {
        const pair = new Pair();
        for (const one of before) pair.run(one);
        pair.run({ kind: "commit" });
        pair.transaction.abort();
        const wanted = gen(plansOf, pair);
        const isPage = gen(fc.boolean);
        const numItems = consumed + 1;
        const id = pair.model.docs[0]?._id;
        let endCursor: string | undefined;
        const look = () => {
          const reader = pair.database.begin({ readOnly: true });
          const seen: unknown[] = [id === undefined ? null : reader.get(id)];
          if (isPage) {
            const page = reader.paginate(wanted, { numItems, cursor: null, endCursor });
            endCursor = page.continueCursor;
            seen.push(page.page);
          } else {
            const stream = reader.query(wanted);
            for (let taken = 0; taken < consumed; taken += 1) seen.push(stream.next());
          }
          return { seen, readSet: reader.readSet };
        };
        const first = look();
        pair.transaction = pair.database.begin({ readOnly: false });
        for (const one of after) if (one.kind !== "commit" && one.kind !== "abort") pair.run(one);
        const commit = pair.transaction.commit("test:after");
        const isTouched = commit !== undefined && first.readSet.touchedBy(commit);
        const isChanged = !same(look().seen, first.seen);
        if (isChanged) expect(isTouched).toBe(true);
        if (isChanged) changed += 1;
        if (commit !== undefined && !isTouched) spared += 1;
      },
    ),
    options(RUNS * 4),
  );
  // Both happen often, or the property above proves nothing.
  expect(changed).toBeGreaterThan(RUNS / 4);
  expect(spared).toBeGreaterThan(RUNS / 4);
});

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  const value = (seen: readonly unknown[]) => seen.map((one) => one ?? null) as Doc[];
  return valuesEqual(value(a), value(b));
}

test("filters agree with a naive evaluation, failures included", () => {
  fc.assert(
    fc.property(filter, fields, (expression, value) => {
      const doc = clean({ ...value, _id: "x", _creationTime: 1 });
      const expected = outcome(() => {
        const result = evaluate(expression, doc);
        if (typeof result === "boolean") return result;
        if (result === null || result === undefined) return false;
        throw new ModelError("not a boolean");
      });
      expect(outcome(() => compileFilter(expression)(doc))).toEqual(expected);
    }),
    options(RUNS * 10),
  );
});

test("creation times grow from insert to insert, also while the clock stands still", () => {
  const { database, clock } = openTestDatabase();
  const times: number[] = [];
  for (let round = 0; round < 50; round += 1) {
    if (round % 7 === 3) clock.now -= 5;
    const ids = write(database, (tx) => Array.from({ length: 20 }, (_, n) => tx.insert("t", { n })));
    read(database, (tx) => times.push(...ids.map((id) => tx.get(id)?._creationTime ?? 0)));
    expect(database.head).toBeGreaterThanOrEqual((times.at(-1) ?? 0) * 1000);
  }
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(new Set(times).size).toBe(times.length);
  expect(read(database, (tx) => collect(tx.query(plan("t")))).length).toBe(1000);
});
