/**
 * Goal: a library that wraps databases, queries and documents cannot tell the rules of `fields` from Convex's.
 *
 * Method: an app made of `convex-helpers`. Its queries are run by both rules, cold and from memory (the harness compares results and Convex's counts); and
 * each is subscribed to by both rules in one deployment, where after every write both must show the same.
 */
import type { Value } from "@narrowcast/values";
import { afterEach, expect, test } from "vitest";
import { openTestDeployment } from "./test-deployment.ts";
import { openTexts } from "../testing/app-harness.ts";
import { writeApp } from "./text-app.ts";

const SCHEMA = `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  users: defineTable({ name: v.string(), role: v.optional(v.string()), visits: v.number() }).index("name", ["name"]),
  posts: defineTable({ authorId: v.id("users"), title: v.string(), rank: v.number(), isHidden: v.boolean() })
    .index("by_authorId", ["authorId"]).index("by_rank", ["rank", "title"]),
  tags: defineTable({ label: v.string() }),
  postTags: defineTable({ postId: v.id("posts"), tagId: v.id("tags") }).index("postId", ["postId"]),
  totals: defineTable({ posts: v.number() }),
});
`;

/** Ways of reading and writing through the helpers. */
const LIBRARY = `
import { mutationGeneric, queryGeneric, paginationOptsValidator } from "convex/server";
import { v } from "convex/values";
import { asyncMap, nullThrows, omit, pick, pruneNull, withoutSystemFields } from "convex-helpers";
import { customCtx, customMutation, customQuery } from "convex-helpers/server/customFunctions";
import { filter } from "convex-helpers/server/filter";
import { getPage, paginator } from "convex-helpers/server/pagination";
import { getAll, getManyFrom, getManyVia, getManyViaOrThrow, getOneFrom, getOneFromOrThrow } from "convex-helpers/server/relationships";
import { wrapDatabaseReader, wrapDatabaseWriter } from "convex-helpers/server/rowLevelSecurity";
import { mergedStream, stream } from "convex-helpers/server/stream";
import { Triggers } from "convex-helpers/server/triggers";
import schema from "./schema";

const rules = {
  posts: { read: async ({ me }, post) => !post.isHidden || me?.role === "admin", modify: async (_, post) => post.rank >= 0, insert: async () => true },
  users: { read: async ({ db, me }, user) => me === null || (await db.get(me._id)).visits < 100 || user._id === me._id },
};
const triggers = new Triggers();
triggers.register("posts", async (ctx, change) => {
  const step = change.operation === "insert" ? 1 : change.operation === "delete" ? -1 : 0;
  if (step === 0 && change.oldDoc.title === change.newDoc.title) return;
  const total = await ctx.db.query("totals").first();
  if (total === null) await ctx.db.insert("totals", { posts: step });
  else await ctx.db.patch(total._id, { posts: total.posts + step });
});
triggers.register("posts", async (ctx, { operation, id }) => {
  if (operation !== "delete") return;
  for (const link of await getManyFrom(ctx.db, "postTags", "postId", id)) await ctx.db.delete(link._id);
});

const asUser = {
  args: { as: v.optional(v.string()) },
  input: async (ctx, { as }) => {
    const me = as === undefined ? null : await getOneFrom(ctx.db, "users", "name", as);
    return { ctx: { me, db: wrapDatabaseReader({ ...ctx, me }, ctx.db, rules) }, args: {} };
  },
};
const query = customQuery(queryGeneric, asUser);
const open = customQuery(queryGeneric, customCtx(async (ctx) => ({ first: await ctx.db.query("users").first() })));
const mutation = customMutation(mutationGeneric, customCtx(triggers.wrapDB));
const guarded = customMutation(mutationGeneric, customCtx((ctx) => ({ db: wrapDatabaseWriter({ ...ctx, me: null }, ctx.db, rules) })));
const user = async (ctx, name) => await getOneFromOrThrow(ctx.db, "users", "name", name);

export const me = query({ args: {}, handler: async ({ me }) => me && pick(me, ["name", "role"]) });
export const visible = query({ args: {}, handler: async (ctx) => (await ctx.db.query("posts").collect()).map(({ title }) => title) });
export const visibleByRank = query({
  args: { min: v.number() },
  handler: async (ctx, { min }) =>
    (await ctx.db.query("posts").withIndex("by_rank", (q) => q.gte("rank", min)).order("desc").take(3)).map((post) => omit(post, ["_creationTime"])),
});
export const visiblePage = query({
  args: { paginationOpts: paginationOptsValidator },
  handler: async (ctx, { paginationOpts }) => await ctx.db.query("posts").paginate(paginationOpts),
});
export const visiblePeople = query({ args: {}, handler: async (ctx) => (await ctx.db.query("users").collect()).map((user) => user.name) });
export const firstVisits = open({ handler: async ({ first }) => first?.visits ?? null });
export const bare = open({ handler: async (ctx) => (await ctx.db.query("users").collect()).map(withoutSystemFields) });
export const picked = open({ handler: async (ctx) => (await ctx.db.query("users").collect()).map((user) => pick(user, ["name", "nickname"])) });
export const omitted = open({ handler: async (ctx) => (await ctx.db.query("posts").collect()).map((post) => omit(post, ["rank", "_id"])) });
export const byAuthor = open({
  args: { name: v.string() },
  handler: async (ctx, { name }) => (await getManyFrom(ctx.db, "posts", "by_authorId", (await user(ctx, name))._id)).map((post) => post.title),
});
export const withTags = open({
  handler: async (ctx) =>
    await asyncMap(ctx.db.query("posts").collect(), async (post) => ({
      title: post.title,
      author: (await ctx.db.get(post.authorId))?.name ?? "nobody",
      tags: pruneNull(await getManyVia(ctx.db, "postTags", "tagId", "postId", post._id)).map((tag) => tag.label),
    })),
});
export const strictTags = open({
  handler: async (ctx) => await getManyViaOrThrow(ctx.db, "postTags", "tagId", "postId", nullThrows(await ctx.db.query("posts").first())._id),
});
export const authors = open({
  handler: async (ctx) => {
    const posts = await ctx.db.query("posts").collect();
    return (await getAll(ctx.db, [...new Set(posts.map((post) => post.authorId))])).map((author) => author?.role ?? null);
  },
});
export const longTitles = open({
  handler: async (ctx) =>
    (await filter(ctx.db.query("posts"), async (post) => (await ctx.db.get(post.authorId)).visits > 1 && post.title.length > 6).take(4)).map((post) => post.rank),
});
export const filteredUnique = open({ handler: async (ctx) => await filter(ctx.db.query("posts"), (post) => post.title === "title 03").unique() });
export const filteredPage = open({
  args: { paginationOpts: paginationOptsValidator },
  handler: async (ctx, { paginationOpts }) => await filter(ctx.db.query("posts"), (post) => post.rank % 2 === 0).paginate(paginationOpts),
});
export const pageAfter = open({
  args: { key: v.array(v.any()) },
  handler: async (ctx, { key }) => {
    const page = await getPage(ctx, { table: "posts", index: "by_rank", schema, startIndexKey: key, targetMaxRows: 3 });
    return { titles: page.page.map((post) => post.title), keys: page.indexKeys, hasMore: page.hasMore };
  },
});
export const paginated = open({
  args: { paginationOpts: paginationOptsValidator },
  handler: async (ctx, { paginationOpts }) => await paginator(ctx.db, schema).query("posts").withIndex("by_rank").order("desc").paginate(paginationOpts),
});
export const streamed = open({
  handler: async (ctx) =>
    (await stream(ctx.db, schema).query("posts").withIndex("by_rank", (q) => q.gt("rank", 1)).filterWith(async (post) => !post.isHidden).take(4)).map((post) => post.title),
});
export const merged = open({
  handler: async (ctx) => {
    const of = async (name) => stream(ctx.db, schema).query("posts").withIndex("by_authorId", (q) => q.eq("authorId", nullThrows(people.get(name))));
    const people = new Map((await ctx.db.query("users").collect()).map((user) => [user.name, user._id]));
    return (await mergedStream([await of("ann"), await of("bob")], ["_creationTime"]).collect()).map((post) => post.title);
  },
});
export const joined = open({
  handler: async (ctx) =>
    await stream(ctx.db, schema).query("users").withIndex("name")
      .flatMap(async (user) => stream(ctx.db, schema).query("posts").withIndex("by_authorId", (q) => q.eq("authorId", user._id)), ["authorId"])
      .map(async (post) => ({ title: post.title })).paginate({ numItems: 4, cursor: null }),
});
export const distinctRanks = open({
  handler: async (ctx) => (await stream(ctx.db, schema).query("posts").withIndex("by_rank").distinct(["rank"]).collect()).map((post) => post.rank),
});
const reader = (ctx, order) => stream(ctx.db, schema).query("posts").withIndex("by_rank").order(order);
const titlesOf = (page) => ({ ...page, page: page.page.map((post) => post.title) });
const paged = { args: { order: v.union(v.literal("asc"), v.literal("desc")), paginationOpts: paginationOptsValidator } };
export const viaPaginator = open({ ...paged, handler: async (ctx, { order, paginationOpts }) =>
  titlesOf(await paginator(ctx.db, schema).query("posts").withIndex("by_rank").order(order).paginate(paginationOpts)) });
export const viaCreation = open({ ...paged, handler: async (ctx, { order, paginationOpts }) =>
  titlesOf(await paginator(ctx.db, schema).query("posts").order(order).paginate(paginationOpts)) });
export const viaStream = open({ ...paged, handler: async (ctx, { order, paginationOpts }) =>
  titlesOf(await reader(ctx, order).paginate(paginationOpts)) });
export const viaFilter = open({ ...paged, handler: async (ctx, { order, paginationOpts }) =>
  titlesOf(await reader(ctx, order).filterWith(async (post) => !post.isHidden).paginate(paginationOpts)) });
export const viaMerged = open({ ...paged, handler: async (ctx, { order, paginationOpts }) =>
  titlesOf(await mergedStream([0, 1, 2, 3].map((rank) =>
    stream(ctx.db, schema).query("posts").withIndex("by_rank", (q) => q.eq("rank", rank)).order(order)), ["title"]).paginate(paginationOpts)) });
export const viaGetPage = open({
  args: { order: v.string(), index: v.string(), start: v.optional(v.array(v.any())), end: v.optional(v.array(v.any())) },
  handler: async (ctx, { order, index, start, end }) => {
    const request = { table: "posts", schema, order, startIndexKey: start, endIndexKey: end, targetMaxRows: 3 };
    return titlesOf(await getPage(ctx, index === "by_rank" ? { ...request, index } : request));
  },
});
export const total = open({ handler: async (ctx) => (await ctx.db.query("totals").unique())?.posts ?? 0 });

export const seed = mutation({
  handler: async (ctx) => {
    const users = await asyncMap(["ann", "bob", "cid"], (name, n) =>
      ctx.db.insert("users", { name, visits: n, ...(name === "cid" ? { role: "admin" } : {}) }));
    const tags = await asyncMap(["red", "green"], (label) => ctx.db.insert("tags", { label }));
    for (let n = 0; n < 10; n++) {
      const title = "title 0" + n;
      const postId = await ctx.db.insert("posts", { authorId: users[n % 3], title, rank: n % 4, isHidden: n % 5 === 4 });
      await ctx.db.insert("postTags", { postId, tagId: tags[n % 2] });
    }
  },
});
const find = async (ctx, title) => nullThrows(await filter(ctx.db.query("posts"), (post) => post.title === title).first());
export const edit = mutation({
  args: { title: v.string(), set: v.any() },
  handler: async (ctx, { title, set }) => ctx.db.patch((await find(ctx, title))._id, set),
});
export const rewrite = mutation({
  args: { title: v.string() },
  handler: async (ctx, { title }) => {
    const post = await find(ctx, title);
    await ctx.db.replace(post._id, { ...withoutSystemFields(post), rank: post.rank + 1 });
  },
});
export const remove = mutation({ args: { title: v.string() }, handler: async (ctx, { title }) => ctx.db.delete((await find(ctx, title))._id) });
export const visit = guarded({
  args: { name: v.string(), set: v.any() },
  handler: async (ctx, { name, set }) => ctx.db.patch((await user(ctx, name))._id, set),
});
export const forbidden = guarded({
  args: { title: v.string() },
  handler: async (ctx, { title }) => ctx.db.patch((await find(ctx, title))._id, { title: "mine" }),
});
`;

