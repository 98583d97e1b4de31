/**
 * Running queries and mutations: calls, arguments and results, nested calls, errors, limits, ends.
 */
import { CONVEX_LIMITS, parseValue, stringifyValue } from "@narrowcast/values";
import type { Value } from "@narrowcast/values";
import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { NOBODY, NOW_MS, NO_FILES, openTexts } from "../testing/app-harness.ts";
import type { TestApp } from "../testing/app-harness.ts";

const FUNCTIONS = `
import {
  queryGeneric as query, mutationGeneric as mutation, actionGeneric as action,
  internalQueryGeneric as internalQuery, makeFunctionReference, anyApi, createFunctionHandle,
} from "convex/server";
import { ConvexError, v } from "convex/values";

export const echo = query((ctx, args) => args.value);
export const typed = query({ args: { n: v.number(), id: v.optional(v.id("things")) }, returns: v.string(), handler: (ctx, { n }) => (n < 0 ? n : "ok") });
export const hidden = internalQuery(() => "hidden");
export const writes = mutation(() => null);
export const acts = action(() => null);
export default query(() => "the default");

export const boom = query(() => { throw new Error("boom"); });
export const boomText = query(() => { throw "just text"; });
export const boomObject = query(() => { throw { code: 7 }; });
export const boomType = query(() => null.field);
class Special extends Error { name = "Special"; }
export const boomClass = query(() => { throw new Special("special"); });
export const boomConvex = query(() => { throw new ConvexError({ big: 5n, list: [1, "a"] }); });
export const boomConvexText = query(() => { throw new ConvexError("plain"); });

export const callsByApi = query((ctx) => ctx.runQuery(anyApi.functions.hidden, {}));
export const callsByText = query((ctx) => ctx.runQuery("functions:hidden"));
export const callsByReference = query((ctx) => ctx.runQuery(makeFunctionReference("functions:hidden")));
export const callsByHandle = query(async (ctx) => ctx.runQuery(await createFunctionHandle(anyApi.functions.hidden)));
export const callsDefault = query((ctx) => ctx.runQuery(anyApi.functions.default));
export const callsNothing = query((ctx) => ctx.runQuery(anyApi.functions.nothing));
export const callsMutationAsQuery = query((ctx) => ctx.runQuery(anyApi.functions.writes));
export const callsBadly = query((ctx) => ctx.runQuery(anyApi.functions.typed, { n: "x" }));
export const callsNoReference = query((ctx) => ctx.runQuery({}));
export const callsBoom = query(async (ctx) => {
  try { await ctx.runQuery(anyApi.functions.boom); } catch (error) { return error.message; }
});
export const callsBoomConvex = query(async (ctx) => {
  try { await ctx.runQuery(anyApi.functions.boomConvex); } catch (error) { return [error instanceof ConvexError, error.data.big]; }
});
export const stale = query((ctx) => ctx.runQuery(anyApi.functions.hidden, {}, { useStaleSnapshot: true }));
export const deep = query(async (ctx, { levels }) => levels === 0 ? "bottom" : ctx.runQuery(anyApi.functions.deep, { levels: levels - 1 }));

export const add = mutation(async (ctx, { n, fail }) => {
  await ctx.db.insert("things", { n });
  if (fail) throw new Error("failed " + n);
  return n;
});
export const addMany = mutation(async (ctx) => {
  const results = await Promise.allSettled([
    ctx.runMutation(anyApi.functions.add, { n: 1 }),
    ctx.runMutation(anyApi.functions.add, { n: 2, fail: true }),
    ctx.db.insert("things", { n: 10 }),
    ctx.runMutation(anyApi.functions.add, { n: 3 }),
    ctx.db.query("things").collect().then((rows) => rows.length),
  ]);
  return [results.map((result) => result.status).join(" "), (await ctx.db.query("things").collect()).map((row) => row.n)];
});

export const old = Object.assign((ctx) => ctx.runQuery(anyApi.functions.hidden), {
  isQuery: true, isPublic: true, exportArgs: () => '{"type":"any"}', exportReturns: () => "null",
});
export const addUnawaited = mutation((ctx) => {
  ctx.runMutation(anyApi.functions.addSlowly, { n: 5 });
  return "ended";
});
export const addSlowly = mutation(async (ctx, { n }) => {
  for (let i = 0; i < 3; i++) {
    await ctx.db.insert("things", { n });
    await crypto.subtle.digest("SHA-256", new Uint8Array(1));
  }
});
export const failsWhileAdding = mutation(async (ctx) => {
  ctx.runMutation(anyApi.functions.addSlowly, { n: 6 });
  throw new Error("given up");
});
export const survives = mutation(async (ctx) => {
  await ctx.runMutation(anyApi.functions.failsWhileAdding).catch(() => {});
  return (await ctx.db.query("things").collect()).filter(({ n }) => n === 6).length;
});

export const keep = mutation((ctx) => { Array.keptByTest = ctx; });
export const useKept = mutation(async () => { await Array.keptByTest.db.insert("things", { n: 99 }); });
export const never = query(() => new Promise(() => {}));
export const digest = query(async (ctx) => {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("abc")));
  return bytes.length + ":" + bytes[0].toString(16) + ":" + (await ctx.db.query("things").collect()).length;
});
export const blob = query(async () => (await new Blob(["abc"]).arrayBuffer()).byteLength);
export const busy = query(() => { const end = performance.timeOrigin; let n = 0; for (let i = 0; i < 3e7; i++) n += i % 7; return n; });
export const big = query((ctx, { size }) => "x".repeat(size));
export const undefinedField = query({ returns: v.object({ a: v.number() }), handler: () => ({ a: 1, b: undefined }) });
export const notAValue = query(() => ({ when: new Date(0) }));
export const metrics = query(async (ctx) => {
  await ctx.db.query("things").collect();
  const { documentsRead } = await ctx.meta.getTransactionMetrics();
  return [documentsRead, await ctx.meta.getFunctionMetadata()];
});
export const schedules = mutation(async (ctx) => [
  await ctx.scheduler.runAfter(5, anyApi.functions.writes, { a: 1n }),
  await ctx.scheduler.runAt(new Date(123), "functions:acts"),
  await ctx.scheduler.runAt(456, anyApi.functions.acts),
]);
export const schedulesBadly = mutation((ctx) => ctx.scheduler.runAfter(-1, anyApi.functions.writes));
export const reads = query(async (ctx) => (await ctx.db.query("things").collect()).map(({ n }) => n));
`;

