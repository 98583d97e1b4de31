/**
 * Work that nobody awaits: it is done before its function ends, and what goes wrong in it fails the function.
 */
import type { Value } from "@narrowcast/values";
import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { openTexts } from "../testing/app-harness.ts";
import { ownRejections } from "../testing/own-rejections.ts";
import type { TestApp } from "../testing/app-harness.ts";

ownRejections();

const FUNCTIONS = `
import { queryGeneric as query, mutationGeneric as mutation, internalMutationGeneric as internalMutation, internalQueryGeneric as internalQuery, anyApi } from "convex/server";
export const seed = mutation(async (ctx) => {
  for (const row of await ctx.db.query("rows").collect()) await ctx.db.delete(row._id);
  const ids = [];
  for (let n = 0; n < 3; n++) ids.push(await ctx.db.insert("rows", { n, done: false }));
  return ids;
});
export const rows = query(async (ctx) => (await ctx.db.query("rows").collect()).map((row) => row.done));
async function finishAll(ctx, ids) {
  for (const id of ids) { await ctx.db.get(id); await ctx.db.patch(id, { done: true }); }
}
async function failHalfWay(ctx, ids) {
  await ctx.db.patch(ids[0], { done: "partial" });
  if (await ctx.db.get(ids[1])) throw new Error("not allowed");
}
async function mustBeAdmin(ctx) { await ctx.db.query("rows").first(); throw new Error("Not an admin"); }

export const forEachAsync = mutation(async (ctx, { ids }) => {
  ids.forEach(async (id) => {
    const row = await ctx.db.get(id);
    await ctx.db.patch(row._id, { done: "half" });
    const again = await ctx.db.get(id);
    await ctx.db.patch(again._id, { done: true });
  });
});
export const forgotAwait = mutation((ctx, { ids }) => { void finishAll(ctx, ids); return "returned"; });
export const allCaught = mutation(async (ctx, { ids }) => {
  try { await Promise.all([mustBeAdmin(ctx), finishAll(ctx, ids)]); } catch { return "caught"; }
});
export const raced = mutation(async (ctx, { ids }) => { await Promise.race([ctx.db.get(ids[0]), finishAll(ctx, ids)]); });
export const anyOf = mutation(async (ctx, { ids }) => { await Promise.any([mustBeAdmin(ctx), ctx.db.get(ids[0]), finishAll(ctx, ids)]); });
export const thenChain = mutation((ctx, { ids }) => { ctx.db.get(ids[0]).then(() => ctx.db.get(ids[1])).then(() => finishAll(ctx, ids)); });
export const hashed = mutation((ctx, { ids }) => {
  crypto.subtle.digest("SHA-256", new Uint8Array(9)).then(() => finishAll(ctx, ids));
});
export const bySyscalls = mutation((ctx, { ids }) => {
  void (async () => {
    for (const id of ids) {
      await Convex.asyncSyscall("1.0/get", JSON.stringify({ id }));
      await Convex.asyncSyscall("1.0/shallowMerge", JSON.stringify({ id, value: { done: true } }));
    }
  })();
});
export const handledLate = mutation(async (ctx, { ids }) => {
  const failed = mustBeAdmin(ctx);
  await ctx.runMutation(anyApi.f.inner, { id: ids[0] });
  await crypto.subtle.digest("SHA-256", new Uint8Array(9));
  try { await failed; } catch { await finishAll(ctx, ids); }
});
export const inner = internalMutation(async (ctx, { id }) => {
  void (async () => { await ctx.db.get(id); await ctx.db.patch(id, { done: true }); })();
});
export const forgotRunMutation = mutation((ctx, { ids }) => { for (const id of ids) void ctx.runMutation(anyApi.f.inner, { id }); });
export const forgotRunMutationThere = mutation((ctx, { ids }) => {
  for (const id of ids) void Convex.asyncSyscall("1.0/runUdf", JSON.stringify({ udfType: "mutation", name: "f:inner", args: { id } }));
});

export const forgotAwaitThrows = mutation(async (ctx, { ids }) => {
  void failHalfWay(ctx, ids);
  await ctx.db.patch(ids[2], { done: "main" });
});
export const forgotCheck = mutation(async (ctx, { ids }) => { mustBeAdmin(ctx); await ctx.db.patch(ids[0], { done: "by anybody" }); });
export const forgotCheckAndNested = mutation(async (ctx, { ids }) => {
  mustBeAdmin(ctx);
  try { await ctx.runMutation(anyApi.f.inner, { id: ids[0] }); } catch { return "swallowed"; }
});
export const throwsAfterHash = mutation((ctx, { ids }) => {
  void crypto.subtle.digest("SHA-256", new Uint8Array(9)).then(() => { throw new Error("after the hash"); });
});
export const rejectsLate = mutation(async (ctx, { ids }) => {
  let at = Promise.resolve();
  for (let n = 0; n < 1000; n++) at = at.then(() => ctx.db.get(ids[0]));
  at.then(() => { throw new Error("in the end"); });
  await ctx.db.patch(ids[0], { done: "main" });
});
export const badWrite = mutation((ctx, { ids }) => { void ctx.runMutation(anyApi.f.inner, { id: ids[0] }); void ctx.db.patch("nonsense", {}); });
export const badSyscall = mutation((ctx, { ids }) => { void ctx.runMutation(anyApi.f.inner, { id: ids[0] }); void Convex.asyncSyscall("1.0/nonsense", "{}"); });
export const nestedFails = mutation((ctx, { ids }) => { void ctx.runMutation(anyApi.f.forgotCheck, { ids }); });
export const rejectsText = mutation((ctx, { ids }) => { void Promise.reject("just text"); });

export const nestedCaught = mutation(async (ctx, { ids }) => {
  try { await ctx.runMutation(anyApi.f.forgotCheck, { ids }); } catch (error) { return error.message.split("\\n")[0]; }
});
export const endsThere = mutation(async (ctx, { ids }) => {
  void finishAll(ctx, ids).catch(() => console.log("refused"));
  throw new Error("given up");
});
export const queryFloats = query(async (ctx) => { void (async () => { await ctx.db.query("rows").first(); console.log("through"); })(); return 1; });
export const queryFloatThrows = query(async (ctx) => { mustBeAdmin(ctx); return (await ctx.db.query("rows").collect()).length; });
export const checked = internalQuery((ctx) => { mustBeAdmin(ctx); return 7; });
export const nestedQueryFloatThrows = query((ctx) => ctx.runQuery(anyApi.f.checked));
export const forgotSchedule = mutation((ctx, { ids }) => {
  ids.map(async (id) => { await ctx.db.get(id); await ctx.db.get(id); await ctx.scheduler.runAfter(0, anyApi.f.inner, { id }); });
});
export const endlessHashes = query((ctx) => {
  void (async () => { for (;;) await crypto.subtle.digest("SHA-256", new Uint8Array(9)); })();
  throw new Error("given up");
});
export const plain = query(() => "plain");

/** Runs a program that a test made; see \`unawaited.test.ts\`. */
async function perform(ctx, steps) {
  for (const step of steps) {
    switch (step.do) {
      case "write": await ctx.db.insert("rows", { n: step.n }); break;
      case "syscall": await Convex.asyncSyscall("1.0/insert", JSON.stringify({ table: "rows", value: { n: step.n } })); break;
      case "read": await ctx.db.query("rows").first(); break;
      case "turn": await null; break;
      case "hash": await crypto.subtle.digest("SHA-256", new Uint8Array(1)); break;
      case "throw": throw new Error("thrown");
      case "await": await perform(ctx, step.steps); break;
      case "float": void perform(ctx, step.steps); break;
      case "caught": try { await perform(ctx, step.steps); } catch {} break;
      case "all": try { await Promise.all(step.branches.map((branch) => perform(ctx, branch))); } catch {} break;
      case "race": try { await Promise.race(step.branches.map((branch) => perform(ctx, branch))); } catch {} break;
      case "forEach": step.branches.forEach(async (branch) => { await perform(ctx, branch); }); break;
      case "call": await ctx.runMutation(anyApi.f.program, { steps: step.steps }); break;
      case "callFloat": void ctx.runMutation(anyApi.f.program, { steps: step.steps }); break;
      case "callCaught": try { await ctx.runMutation(anyApi.f.program, { steps: step.steps }); } catch {} break;
    }
  }
}
export const program = mutation(async (ctx, { steps }) => { await perform(ctx, steps); });
export const numbers = query(async (ctx) => (await ctx.db.query("rows").collect()).map((row) => row.n));
`;

