/**
 * The library's own way of running a function (`invokeQuery`, `invokeMutation` over the global `Convex`) against ours (`_handler`
 * with our `ctx`): both must give the same over the same transaction.
 */
import { beforeAll, expect, test } from "vitest";
import { openTexts } from "../testing/app-harness.ts";
import type { TestApp } from "../testing/app-harness.ts";

/** Bodies of handlers; each is registered twice, once to be run by the library. */
const QUERIES: { readonly [name: string]: string } = {
  get: `return [await ctx.db.get(args.a), await ctx.db.get("things", args.a)]`,
  collect: `return await ctx.db.query("things").collect()`,
  index: `return await ctx.db.query("things").withIndex("by_creation_time", (q) => q.gt("_creationTime", 5)).order("desc").take(2)`,
  filter: `return await ctx.db.query("things").filter((q) => q.and(q.gte(q.field("n"), 2), q.neq(q.field("nested.x"), undefined), q.not(q.eq(q.add(q.field("n"), 1), 0)))).collect()`,
  first: `return (await ctx.db.query("things").first())?.n`,
  unique: `return await ctx.db.query("things").unique()`,
  page: `const { page, isDone } = await ctx.db.query("things").order("desc").paginate({ numItems: 2, cursor: null }); return { page, isDone }`,
  iterate: `const seen = []; for await (const { n } of ctx.db.query("things")) { seen.push(n); if (n === 2) break; } return seen`,
  normalize: `return [ctx.db.normalizeId("things", args.a), ctx.db.normalizeId("things", "x")]`,
  identity: `return (await ctx.auth.getUserIdentity())?.subject ?? null`,
  nested: `return await ctx.runQuery(anyApi.ours.collect, args)`,
  metadata: `return (await ctx.meta.getTransactionMetrics()).documentsRead`,
  fails: `throw new Error("failed")`,
  failsWithData: `throw new ConvexError({ n: 5n })`,
  failsInDatabase: `await ctx.db.get("nonsense")`,
  badIndex: `await ctx.db.query("things").withIndex("nope").collect()`,
};

const MUTATIONS: { readonly [name: string]: string } = {
  insert: `const id = await ctx.db.insert("things", { n: 9, nested: { x: 1n } }); return (await ctx.db.get(id)).n`,
  patch: `await ctx.db.patch(args.a, { n: 7, nested: undefined }); const { n, nested } = await ctx.db.get(args.a); return { n, nested }`,
  patchScoped: `await ctx.db.patch("things", args.a, { n: 8 }); return (await ctx.db.get(args.a)).n`,
  replace: `await ctx.db.replace(args.a, { m: 1 }); return (await ctx.db.get(args.a)).m`,
  remove: `await ctx.db.delete(args.a); return await ctx.db.get(args.a)`,
  nested: `try { await ctx.runMutation(anyApi.ours.failing, args); } catch (error) { return [error instanceof ConvexError, error.data, (await ctx.db.get(args.a)).n]; }`,
  schedule: `return typeof (await ctx.scheduler.runAfter(1000, anyApi.ours.insert, args))`,
  removeTwice: `await ctx.db.delete(args.a); await ctx.db.delete(args.a)`,
};

const HEAD = `import { queryGeneric as query, mutationGeneric as mutation, anyApi } from "convex/server";
import { ConvexError } from "convex/values";\n`;

function source(bodies: { readonly [name: string]: string }, kind: "query" | "mutation", isLibrary: boolean): string {
  const invoke = kind === "query" ? "invokeQuery" : "invokeMutation";
  return Object.entries(bodies)
    .map(([name, body]) => {
      const plain = `${kind}(async (ctx, args) => {${body}})`;
      if (!isLibrary) return `export const ${name} = ${plain};`;
      return `export const ${name} = ${kind}(async (_ctx, args) =>
        jsonToConvex(JSON.parse(await ${plain}.${invoke}(JSON.stringify([convexToJson(args)])))));`;
    })
    .join("\n");
}

let app: TestApp;
let a: string;
beforeAll(async () => {
  const codec = `import { convexToJson, jsonToConvex } from "convex/values";\n`;
  const failing = `export const failing = mutation(async (ctx, { a }) => { await ctx.db.patch(a, { n: 100 }); throw new ConvexError({ n: 6n }); });`;
  app = await openTexts({
    "ours.js":
      HEAD +
      source({ collect: QUERIES["collect"]! }, "query", false) +
      `\n${failing}\nexport const insert = mutation(() => null);`,
    "query/ours.js": HEAD + source(QUERIES, "query", false),
    "query/theirs.js": HEAD + codec + source(QUERIES, "query", true),
    "mutation/ours.js": HEAD + source(MUTATIONS, "mutation", false),
    "mutation/theirs.js": HEAD + codec + source(MUTATIONS, "mutation", true),
  });
  const tx = app.database.begin({ readOnly: false });
  a = tx.insert("things", { n: 1 });
  for (const n of [2, 3]) tx.insert("things", { n, nested: { x: BigInt(n) } });
  tx.commit("test");
});

/** A message without frames: those of the library's path are more. */
const withoutFrames = (text: string | undefined) => text?.replace(/\n {4}at .*/g, "");

test.each(Object.keys(QUERIES))("query %s", async (name) => {
  const identity = { kind: "user" as const, key: "u", attributes: { subject: "u1" } };
  const ours = await app.query(`query/ours:${name}`, { a }, { identity });
  const theirs = await app.query(`query/theirs:${name}`, { a }, { identity });
  expect(theirs.value).toEqual(ours.value);
  expect(withoutFrames(theirs.error)).toBe(withoutFrames(ours.error));
  expect(ours.error === undefined).toBe(
    !["fails", "failsWithData", "failsInDatabase", "badIndex", "unique"].includes(name),
  );
  if (!ours.outcome.result.ok && !theirs.outcome.result.ok) {
    expect(theirs.outcome.result.errorData).toBe(ours.outcome.result.errorData);
  }
  expect(theirs.outcome.identityObserved).toBe(ours.outcome.identityObserved);
  expect(theirs.outcome.journal === null).toBe(ours.outcome.journal === null);
  expect(theirs.tx.usage).toEqual(ours.tx.usage);
});

test.each(Object.keys(MUTATIONS))("mutation %s", async (name) => {
  const run = async (side: "ours" | "theirs") => {
    const tx = app.database.begin({ readOnly: false });
    const fresh = tx.insert("things", { n: 50 });
    tx.commit("test");
    const result = await app.mutation(`mutation/${side}:${name}`, { a: fresh });
    return { value: result.value, error: withoutFrames(result.error)?.replace(fresh, "ID") };
  };
  const ours = await run("ours");
  expect(await run("theirs")).toEqual(ours);
  expect(ours.error === undefined).toBe(name !== "removeTwice");
});

test("an operation that does not exist is named as the library expects", async () => {
  const other = await openTexts({
    "x.js": `${HEAD}export const unknown = query(() => Convex.asyncSyscall("1.0/nope", "{}"));
      export const write = query(() => Convex.asyncSyscall("1.0/insert", JSON.stringify({ table: "things", value: {} })));`,
  });
  expect((await other.query("x:unknown")).error).toContain("Unknown async operation 1.0/nope");
  expect((await other.query("x:write")).error).toContain("Cannot write in a query: 1.0/insert is for mutations");
});