const APP = { "schema.ts": SCHEMA, "narrow.ts": LIBRARY, "plain.ts": `export * from "./narrow";` };

type Call = readonly [name: string, args?: { readonly [field: string]: Value }];

const PAGE = { paginationOpts: { cursor: null, numItems: 3 } };
const QUERIES: readonly Call[] = [
  ["me", { as: "cid" }],
  ["visible"],
  ["visible", { as: "cid" }],
  ["visibleByRank", { as: "ann", min: 1 }],
  ["visiblePage", { ...PAGE }],
  ["visiblePeople", { as: "bob" }],
  ["firstVisits"],
  ["bare"],
  ["picked"],
  ["omitted"],
  ["byAuthor", { name: "ann" }],
  ["withTags"],
  ["strictTags"],
  ["authors"],
  ["longTitles"],
  ["filteredUnique"],
  ["filteredPage", { ...PAGE }],
  ["pageAfter", { key: [] }],
  ["pageAfter", { key: [1, "title 05"] }],
  ["paginated", { ...PAGE }],
  ["streamed"],
  ["merged"],
  ["joined"],
  ["distinctRanks"],
  ["total"],
];
const WRITES: readonly Call[] = [
  ["edit", { title: "title 03", set: { rank: 0 } }],
  ["edit", { title: "title 02", set: { isHidden: true } }],
  ["edit", { title: "title 05", set: { title: "t5" } }],
  ["rewrite", { title: "title 01" }],
  ["visit", { name: "ann", set: { visits: 200 } }],
  ["visit", { name: "bob", set: { visits: 100, role: "admin" } }],
  ["remove", { title: "title 00" }],
  ["edit", { title: "title 09", set: { rank: 7, isHidden: false } }],
  ["visit", { name: "cid", set: { visits: 3 } }],
];

