/**
 * Goal: a fine read set never calls a commit harmless that changes what the run gives, and calls those harmless that it should.
 *
 * Method: a table of reads and writes with the answer for each pair; then random functions over random tables, run before and after a
 * random commit: when the results differ, the commit must concern the read set, for every choice of mechanisms.
 */
import * as fc from "fast-check";
import { stringifyValue } from "@narrowcast/values";
import type { Doc, Value } from "@narrowcast/values";
import { expect, test } from "vitest";
import type { Database } from "./database.ts";
import { fields, INDEXES, patch, planOf } from "./testing/arbitraries.ts";
import { beginNarrow, collect, commitOf, openTestDatabase, plan, schemaOf, write } from "./testing/database.ts";
import { untracked } from "./tracked-document.ts";
import type { DatabaseTransaction } from "./transaction.ts";
import { UserError } from "./types.ts";
import type { Concern, Mechanisms } from "./types.ts";
import type { QueryPlan } from "./query-plan.ts";

const SIMS = Number(process.env["SIMS"] ?? 400);

/** Table `t`: rows n = 10, 20, 30, 40 of group "g", the second and fourth marked; one row of another group. */
function open(): { database: Database; ids: readonly string[] } {
  const { database } = openTestDatabase();
  database.setSchema(schemaOf({ t: { indexes: { by_gn: ["g", "n"] } } }));
  const ids = write(database, (tx) =>
    [10, 20, 30, 40].map((n) => tx.insert("t", { g: "g", n, mark: n % 20 === 0, x: 0, y: 0 })),
  );
  write(database, (tx) => tx.insert("t", { g: "other", n: 5, mark: true, x: 0, y: 0 }));
  return { database, ids };
}

const group = plan("t", { index: "by_gn", range: [{ type: "eq", fieldPath: "g", value: "g" }] });
const marked = { op: "eq", left: { op: "field", path: ["mark"] }, right: { op: "literal", value: true } } as const;
const filtered: QueryPlan = { ...group, operators: [{ filter: marked }] };

type Read = (tx: DatabaseTransaction, ids: readonly string[]) => unknown;
type Write = (tx: DatabaseTransaction, ids: readonly string[]) => void;

const READS: { readonly [name: string]: Read } = {
  "get(first), unused": (tx, ids) => tx.get(ids[0] ?? "") !== null,
  "get(first).x": (tx, ids) => tx.get(ids[0] ?? "")?.["x"],
  "get(first).nothing": (tx, ids) => tx.get(ids[0] ?? "")?.["nothing"],
  "{...get(first)}": (tx, ids) => ({ ...tx.get(ids[0] ?? "") }),
  "collect().length": (tx) => collect(tx.query(group)).length,
  "collect().x": (tx) => collect(tx.query(group)).map((doc) => doc["x"]),
  "collect()[0].x": (tx) => collect(tx.query(group))[0]?.["x"],
  "first().n": (tx) => collect(tx.query({ ...group, operators: [{ limit: 1 }] }))[0]?.["n"],
  "filter(mark).length": (tx) => collect(tx.query(filtered)).length,
  "filter(mark).x": (tx) => collect(tx.query(filtered)).map((doc) => doc["x"]),
  "take(3).filter(mark).x": (tx) =>
    collect(tx.query({ ...group, operators: [{ limit: 3 }, { filter: marked }] })).map((doc) => doc["x"]),
  "page(2).x": (tx) => tx.paginate(group, { numItems: 2, cursor: null }).page.map((doc) => doc["x"]),
  "page(filter(mark)).x": (tx) => tx.paginate(filtered, { numItems: 9, cursor: null }).page.map((doc) => doc["x"]),
  "count()": (tx) => tx.count("t"),
};

const WRITES: { readonly [name: string]: Write } = {
  "first.x": (tx, ids) => tx.patch(ids[0] ?? "", { x: 1 }),
  "first.y": (tx, ids) => tx.patch(ids[0] ?? "", { y: 1 }),
  "first.nothing": (tx, ids) => tx.patch(ids[0] ?? "", { nothing: 1 }),
  "first.n within its place": (tx, ids) => tx.patch(ids[0] ?? "", { n: 11 }),
  "first.mark": (tx, ids) => tx.patch(ids[0] ?? "", { mark: true }),
  "second.x": (tx, ids) => tx.patch(ids[1] ?? "", { x: 1 }),
  "second.y": (tx, ids) => tx.patch(ids[1] ?? "", { y: 1 }),
  "delete fourth": (tx, ids) => tx.delete(ids[3] ?? ""),
  "insert unmarked at 15": (tx) => void tx.insert("t", { g: "g", n: 15, mark: false, x: 0, y: 0 }),
  "insert marked at 15": (tx) => void tx.insert("t", { g: "g", n: 15, mark: true, x: 0, y: 0 }),
  "insert into the other group": (tx) => void tx.insert("t", { g: "other", n: 15, mark: true }),
  "first out of the group": (tx, ids) => tx.patch(ids[0] ?? "", { g: "other" }),
  "first and back": (tx, ids) => (tx.patch(ids[0] ?? "", { x: 9 }), tx.patch(ids[0] ?? "", { x: 0 })),
};

