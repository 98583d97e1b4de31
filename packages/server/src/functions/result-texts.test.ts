/**
 * Goal: a result that is put together from texts of rows in nodes is the one that plain copies give, byte for byte, whatever the handler does
 * with its documents; and only what changed is rendered again.
 *
 * Method: random documents, histories and handlers, each run by Convex's rules and by ours; then the work of single cases.
 */
import { CONVEX_LIMITS, type Value, type ValidatorJson } from "@narrowcast/values";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { NodeStore } from "../reactive/node-store.ts";
import { ReadHabits } from "../tx/document-access.ts";
import { fields, value } from "../tx/testing/arbitraries.ts";
import { commitOf, openTestDatabase, plan, write } from "../tx/testing/database.ts";
import { untracked } from "../tx/tracked-document.ts";
import type { DatabaseTransaction } from "../tx/transaction.ts";
import { NARROW_RULES } from "../tx/types.ts";
import type { FunctionInfo } from "../app/types.ts";
import { renderResult } from "./validate-call.ts";

const SIMS = Number(process.env["SIMS"] ?? 150);
const LONG = 'a "long" text\n'.repeat(100);

type Loose = { [field: string]: unknown };
type Handler = (docs: Loose[]) => unknown;

const OPTIONAL: ValidatorJson = { type: "any" };
const field = (fieldType: ValidatorJson) => ({ fieldType, optional: true });
const DOCUMENT: ValidatorJson = {
  type: "object",
  value: {
    _id: { fieldType: { type: "id", tableName: "t" }, optional: false },
    _creationTime: { fieldType: { type: "number" }, optional: false },
    a: field(OPTIONAL),
    b: field({ type: "union", value: [{ type: "number" }, { type: "string" }, { type: "null" }, { type: "any" }] }),
    c: field(OPTIONAL),
    o: field(OPTIONAL),
    text: field({ type: "string" }),
  },
};
/** What the function says that it returns; with a number in `a`, results mostly do not match. */
const RETURNS: readonly (ValidatorJson | null)[] = [
  null,
  { type: "array", value: { type: "union", value: [DOCUMENT, { type: "any" }] } },
  { type: "array", value: DOCUMENT },
  { type: "array", value: { ...DOCUMENT, value: { ...DOCUMENT.value, a: field({ type: "number" }) } } },
];

/** Ways to make one element of a result from a document. */
const USES: readonly ((doc: Loose, some: Value) => unknown)[] = [
  (doc) => doc,
  (doc) => doc,
  (doc) => (doc["a"] === 1 ? { hit: doc } : doc),
  (doc) => ({ ...doc, mine: [doc] }),
  (doc, some) => Object.assign(doc, { a: some }),
  (doc) => (delete doc["b"], doc),
  (doc) => [doc["o"], doc],
  (doc, some) => {
    const { o } = doc;
    if (typeof o === "object" && o !== null && !Array.isArray(o)) (o as Loose)["x"] = some;
    return doc;
  },
  (doc) => Object.freeze(doc),
  (doc) => Object.defineProperty(doc, "a", { value: 1, enumerable: false, configurable: true }),
  (doc) => (Object.keys(doc).length > 3 ? doc : null),
  (doc) => ({ text: doc["text"], "1": doc, "0": 1 }),
  (doc) => structuredClone(untracked(doc)),
  (doc) => ({ doc, when: undefined, none: () => undefined }),
];

const handler: fc.Arbitrary<Handler> = fc
  .record({
    uses: fc.array(fc.constantFrom(...USES), { minLength: 1, maxLength: 3 }),
    some: value,
    shape: fc.constantFrom("list", "list", "object", "twice", "first"),
  })
  .map(({ uses, some, shape }) => (docs) => {
    const items = docs.map((doc, at) => (uses[at % uses.length] ?? ((one: unknown) => one))(doc, some));
    if (shape === "object") return { total: items.length, groups: [{ items }, { items: items.slice(1) }] };
    if (shape === "twice") return [...items, ...items.toReversed()];
    return shape === "first" ? items[0] : items;
  });

/** What a call answers. */
function answer(tx: DatabaseTransaction, handle: Handler, returns: ValidatorJson | null): string {
  const info: FunctionInfo = {
    path: "t.js:f",
    kind: "query",
    visibility: "public",
    environment: "isolate",
    args: { type: "any" },
    returns,
  };
  try {
    const result = handle(tx.query(plan("t")).rest());
    const known = tx.resultTexts();
    return renderResult(tx.hasTracked ? untracked(result, known) : result, info, tx, CONVEX_LIMITS, known);
  } catch (error) {
    return `error ${(error as Error).message}`;
  } finally {
    tx.abort();
  }
}

