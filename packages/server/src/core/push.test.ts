/**
 * Pushes and environment variables: all or nothing, kept over restarts, everybody concerned is told.
 */
import { CONVEX_LIMITS } from "@narrowcast/values";
import { expect, test } from "vitest";
import { bundleTexts } from "../kit/text-app.ts";
import { ADMIN, NOTES_APP, World } from "../testing/core-world.ts";

const HEAD = `
  import { queryGeneric as query, mutationGeneric as mutation, defineSchema, defineTable } from "convex/server";
  import { v } from "convex/values";
`;

function version(text: string): { readonly [name: string]: string } {
  return { ...NOTES_APP, "which.ts": `${HEAD} export const is = query({ args: {}, handler: async () => "${text}" });` };
}

function withSchema(fields: string, rest = ""): { readonly [name: string]: string } {
  return {
    ...NOTES_APP,
    "schema.ts": `${HEAD} export default defineSchema({ notes: defineTable({ ${fields} })${rest}, counters: defineTable({ value: v.number() }) });`,
  };
}

async function subscribe(world: World, path: string): Promise<void> {
  world.signal({ type: "openSocket", socket: 1 });
  const add = [{ queryId: 1, path, args: "{}", journal: null }];
  world.signal({ type: "modifyQueries", socket: 1, querySet: 1, add, remove: [] });
  await world.idle();
}

function lastValue(world: World): unknown {
  const changes = world.updates.flatMap((update) => update.changes);
  const result = changes.at(-1)?.result;
  return result?.ok === true ? result.value : result?.errorMessage;
}

test("without code every function is missing; a push brings it to those who wait", async () => {
  const world = await World.open(null);
  await subscribe(world, "which:is");
  expect(lastValue(world)).toContain("Could not find public function for 'which:is'");
  expect(await world.push(await bundleTexts(version("one")))).toMatchObject({ ok: true });
  await world.idle();
  expect(lastValue(world)).toBe(`"one"`);
});

test("a push re-runs subscriptions with the new code, and a restart serves it without another push", async () => {
  const world = await World.open(version("one"));
  await subscribe(world, "which:is");
  await world.push(await bundleTexts(version("two")));
  await world.idle();
  expect(lastValue(world)).toBe(`"two"`);
  await world.restart();
  expect(await world.value("which:is")).toBe("two");
  expect(world.active?.analysis.functions.map(({ path }) => path)).toContain("which:is");
});

test.each<[string, { readonly [name: string]: string }, string]>([
  [
    "a module that throws",
    { ...version("two"), "bad.ts": `export const x = 1; throw new Error("on import");` },
    "on import",
  ],
  [
    "a cron of a missing function",
    {
      ...version("two"),
      "crons.ts": `import { cronJobs } from "convex/server"; const c = cronJobs();
        c.interval("x", { minutes: 1 }, { [Symbol.for("functionName")]: "no:where" }); export default c;`,
    },
    "no:where",
  ],
  [
    "documents that do not fit the schema",
    { ...withSchema("text: v.number()"), "which.ts": version("two")["which.ts"]! },
    "does not match",
  ],
])("a push with %s fails and changes nothing", async (_what, files, message) => {
  const world = await World.open(version("one"));
  await world.mutation("notes:add", { text: "a" });
  const before = await world.value("_system/cli/modules:apiSpec", {}, ADMIN);
  const outcome = await world.push(await bundleTexts(files));
  expect(outcome).toMatchObject({ ok: false, message: expect.stringContaining(message) });
  expect(await world.value("which:is")).toBe("one");
  expect(await world.value("_system/cli/modules:apiSpec", {}, ADMIN)).toEqual(before);
  expect(await world.mutation("notes:add", { text: "b" })).toMatchObject({ ok: true });
  await world.restart();
  expect(await world.value("which:is")).toBe("one");
});

test("a schema failure names the document", async () => {
  const world = await World.open(NOTES_APP);
  const { value } = (await world.mutation("notes:add", { text: "a" })) as { readonly value: string };
  const outcome = await world.push(await bundleTexts(withSchema("text: v.number()")));
  expect(outcome).toMatchObject({ ok: false, message: expect.stringContaining(JSON.parse(value) as string) });
});

test("mutations go on while a push checks documents and fills indexes", async () => {
  const world = await World.open(NOTES_APP);
  for (let i = 0; i < 3_000; i += 1) void world.mutation("notes:add", { text: `${i}` });
  await world.idle();
  const ended: string[] = [];
  const push = world.push(await bundleTexts(withSchema("text: v.string()", `.index("by_text", ["text"])`)));
  const pushed = push.then(() => ended.push("push"));
  const added = world.mutation("notes:add", { text: "between" }).then(() => ended.push("mutation"));
  await Promise.all([pushed, added]);
  expect(ended).toEqual(["mutation", "push"]);
  expect(await push).toMatchObject({ ok: true, summary: { indexesAdded: ["notes.by_text"] } });
  expect(await world.value("notes:count")).toBe(3_001);
});