let app: TestApp;
beforeAll(async () => {
  app = await openTexts({ "f.js": FUNCTIONS });
});

test.each([
  "forEachAsync",
  "forgotAwait",
  "allCaught",
  "raced",
  "anyOf",
  "thenChain",
  "hashed",
  "bySyscalls",
  "handledLate",
  "forgotRunMutation",
  "forgotRunMutationThere",
])("%s: all of it is done before the mutation ends", async (name) => {
  const ids = (await app.mutation("f:seed")).value as Value;
  expect((await app.mutation(`f:${name}`, { ids })).error).toBeUndefined();
  expect((await app.query("f:rows")).value).toEqual([true, true, true]);
});

test.each([
  ["forgotAwaitThrows", "Uncaught Error: not allowed"],
  ["forgotCheck", "Uncaught Error: Not an admin"],
  ["forgotCheckAndNested", "Uncaught Error: Not an admin"],
  ["throwsAfterHash", "Uncaught Error: after the hash"],
  ["rejectsLate", "Uncaught Error: in the end"],
  ["badWrite", "Uncaught Error: "],
  ["badSyscall", "Unknown async operation 1.0/nonsense"],
  ["nestedFails", "Uncaught Error: Uncaught Error: Not an admin"],
  ["rejectsText", "Uncaught just text"],
])("%s: a rejection that nobody handles fails the mutation, and nothing is kept", async (name, says) => {
  const ids = (await app.mutation("f:seed")).value as Value;
  expect((await app.mutation(`f:${name}`, { ids })).error).toContain(says);
  expect((await app.query("f:rows")).value).toEqual([false, false, false]);
});