test("random handlers: the same text or error as from plain copies, run after run", () => {
  let [made, errors] = [0, 0];
  const change = fc.record({ at: fc.nat(), to: fields });
  fc.assert(
    fc.property(
      fc.array(fields, { minLength: 1, maxLength: 6 }),
      fc.array(fc.tuple(handler, fc.constantFrom(...RETURNS)), { minLength: 1, maxLength: 3 }),
      fc.array(change, { minLength: 3, maxLength: 8 }),
      fc.constantFrom(1e9, 1e9, 6_000),
      (rows, handlers, changes, bytesMax) => {
        const { database, engine } = openTestDatabase();
        const ids = write(database, (tx) =>
          rows.map((row, at) => tx.insert("t", { ...row, text: LONG.repeat(at % 2) })),
        );
        const nodes = new NodeStore(engine, bytesMax);
        const habits = handlers.map(() => new ReadHabits());
        for (const { at, to } of changes) {
          for (const [which, [handle, returns]] of handlers.entries()) {
            const options = { mechanisms: NARROW_RULES, nodes, habits: habits[which] };
            const expected = answer(database.begin({ readOnly: true }), handle, returns);
            expect(answer(database.begin({ readOnly: true, ...options }), handle, returns)).toBe(expected);
            errors += expected.startsWith("error") ? 1 : 0;
          }
          const commit = commitOf(database, (tx) => tx.patch(ids[at % ids.length] ?? "", to));
          if (commit !== undefined) nodes.apply(commit);
        }
        made += nodes.counters.textsMade;
        nodes.clear();
        expect(nodes.size).toEqual({ nodes: 0, bytes: 0 });
      },
    ),
    { numRuns: SIMS, endOnFailure: true },
  );
  // Both happen often, or the property above proves nothing.
  expect(Math.min(made, errors)).toBeGreaterThan(SIMS);
});

/** A hundred rows of one table, and runs of one handler. */
function open(handle: Handler, bytesMax = 1e9, text = LONG) {
  const { database, engine } = openTestDatabase();
  const ids = write(database, (tx) => Array.from({ length: 100 }, (_, n) => tx.insert("t", { n, text })));
  const nodes = new NodeStore(engine, bytesMax);
  const habits = new ReadHabits();
  const run = (): number => {
    const before = nodes.counters.textsMade;
    answer(database.begin({ readOnly: true, mechanisms: NARROW_RULES, nodes, habits }), handle, null);
    return nodes.counters.textsMade - before;
  };
  const touch = (): void => {
    const commit = commitOf(database, (tx) => tx.patch(ids[50] ?? "", { n: Math.random() }));
    if (commit !== undefined) nodes.apply(commit);
  };
  return { nodes, run, touch };
}

test.each<{ name: string; handle: Handler; first: number; later: number }>([
  { name: "documents as they are", handle: (docs) => docs, first: 100, later: 1 },
  {
    name: "documents it looked at",
    handle: (docs) => docs.filter((doc) => Number(doc["n"]) >= 0),
    first: 100,
    later: 1,
  },
  { name: "documents in groups", handle: (docs) => ({ all: [{ docs }, docs[50]] }), first: 100, later: 1 },
  // One long text, in all of them.
  { name: "documents it takes apart", handle: (docs) => docs.map((doc) => ({ ...doc, mine: 1 })), first: 1, later: 0 },
  { name: "fields", handle: (docs) => docs.map((doc) => doc["n"]), first: 0, later: 0 },
])("of a function that returns $name, a re-run renders what changed", ({ handle, first, later }) => {
  const { run, touch } = open(handle);
  // The first run reads, and keeps no texts: it may be the only one.
  expect(run()).toBe(0);
  touch();
  expect(run()).toBe(first);
  for (let times = 0; times < 40; times++) {
    touch();
    expect(run()).toBe(later);
  }
});

test("texts take half of the memory at most, and nothing is forgotten for more", () => {
  // Six characters of text for each in the row.
  const { nodes, run } = open((docs) => docs, 400_000, "\x01".repeat(500));
  run();
  const before = nodes.size.bytes;
  expect(run()).toBeLessThan(100);
  const texts = nodes.size.bytes - before;
  expect([texts > 190_000, texts < 210_000, nodes.counters.forgotten]).toEqual([true, true, 0]);
});

test("rows that matched what one function returns are looked at for another, and again when they changed", () => {
  const { database, engine } = openTestDatabase();
  const [id = ""] = write(database, (tx) => [1, 2].map((a) => tx.insert("t", { a })));
  const nodes = new NodeStore(engine);
  const [, , loose, strict] = RETURNS;
  const same: Handler = (docs) => docs;
  const ask = (returns: ValidatorJson | null = null) =>
    answer(database.begin({ readOnly: true, mechanisms: NARROW_RULES, nodes }), same, returns).startsWith("error");
  expect([ask(strict), ask(strict), ask(loose), ask(strict)]).toEqual([false, false, false, false]);
  const commit = commitOf(database, (tx) => tx.patch(id, { a: "no number" }));
  if (commit !== undefined) nodes.apply(commit);
  expect([ask(strict), ask(loose), ask(loose), ask(strict)]).toEqual([true, false, false, true]);
});