test("a document written during a push that does not fit makes it fail", async () => {
  const world = await World.open(NOTES_APP);
  for (let i = 0; i < 2_000; i += 1) void world.mutation("notes:increment");
  for (let i = 0; i < 1_500; i += 1) void world.mutation("notes:add", { text: "short" });
  await world.idle();
  const fields = `text: v.union(v.literal("short"))`;
  const push = world.push(await bundleTexts(withSchema(fields)));
  void world.mutation("notes:add", { text: "long" });
  expect(await push).toMatchObject({ ok: false });
});

test("two pushes at once: the second one wins, both are answered", async () => {
  const world = await World.open(NOTES_APP);
  const codes = await Promise.all([bundleTexts(version("one")), bundleTexts(version("two"))]);
  const outcomes = await Promise.all(codes.map((code) => world.push(code)));
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, true]);
  expect(await world.value("which:is")).toBe("two");
});

const set = (world: World, changes: Readonly<Record<string, string | null>>) =>
  world.request<"setEnvironment">({
    type: "setEnvironment",
    changes: Object.entries(changes).map(([name, value]) => ({ name, value })),
  });

test("a changed variable re-runs those who read it, and survives a restart", async () => {
  const world = await World.open(NOTES_APP);
  await subscribe(world, "notes:variable");
  expect(lastValue(world)).toBe("null");
  await set(world, { COLOUR: "red" });
  await world.idle();
  expect(lastValue(world)).toBe(`"red"`);
  const sent = world.updates.length;
  await set(world, { SHAPE: "round" });
  await world.idle();
  expect(world.updates.length).toBe(sent);
  await world.restart();
  expect(await world.value("notes:variable")).toBe("red");
  await set(world, { COLOUR: null });
  expect(await world.value("notes:variable")).toBe(null);
  expect(await world.request<"environment">({ type: "environment" })).toEqual([{ name: "SHAPE", value: "round" }]);
});

const MANY = Object.fromEntries(Array.from({ length: 512 }, (_, i) => [`V${i}`, ""]));
const LARGE = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`V${i}`, "x".repeat(8_192)]));

test.each<[string, Readonly<Record<string, string | null>>, Readonly<Record<string, string | null>>]>([
  ["a name", { A_1: "x", _b: "y" }, { "1A": "x" }],
  ["a name's characters", { A: "x" }, { "A-B": "x" }],
  ["a name's length", { ["N".repeat(CONVEX_LIMITS.environmentNameCharsMax)]: "x" }, { ["N".repeat(257)]: "x" }],
  ["a value's bytes", { A: "é".repeat(4_096) }, { A: `${"é".repeat(4_096)}x` }],
  ["the built-in names", { CONVEX_OTHER: "x" }, { CONVEX_SITE_URL: "x" }],
  ["the number of variables", MANY, { ...MANY, ONE_MORE: "" }],
  ["the bytes of all", Object.fromEntries(Object.entries(LARGE).slice(0, 63)), LARGE],
])("limits of %s: at it is fine, beyond is refused as a whole", async (_what, fine, beyond) => {
  const world = await World.open(null);
  await set(world, fine);
  expect((await world.request<"environment">({ type: "environment" })).length).toBe(Object.keys(fine).length);
  await set(world, Object.fromEntries(Object.keys(fine).map((name) => [name, null])));
  await expect(set(world, { OTHER: "x", ...beyond })).rejects.toThrow("Cannot set environment variable");
  expect(await world.request<"environment">({ type: "environment" })).toEqual([]);
});

test("modules that look at variables are evaluated again, and a change that breaks them is refused", async () => {
  const files = {
    ...NOTES_APP,
    "which.ts": `${HEAD} const seen = process.env.MODE ?? "none"; if (seen === "bad") throw new Error("bad mode");
      export const is = query({ args: {}, handler: async () => seen });`,
  };
  const world = await World.open(files);
  expect(await world.value("which:is")).toBe("none");
  await set(world, { MODE: "fast" });
  expect(await world.value("which:is")).toBe("fast");
  await expect(set(world, { MODE: "bad" })).rejects.toThrow("bad mode");
  expect(await world.value("which:is")).toBe("fast");
  expect(await world.request<"environment">({ type: "environment" })).toEqual([{ name: "MODE", value: "fast" }]);
});