let app: TestApp;
beforeAll(async () => {
  app = await openTexts({ "functions.js": FUNCTIONS });
});

const HEAD = "[Request ID: 0123456789abcdef] Server Error\n";

test.each([
  [
    "a missing function",
    "functions:nothing",
    {},
    "Could not find public function for 'functions:nothing'. Did you forget to run `npx convex dev`?",
  ],
  [
    "an internal function",
    "functions:hidden",
    {},
    "Could not find public function for 'functions:hidden'. Did you forget",
  ],
  ["a mutation", "functions:writes", {}, "Trying to execute functions:writes as Query, but it is defined as Mutation."],
  ["an action", "functions:acts", {}, "Trying to execute functions:acts as Query, but it is defined as Action."],
  ["a missing argument", "functions:typed", {}, "ArgumentValidationError: Object is missing the required field `n`."],
  [
    "a wrong argument",
    "functions:typed",
    { n: "x" },
    "ArgumentValidationError: Value does not match validator.\nPath: .n",
  ],
  [
    "an extra argument",
    "functions:typed",
    { n: 1, m: 2 },
    "ArgumentValidationError: Object contains extra field `m` that is not in the validator.",
  ],
  [
    "arguments that are no object",
    "functions:echo",
    [1],
    "ArgumentValidationError: The arguments to a Convex function must be an object. Received: [1]",
  ],
  ["a wrong result", "functions:typed", { n: -1 }, "ReturnsValidationError: Value does not match validator."],
])("calling with %s fails as the call's fault", async (_name, path, args, says) => {
  const { error } = await app.query(path, args);
  expect(error).toContain(HEAD + says.slice(0, 10));
  expect(error).toContain(says);
  expect(error).not.toContain("Uncaught");
});