/** yes, node, field, or - for a commit that is none. In the order of READS. */
// oxfmt-ignore
const CONCERNS: { readonly [write: string]: string } = {
  //                              get  get.x get.nothing {...} length .x  [0].x first filter filter.x take.filter page  pagef count
  "first.x":                     "field yes  field       yes   field  yes yes   field node   node     yes         yes   node  field",
  "first.y":                     "field field field      yes   field  field field field node node     yes         field node  field",
  "first.nothing":               "field field yes        yes   field  field field field node node     yes         field node  field",
  "first.n within its place":    "field field field      yes   yes    yes yes   yes   node   node     yes         yes   yes   field",
  "first.mark":                  "field field field      yes   field  field field field yes  yes      yes         field yes   field",
  "second.x":                    "node  node  node       node  field  yes field node  field  yes      yes         yes   yes   field",
  "second.y":                    "node  node  node       node  field  field field node field field    yes         field field field",
  "delete fourth":               "node  node  node       node  yes    yes yes   node  yes    yes      node        node  yes   yes",
  "insert unmarked at 15":       "node  node  node       node  yes    yes yes   node  node   node     yes         yes   yes   yes",
  "insert marked at 15":         "node  node  node       node  yes    yes yes   node  yes    yes      yes         yes   yes   yes",
  "insert into the other group": "node  node  node       node  node   node node node  node   node     node        node  node  yes",
  "first out of the group":      "field field field      yes   yes    yes yes   yes   node   node     yes         yes   yes   field",
  "first and back":              "-     -     -          -     -      -   -     -     -      -        -           -     -     -",
};

test.each(Object.entries(WRITES))("whom it concerns: %s", (name, change) => {
  const { database, ids } = open();
  const readers = Object.values(READS).map((look) => {
    const tx = beginNarrow(database);
    look(tx, ids);
    return tx;
  });
  const commit = commitOf(database, (tx) => change(tx, ids));
  const concerns = readers.map((tx): Concern | "-" => (commit === undefined ? "-" : tx.readSet.concernOf(commit)));
  const named = (list: readonly string[]) => Object.keys(READS).map((read, at) => `${read}: ${list[at]}`);
  expect(named(concerns)).toEqual(named((CONCERNS[name] ?? "").split(/\s+/)));
});

test("under Convex's rules a touch is a concern", () => {
  const { database, ids } = open();
  const tx = database.begin({ readOnly: true });
  tx.get(ids[0] ?? "");
  const commit = commitOf(database, (other) => other.patch(ids[0] ?? "", { y: 1 }));
  expect(commit && tx.readSet.concernOf(commit)).toBe("yes");
});

test("a run that looked at what it has used is concerned by every touch", () => {
  const { database, ids } = open();
  const tx = beginNarrow(database);
  tx.get(ids[0] ?? "");
  tx.noteUsageSeen();
  const commit = commitOf(database, (other) => other.patch(ids[0] ?? "", { y: 1 }));
  expect(commit && tx.readSet.concernOf(commit)).toBe("yes");
});

test("a filter that fails on a document in the stretch is a concern", () => {
  const { database, ids } = open();
  const tx = beginNarrow(database);
  collect(tx.query({ ...group, operators: [{ filter: { op: "field", path: ["mark"] } }] }));
  const commit = commitOf(database, (other) => other.patch(ids[0] ?? "", { mark: "no boolean" }));
  expect(commit && tx.readSet.concernOf(commit)).toBe("yes");
});

test("many stretches of one index are told apart", () => {
  const { database } = openTestDatabase();
  database.setSchema(schemaOf({ t: { indexes: { by_g: ["g"] } } }));
  const ids = write(database, (tx) => Array.from({ length: 40 }, (_, g) => tx.insert("t", { g, x: 0 })));
  const tx = beginNarrow(database);
  for (let g = 0; g < 40; g += 2) {
    const range = [{ type: "eq", fieldPath: "g", value: g } as const];
    for (const doc of collect(tx.query(plan("t", { index: "by_g", range })))) void doc["x"];
  }
  const concerns = ids.map((id) => {
    const commit = commitOf(database, (other) => other.patch(id, { x: 1 }));
    return commit && tx.readSet.concernOf(commit);
  });
  expect(concerns).toEqual(ids.map((_, g) => (g % 2 === 0 ? "yes" : "node")));
});