test("a nested mutation fails by what it left behind, and its caller can handle that", async () => {
  const ids = (await app.mutation("f:seed")).value as Value;
  expect((await app.mutation("f:nestedCaught", { ids })).value).toBe("Uncaught Error: Not an admin");
  expect((await app.query("f:rows")).value).toEqual([false, false, false]);
});

test("a function that throws ends there: what it left behind is refused", async () => {
  const ids = (await app.mutation("f:seed")).value as Value;
  const { error, lines } = await app.mutation("f:endsThere", { ids });
  expect(error).toContain("Uncaught Error: given up");
  expect(lines).toEqual(["[LOG] 'refused'"]);
  expect((await app.query("f:endlessHashes")).error).toContain("Uncaught Error: given up");
  expect((await app.query("f:plain")).value).toBe("plain");
});

test("queries too: what they left behind is done, or fails them", async () => {
  await app.mutation("f:seed");
  expect((await app.query("f:queryFloats")).lines).toEqual(["[LOG] 'through'"]);
  expect((await app.query("f:queryFloatThrows")).error).toContain("Uncaught Error: Not an admin");
  expect((await app.query("f:nestedQueryFloatThrows")).error).toContain("Uncaught Error: Not an admin");
});

test("functions are scheduled by work that nobody awaits", async () => {
  const ids = (await app.mutation("f:seed")).value as readonly string[];
  const before = app.scheduled.length;
  expect((await app.mutation("f:forgotSchedule", { ids: [...ids] })).error).toBeUndefined();
  expect(app.scheduled.slice(before).map(({ args }) => args)).toEqual(ids.map((id) => JSON.stringify({ id })));
});