/** What an app of ten posts shows at first; that the helpers work at all. */
const SHOWN: { readonly [name: string]: Value } = {
  me: { name: "cid", role: "admin" },
  visible: [0, 1, 2, 3, 5, 6, 7, 8].map((n) => `title 0${n}`),
  byAuthor: [0, 3, 6, 9].map((n) => `title 0${n}`),
  authors: [null, null, "admin"],
  longTitles: [2, 1, 0],
  streamed: ["title 02", "title 06", "title 03", "title 07"],
  merged: [0, 1, 3, 4, 6, 7, 9].map((n) => `title 0${n}`),
  distinctRanks: [0, 1, 2, 3],
  total: 10,
};

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

test("queries through convex-helpers give the same by both rules, cold, from memory and after writes", async () => {
  const app = await openTexts(APP);
  expect((await app.mutation("narrow:seed")).error).toBeUndefined();
  const askAll = async (): Promise<Map<string, Value | undefined>> => {
    const shown = new Map<string, Value | undefined>();
    for (const [name, args] of QUERIES) {
      const { value, error } = await app.query(`narrow:${name}`, args);
      expect(error, name).toBeUndefined();
      if (!shown.has(name)) shown.set(name, value);
    }
    return shown;
  };
  expect(Object.fromEntries(await askAll())).toMatchObject(SHOWN);
  for (const [name, args] of WRITES) {
    expect((await app.mutation(`narrow:${name}`, args)).error, name).toBeUndefined();
    await askAll();
  }
  expect((await app.query("narrow:total")).value).toBe(9);
  await app.mutation("narrow:edit", { title: "title 03", set: { rank: -1 } });
  expect((await app.mutation("narrow:forbidden", { title: "title 03" })).error).toContain("write access not allowed");
});