/** What a random function does with the documents it is given. */
const USES: { readonly [name: string]: (doc: Doc) => unknown } = {
  nothing: () => 1,
  a: (doc) => doc["a"],
  hasB: (doc) => "b" in doc,
  ownC: (doc) => Object.hasOwn(doc, "c"),
  nested: (doc) => (doc["o"] as { [field: string]: Value } | undefined)?.["x"],
  ifA: (doc) => (doc["a"] === 1 ? doc["c"] : 0),
  keys: (doc) => Object.keys(doc),
  whole: (doc) => doc,
  spread: (doc) => ({ ...doc }),
  rest: ({ a, ...others }) => [a === 1, others],
  written: (doc) => Object.assign(doc, { a: 1 })["b"],
  json: (doc) => doc["c"] !== undefined && doc._id,
};

interface Look {
  readonly plan: QueryPlan;
  readonly use: string;
  readonly how: "collect" | "first" | "count" | "page" | "some";
  readonly thenGet: boolean;
}

function look(
  tx: DatabaseTransaction,
  looks: readonly Look[],
  ids: readonly string[],
  ends: (string | undefined)[],
): string {
  const seen = looks.map((one, at) => {
    try {
      return lookOnce(tx, one, ids, ends, at);
    } catch (error) {
      if (error instanceof UserError) return `error ${error.message}`;
      throw error;
    }
  });
  return stringifyValue(untracked(plain(seen)) as Value);
}

/** Fields that are `undefined` become a text, so that they show. */
function plain(value: unknown): unknown {
  return value === undefined ? "undefined" : Array.isArray(value) ? value.map(plain) : value;
}

function lookOnce(
  tx: DatabaseTransaction,
  { plan: asked, use, how, thenGet }: Look,
  ids: readonly string[],
  ends: (string | undefined)[],
  at: number,
): unknown {
  const act = USES[use] ?? (() => 0);
  if (how === "count") return tx.count("t");
  if (how === "page") {
    const leave = tx.enterFunction();
    const { page, continueCursor, ...rest } = tx.paginate(asked, { numItems: 2, cursor: null, endCursor: ends[at] });
    leave();
    ends[at] ??= continueCursor;
    return [page.map(act), continueCursor, JSON.stringify(rest)];
  }
  const operators = how === "first" ? [...asked.operators, { limit: 1 }] : asked.operators;
  const rows = collect(tx.query({ ...asked, operators }));
  const used = how === "some" ? rows.slice(0, 1).map(act) : rows.map(act);
  const got = thenGet ? tx.get(ids[at % Math.max(1, ids.length)] ?? "") : null;
  return [rows.length, used, got === null ? null : act(got)];
}

const MIXES: readonly Mechanisms[] = [true, false].flatMap((fields) =>
  [true, false].flatMap((filters) => [true, false].map((lazy) => ({ fields, filters, nodes: false, lazy }))),
);

test("whenever a result changes, the commit concerns the read set, and what does not touch does not concern", () => {
  let [changed, spared] = [0, 0];
  fc.assert(
    fc.property(
      fc.array(fields, { minLength: 1, maxLength: 12 }),
      fc.array(fc.tuple(fc.constantFrom("patch", "replace", "delete", "insert"), fc.nat(), patch, fields), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.gen(),
      (rows, writes, gen) => {
        const { database } = openTestDatabase();
        database.setSchema(schemaOf({ t: { indexes: INDEXES } }));
        const ids = write(database, (tx) => rows.map((row) => tx.insert("t", row)));
        const plans = planOf(ids, []);
        const looks = gen(() =>
          fc.array(
            fc.record({
              plan: plans,
              use: fc.constantFrom(...Object.keys(USES)),
              how: fc.constantFrom("collect", "first", "count", "page", "some"),
              thenGet: fc.boolean(),
            }),
            { minLength: 1, maxLength: 3 },
          ),
        );
        const before = MIXES.map((mechanisms) => {
          const tx = beginNarrow(database, { mechanisms });
          const ends: (string | undefined)[] = [];
          return { tx, text: look(tx, looks, ids, ends), ends };
        });
        const commit = commitOf(database, (tx) => {
          const left = new Set(ids);
          for (const [kind, at, some, all] of writes) {
            const id = [...left][at % Math.max(1, left.size)] ?? "";
            if (kind === "insert" || id === "") tx.insert("t", all);
            else if (kind === "patch") tx.patch(id, some);
            else if (kind === "replace") tx.replace(id, all);
            else tx.delete(id);
            if (kind === "delete") left.delete(id);
          }
        });
        if (commit === undefined) return;
        for (const { tx, text, ends } of before) {
          expect(text).toBe(before[0]?.text);
          const after = look(database.begin({ readOnly: true }), looks, ids, [...ends]);
          const concern = tx.readSet.concernOf(commit);
          if (after !== text) expect(concern).toBe("yes");
          if (!tx.readSet.touchedBy(commit)) expect(concern).toBe("node");
          if (after !== text) changed += 1;
          else if (concern !== "yes" && tx.readSet.touchedBy(commit)) spared += 1;
        }
      },
    ),
    { numRuns: SIMS, endOnFailure: true },
  );
  // Both happen often, or the property above proves nothing.
  expect(changed).toBeGreaterThan(SIMS / 2);
  expect(spared).toBeGreaterThan(SIMS / 8);
});