test.each([
  ["functions:boom", "Uncaught Error: boom\n    at <anonymous> (../convex/functions.js:"],
  ["functions:boomText", "Uncaught just text"],
  ["functions:boomObject", `Uncaught {"code":7}`],
  ["functions:boomType", "Uncaught TypeError: Cannot read properties of null (reading 'field')\n    at "],
  ["functions:boomClass", "Uncaught Special: special\n    at "],
  ["functions:boomConvex", "Uncaught ConvexError: "],
  ["functions:notAValue", "is not a supported Convex type"],
  ["functions:callsNothing", "Uncaught Error: Could not find function for 'functions:nothing'"],
  [
    "functions:callsMutationAsQuery",
    "Uncaught Error: Trying to execute functions:writes as Query, but it is defined as Mutation.",
  ],
  ["functions:callsBadly", "Uncaught Error: ArgumentValidationError: Value does not match validator."],
  ["functions:callsNoReference", "Uncaught Error: [object Object] is not a functionReference"],
  ["functions:stale", "Uncaught Error: `useStaleSnapshot` is only supported in mutations, not queries."],
])("%s ends as its error says", async (path, says) => {
  const { error } = await app.query(path);
  expect(error?.startsWith(HEAD)).toBe(true);
  expect(error).toContain(says);
});

test("ConvexError data is Convex JSON", async () => {
  const object = await app.query("functions:boomConvex");
  expect(object.outcome.result).toMatchObject({ errorData: `{"big":{"$integer":"BQAAAAAAAAA="},"list":[1,"a"]}` });
  const text = await app.query("functions:boomConvexText");
  expect(text.outcome.result).toMatchObject({ errorData: `"plain"` });
  expect(text.error).toContain("Uncaught ConvexError: plain\n    at ");
  expect((await app.query("functions:boom")).outcome.result).toMatchObject({ errorData: null });
});

test.each([
  ["functions:callsByApi", "hidden"],
  ["functions:callsByText", "hidden"],
  ["functions:old", "hidden"],
  ["functions:callsByReference", "hidden"],
  ["functions:callsByHandle", "hidden"],
  ["functions:callsDefault", "the default"],
  ["functions", "the default"],
  ["functions.js:default", "the default"],
  ["functions:callsBoomConvex", [true, 5n]],
  ["functions:undefinedField", { a: 1 }],
  ["functions:digest", "32:ba:0"],
  ["functions:blob", 3],
])("%s gives its result", async (path, gives) => {
  const { value, error } = await app.query(path);
  expect(error).toBeUndefined();
  expect(value).toEqual(gives);
});

test("a failed nested call tells its caller what happened and where", async () => {
  const { value } = await app.query("functions:callsBoom");
  expect(value).toMatch(/^Uncaught Error: boom\n {4}at <anonymous> \(\.\.\/convex\/functions\.js:\d+:\d+\)/);
});

test("nested calls end at the depth limit", async () => {
  expect((await app.query("functions:deep", { levels: CONVEX_LIMITS.callDepthMax })).value).toBe("bottom");
  const { error } = await app.query("functions:deep", { levels: CONVEX_LIMITS.callDepthMax + 1 });
  expect(error).toContain("Function call depth limit exceeded. Limit: 8");
});

test("nested mutations started at once are atomic, one after another", async () => {
  const { value, error } = await app.mutation("functions:addMany");
  expect(error).toBeUndefined();
  const [statuses, numbers] = value as [string, number[]];
  expect(statuses).toBe("fulfilled rejected fulfilled fulfilled fulfilled");
  expect(numbers.toSorted((a, b) => a - b)).toEqual([1, 3, 10]);
});

test("a nested call that nobody awaits happens completely, or is undone with its caller", async () => {
  const fresh = await openTexts({ "functions.js": FUNCTIONS });
  expect((await fresh.mutation("functions:addUnawaited")).value).toBe("ended");
  expect((await fresh.query("functions:reads")).value).toEqual([5, 5, 5]);
  expect((await fresh.mutation("functions:survives")).value).toBe(0);
});

test("ctx of an ended function refuses to work", async () => {
  await app.mutation("functions:keep");
  const { error } = await app.mutation("functions:useKept");
  expect(error).toContain('Cannot use "ctx" of functions:keep: the function has ended');
});

test("a handler that waits for nothing ends with an error, and the next call works", async () => {
  expect((await app.query("functions:never")).error).toBe(
    `${HEAD}Function functions:never can never finish: it awaits a promise that nothing will resolve`,
  );
  expect((await app.query("functions")).value).toBe("the default");
});