interface Step {
  readonly do: string;
  readonly n?: number;
  readonly steps?: readonly Step[];
  readonly branches?: readonly (readonly Step[])[];
}

/** What a program does: its writes, whether its own promise is rejected, whether one that nobody listens to is. */
interface Effect {
  readonly writes: readonly number[];
  readonly isRejected: boolean;
  readonly isLoose: boolean;
}

/** The model: order does not matter, since every write is of a row of its own. */
function effectOf(steps: readonly Step[]): Effect {
  const writes: number[] = [];
  let isLoose = false;
  for (const step of steps) {
    const parts = (step.branches ?? (step.steps === undefined ? [] : [step.steps])).map((part) =>
      step.do.startsWith("call") ? effectOfCall(part) : effectOf(part),
    );
    for (const part of parts) writes.push(...part.writes);
    if (step.n !== undefined) writes.push(step.n);
    isLoose ||= parts.some((part) => part.isLoose);
    const isRejected = parts.some((part) => part.isRejected);
    if (["float", "callFloat", "forEach"].includes(step.do)) isLoose ||= isRejected;
    else if (step.do === "throw" || (isRejected && ["await", "call"].includes(step.do))) {
      return { writes, isRejected: true, isLoose };
    }
  }
  return { writes, isRejected: false, isLoose };
}

/** A nested call happens completely, or fails and leaves nothing. */
function effectOfCall(steps: readonly Step[]): Effect {
  const { writes, isRejected, isLoose } = effectOf(steps);
  return isRejected || isLoose
    ? { writes: [], isRejected: true, isLoose: false }
    : { writes, isRejected: false, isLoose: false };
}

const PROGRAMS = fc.letrec<{ steps: Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie("step"), { maxLength: 4 }),
  step: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom("write", "syscall").map((name) => ({ do: name, n: 0 })),
    fc.constantFrom("read", "turn", "hash").map((name) => ({ do: name })),
    { weight: 1, arbitrary: fc.record({ do: fc.constant("throw") }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom("await", "float", "caught", "call", "callFloat", "callCaught"),
        steps: tie("steps"),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom("all", "race", "forEach"),
        branches: fc.array(tie("steps"), { minLength: 1, maxLength: 3 }),
      }),
    },
  ),
})).steps;

/** The same program, with a number of its own for each write. */
function numbered(steps: readonly Step[]): readonly Step[] {
  let count = 0;
  const visit = (step: Step): Step => ({
    do: step.do,
    ...(step.n === undefined ? {} : { n: count++ }),
    ...(step.steps === undefined ? {} : { steps: step.steps.map(visit) }),
    ...(step.branches === undefined ? {} : { branches: step.branches.map((branch) => branch.map(visit)) }),
  });
  return steps.map(visit);
}

test("a program of any shape keeps all its writes, or fails and keeps none", async () => {
  let failed = 0;
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(PROGRAMS, async (made) => {
      const steps = numbered(made);
      const fresh = await app.mutation("f:seed");
      expect(fresh.error).toBeUndefined();
      const expected = effectOfCall(steps);
      const { error } = await app.mutation("f:program", { steps: steps as unknown as Value });
      expect(error === undefined, String(error)).toBe(!expected.isRejected);
      const found = ((await app.query("f:numbers")).value as number[]).slice(3).toSorted((a, b) => a - b);
      expect(found).toEqual(expected.writes.toSorted((a, b) => a - b));
      if (expected.isRejected) failed += 1;
      else if (expected.writes.length > 1) kept += 1;
    }),
    { numRuns: 300 },
  );
  expect(failed).toBeGreaterThan(20);
  expect(kept).toBeGreaterThan(20);
});