/** Titles in the order of each helper's index. */
const TITLES = {
  by_rank: [0, 4, 8, 1, 5, 9, 2, 6, 3, 7].map((n) => `title 0${n}`),
  by_creation_time: Array.from({ length: 10 }, (_, n) => `title 0${n}`),
};
const PAGED = [
  { name: "viaPaginator", titles: TITLES.by_rank },
  { name: "viaCreation", titles: TITLES.by_creation_time },
  { name: "viaStream", titles: TITLES.by_rank },
  { name: "viaFilter", titles: TITLES.by_rank.filter((title) => !/[49]$/.test(title)) },
  { name: "viaMerged", titles: TITLES.by_creation_time },
];

test("all pages of every paginating helper, in both orders, are the rows in the order of its index", async () => {
  const app = await openTexts(APP);
  await app.mutation("narrow:seed");
  const ask = async (name: string, args: { readonly [field: string]: Value }) => {
    const { value, error } = await app.query(`narrow:${name}`, args);
    expect(error, name).toBeUndefined();
    return value as { page: string[]; isDone: boolean; continueCursor: string; hasMore: boolean; indexKeys: Value[][] };
  };
  for (const order of ["asc", "desc"]) {
    const inOrder = (titles: readonly string[]) => (order === "asc" ? titles : titles.toReversed());
    for (const { name, titles } of PAGED) {
      const pages: string[][] = [];
      let cursor: string | null = null;
      for (let isDone = false; !isDone;) {
        const page = await ask(name, { order, paginationOpts: { numItems: 3, cursor } });
        pages.push(page.page);
        // A page is asked for again up to where it ended, as a reactive list does.
        const again = { numItems: 1, cursor, endCursor: page.continueCursor };
        expect((await ask(name, { order, paginationOpts: again })).page, name).toEqual(page.page);
        ({ isDone, continueCursor: cursor } = page);
      }
      expect(pages.length, name).toBeGreaterThan(2);
      expect(pages.flat(), `${name} ${order}`).toEqual(inOrder(titles));
    }
    for (const [index, titles] of Object.entries(TITLES)) {
      const rows: string[] = [];
      let start: Value[] | undefined;
      for (let hasMore = true; hasMore;) {
        const page = await ask("viaGetPage", { order, index, ...(start === undefined ? {} : { start }) });
        rows.push(...page.page);
        start = page.indexKeys.at(-1);
        hasMore = page.hasMore;
      }
      expect(rows, `getPage ${index} ${order}`).toEqual(inOrder(titles));
    }
  }
});

test("subscriptions through convex-helpers show the same by both rules after every write", async () => {
  const written = writeApp(APP);
  closers.push(() => written.remove());
  const trackingFor = Object.fromEntries(QUERIES.map(([name]) => [`plain:${name}`, "document" as const]));
  const app = await openTestDeployment(written.dir, { tracking: "fields", trackingFor });
  closers.push(() => app.close());
  await app.mutation("narrow:seed");
  const subscribeAll = (file: string) =>
    Promise.all(QUERIES.map(([name, args]) => app.subscribe(`${file}:${name}`, args)));
  const narrow = await subscribeAll("narrow");
  const plain = await subscribeAll("plain");
  let reruns = { narrow: 0, plain: 0 };
  for (const [write, args] of WRITES) {
    const { functions } = await app.expectCost(() => app.mutation(`narrow:${write}`, args));
    for (const [at, [name]] of QUERIES.entries()) {
      expect(narrow[at]?.value, `${name} after ${write}`).toEqual(plain[at]?.value);
      reruns.narrow += functions[`narrow:${name}`]?.reruns ?? 0;
      reruns.plain += functions[`plain:${name}`]?.reruns ?? 0;
    }
  }
  expect(reruns.narrow).toBeLessThan(reruns.plain);
});