test("executions of one thread must not overlap", async () => {
  const first = app.query("functions:digest");
  await expect(app.query("functions")).rejects.toThrow("Cannot execute a function: another one is running");
  await first;
});

test("a handler beyond its time gets Convex's error", async () => {
  const slow = await openTexts({ "functions.js": FUNCTIONS }, { ...CONVEX_LIMITS, userTimeMs: 1 });
  const { error } = await slow.query("functions:busy");
  expect(error).toBe(`${HEAD}Function execution timed out (maximum duration: 0.001s)`);
});

test("arguments and results have a limit in bytes", async () => {
  const small = await openTexts(
    { "functions.js": FUNCTIONS },
    { ...CONVEX_LIMITS, argumentsBytesMax: 100, resultBytesMax: 50 },
  );
  const size = (count: number) => ({ size: count });
  expect((await small.query("functions:big", size(48))).error).toBeUndefined();
  expect((await small.query("functions:big", size(49))).error).toContain(
    "Function functions:big return value is too large (actual: 51, limit: 50 bytes)",
  );
  // `{"value":""}` is 12 bytes, an umlaut 2.
  expect((await small.query("functions:echo", { value: "ü".repeat(18) })).value).toBe("ü".repeat(18));
  expect((await small.query("functions:echo", { value: "ü".repeat(45) })).error).toContain(
    "Function functions:echo arguments size is too large (actual: 102, limit: 100 bytes)",
  );
});

test("meta tells function and usage", async () => {
  const fresh = await openTexts({ "functions.js": FUNCTIONS });
  for (const n of [1, 2]) await fresh.mutation("functions:add", { n });
  expect((await fresh.query("functions:metrics")).value).toEqual([
    { used: 2, remaining: CONVEX_LIMITS.documentsReadMax - 2 },
    { name: "functions:metrics", componentPath: "", type: "query", visibility: "public" },
  ]);
});

test("near a limit the log has a warning", async () => {
  const near = await openTexts({ "functions.js": FUNCTIONS }, { ...CONVEX_LIMITS, documentsReadMax: 10 });
  for (let n = 0; n < 9; n++) await near.mutation("functions:add", { n });
  expect((await near.query("functions:reads")).lines).toEqual([
    "[WARN] Many documents read in a single function execution (actual: 9, limit: 10)",
  ]);
});

test("the scheduler takes delays, dates and times", async () => {
  const fresh = await openTexts({ "functions.js": FUNCTIONS });
  expect((await fresh.mutation("functions:schedules")).value).toEqual(["1", "2", "3"]);
  expect(fresh.scheduled).toEqual([
    { path: "functions:writes", args: `{"a":{"$integer":"AQAAAAAAAAA="}}`, atMs: NOW_MS + 5 },
    { path: "functions:acts", args: "{}", atMs: 123 },
    { path: "functions:acts", args: "{}", atMs: 456 },
  ]);
  expect((await fresh.mutation("functions:schedulesBadly")).error).toContain("`delayMs` must be non-negative");
});

/** Values whose text is stable: no NaN or -0 tricks with `toEqual`, keys as Convex admits them. */
const convexValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.string({ unit: "grapheme" }),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => bytes.slice().buffer),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,8}$/), tie("value"), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).value;

test("whatever goes in as an argument comes out as the result", async () => {
  await fc.assert(
    fc.asyncProperty(convexValue, async (value) => {
      const text = stringifyValue({ value });
      const tx = app.database.begin({ readOnly: true });
      const outcome = await app.user.execute({
        path: "functions:echo",
        kind: "query",
        args: text,
        identity: NOBODY,
        allowInternal: false,
        journal: null,
        requestId: "0",
        tx,
        host: {
          limits: CONVEX_LIMITS,
          nowMs: 0,
          seed: 0,
          environment: new Map(),
          cloudUrl: "",
          siteUrl: "",
          schedule: () => "",
          cancelScheduled: () => {},
          files: NO_FILES,
        },
      });
      tx.abort();
      const result = outcome.result.ok ? outcome.result.value : outcome.result.errorMessage;
      expect(result).toBe(stringifyValue(value));
      expect(stringifyValue(parseValue(result))).toBe(result);
    }),
    { numRuns: Number(process.env["RUNS"] ?? 200) },
  );
});
