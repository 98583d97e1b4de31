/**
 * Limits of what goes into calls and comes out of them, and those that a caller gives to a nested call.
 */
import { CONVEX_LIMITS } from "@narrowcast/values";
import type { Value } from "@narrowcast/values";
import { beforeAll, expect, test } from "vitest";
import { openTexts } from "../testing/app-harness.ts";
import type { TestApp } from "../testing/app-harness.ts";

const FUNCTIONS = `
import { actionGeneric as action, anyApi, mutationGeneric as mutation, queryGeneric as query } from "convex/server";
export const echo = query((_ctx, { value }) => value);
export const acts = action(() => null);
export const add = mutation(async (ctx, { n }) => { await ctx.db.insert("things", { n }); });
export const reads = query(async (ctx) => (await ctx.db.query("things").collect()).map(({ n }) => n));
export const limits = mutation(async (ctx, { limits }) => {
  await ctx.db.insert("things", { n: 10 });
  let failure = null;
  try {
    // Its own row is the fourth; the call reads what was there before.
    await ctx.runMutation(anyApi.f.limitedRead, {}, { transactionLimits: limits });
  } catch (error) { failure = error.message; }
  const { documentsRead } = await ctx.meta.getTransactionMetrics();
  return [failure, (await ctx.db.query("things").collect()).length, documentsRead];
});
export const limitedRead = mutation(async (ctx) => {
  await ctx.db.query("things").take(3);
  await ctx.db.insert("things", { n: 20 });
  await ctx.scheduler.runAfter(0, anyApi.f.acts);
});
export const limitsWithin = query(async (ctx, { outer, inner }) =>
  ctx.runQuery(anyApi.f.limitsInner, { inner }, { transactionLimits: { documentsRead: outer } }));
export const limitsInner = query(async (ctx, { inner }) => {
  await ctx.db.query("things").collect();
  await ctx.runQuery(anyApi.f.reads, {}, { transactionLimits: { documentsRead: inner } });
  const { documentsRead } = await ctx.meta.getTransactionMetrics();
  return [documentsRead.used, documentsRead.remaining];
});
export const make = query((_ctx, { code }) => JSON.parse(code));
`;

let app: TestApp;
beforeAll(async () => {
  app = await openTexts({ "f.js": FUNCTIONS });
});

test.each([
  ["an array", Array.from({ length: 8_193 }, () => null), "Array length is too long (8193 > maximum length 8192)"],
  [
    "an object",
    { in: Object.fromEntries(Array.from({ length: 1_025 }, (_, n) => [`f${n}`, 1])) },
    "Object has too many fields (1025 > maximum number 1024)",
  ],
  ["half of a pair", "\ud83d", "String is not valid Unicode: it has half of a surrogate pair"],
])("%s over its limit of form is neither an argument nor a result", async (_name, value, says) => {
  const asArgument = await app.query("f:echo", { value });
  expect(asArgument.error).toContain(`ArgumentValidationError: ${says}`);
  const asResult = await app.query("f:make", { code: JSON.stringify(value) });
  expect(asResult.error).toContain(`Function f:make return value invalid: ${says}`);
});

test("values at their limits of form pass", async () => {
  const value = [
    Array.from({ length: 8_192 }, () => null),
    Object.fromEntries(Array.from({ length: 1_024 }, (_, n) => [`f${n}`, 1])),
    "\ud83d\ude00 \\ud83d",
  ];
  expect((await app.query("f:echo", { value })).value).toEqual(value);
});

test.each<[string, object, string | undefined]>([
  ["documentsRead", { documentsRead: 3 }, undefined],
  ["documentsRead", { documentsRead: 2 }, "Too many documents read in a single function execution (limit: 2)."],
  ["bytesRead", { bytesRead: 100 }, "Too many bytes read in a single function execution (limit: 100)."],
  ["databaseQueries", { databaseQueries: 0 }, "Too many reads in a single function execution (limit: 0)."],
  ["databaseQueries", { databaseQueries: 1 }, undefined],
  ["documentsWritten", { documentsWritten: 1 }, undefined],
  ["documentsWritten", { documentsWritten: 0 }, "Too many writes in a single function execution (limit: 0)."],
  ["bytesWritten", { bytesWritten: 10 }, "Too many bytes written in a single function execution (limit: 10)."],
  ["more than there is", { documentsRead: 1e9, documentsWritten: undefined }, undefined],
  ["no limit", { documents: 1 }, "`transactionLimits.documents` is no limit; should be one of bytesRead, bytesWritten"],
  ["no number", { bytesRead: -1 }, "`transactionLimits.bytesRead` is -1; should be a number from 0 on"],
])("a call with transactionLimits of %s fails over them, alone", async (_name, limits, says) => {
  const fresh = await openTexts({ "f.js": FUNCTIONS });
  for (const n of [1, 2, 3]) await fresh.mutation("f:add", { n });
  const { value, error } = await fresh.mutation("f:limits", { limits } as unknown as Value);
  expect(error).toBeUndefined();
  // Read before and after the call, the rows of the caller, and of the call only where it succeeded.
  const [failure, rows, after] = value as [string | null, number, { used: number; remaining: number }];
  if (says === undefined) expect(failure).toBeNull();
  else expect(failure).toContain(says);
  expect(rows).toBe(says === undefined ? 5 : 4);
  expect(after.used + after.remaining).toBe(CONVEX_LIMITS.documentsReadMax);
});

test("limits of a call within a limited call never give more than is left", async () => {
  const fresh = await openTexts({ "f.js": FUNCTIONS });
  for (const n of [1, 2, 3]) await fresh.mutation("f:add", { n });
  const { error } = await fresh.query("f:limitsWithin", { outer: 4, inner: 100 });
  expect(error).toContain("Too many documents read in a single function execution (limit: 4).");
  expect((await fresh.query("f:limitsWithin", { outer: 6, inner: 3 })).value).toEqual([6, 0]);
});
