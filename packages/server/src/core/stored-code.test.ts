/**
 * Code in the store: by hash, nothing twice, nothing that no list names; analysed once; never lost over a restart.
 */
import { expect, test, vi } from "vitest";
import { readRows } from "../functions/system-rows.ts";
import { bundleTexts } from "../kit/text-app.ts";
import { NOTES_APP, START_MS, World } from "../testing/core-world.ts";
import { LOAD_AT_START } from "../protocol/run-key.ts";
import { readCode, readSource } from "./stored-code.ts";

const NODE = `"use node";
  import { actionGeneric as action } from "convex/server";
  export const act = action({ args: {}, handler: async () => process.env.MODE ?? null });`;

const withNode = (node: string, text = "one") => ({
  ...NOTES_APP,
  "node.ts": node,
  "which.ts": `import { queryGeneric as query } from "convex/server"; export const is = query(async () => "${text}");`,
});

const hashes = (world: World): readonly unknown[] =>
  world.core.commits.read((tx) => readRows(tx, "_module_sources", "by_hash", [], Infinity)).map((row) => row["hash"]);

const named = (world: World): readonly unknown[] =>
  (world.active?.code?.modules ?? []).map(({ hash }) => hash).toSorted((a, b) => (a < b ? -1 : 1));

const paths = (world: World): readonly string[] =>
  (world.active?.analysis.functions ?? []).map(({ path }) => path).filter((path) => path.startsWith("node:"));

test("a push brings only scripts that are not stored, and what no list names is removed with it", async () => {
  const world = await World.open(withNode(NODE));
  expect(world.main.asked).toBe(2);
  await world.push(await bundleTexts(withNode(NODE, "two")));
  expect(world.main.asked).toBe(3);
  expect(hashes(world)).toEqual(named(world));
  expect(hashes(world)).toHaveLength(2);
  await world.push(await bundleTexts(withNode(NODE, "two")));
  expect(world.main.asked).toBe(3);
  await world.push(await bundleTexts(NOTES_APP));
  expect(hashes(world)).toEqual(named(world));
  expect(hashes(world)).toHaveLength(1);
  await world.restart();
  expect(await world.value("notes:count")).toBe(0);
});

test("a push that fails stores no script", async () => {
  const world = await World.open(NOTES_APP);
  const before = hashes(world);
  expect(await world.push(await bundleTexts({ "bad.ts": `export const x = 1; throw new Error("no");` }))).toMatchObject(
    {
      ok: false,
    },
  );
  expect(hashes(world)).toEqual(before);
});

test('"use node" modules are analysed when they change; a restart takes the list that is stored', async () => {
  const world = await World.open(withNode(NODE));
  expect(world.main.analyses).toBe(1);
  expect(paths(world)).toEqual(["node:act"]);
  await world.push(await bundleTexts(withNode(NODE, "two")));
  await world.restart();
  expect(world.main.analyses).toBe(1);
  expect(paths(world)).toEqual(["node:act"]);
  await world.push(await bundleTexts(withNode(NODE.replace("act =", "other ="))));
  expect(world.main.analyses).toBe(2);
  expect(paths(world)).toEqual(["node:other"]);
});

test('"use node" modules that do not load fail the push with their message', async () => {
  const world = await World.open(NOTES_APP);
  const bad = `${NODE} throw new Error("in node");`;
  expect(await world.push(await bundleTexts(withNode(bad)))).toMatchObject({
    ok: false,
    message: expect.stringContaining("in node"),
  });
  expect(await world.value("notes:count")).toBe(0);
});

test('a variable that "use node" modules looked at has them analysed again, another one has not', async () => {
  const looking = `${NODE} if (process.env.MODE === "bad") throw new Error("bad mode");
    export const also = process.env.MODE === "more" ? act : null;`;
  const world = await World.open(withNode(looking));
  const set = (name: string, value: string) =>
    world.request<"setEnvironment">({ type: "setEnvironment", changes: [{ name, value }] });
  await set("OTHER", "x");
  expect(world.main.analyses).toBe(1);
  await set("MODE", "more");
  expect(world.main.analyses).toBe(2);
  expect(paths(world)).toEqual(["node:act", "node:also"]);
  await expect(set("MODE", "bad")).rejects.toThrow("bad mode");
  await world.restart();
  expect(paths(world)).toEqual(["node:act", "node:also"]);
  expect(world.main.asked).toBe(2);
});

test("what a release before stored as one row is taken apart once, with its node functions", async () => {
  const world = await World.open(withNode(NODE));
  makeOld(world);
  await world.restart();
  expect(await world.value("which:is")).toBe("one");
  expect(paths(world)).toEqual(["node:act"]);
  expect(hashes(world)).toEqual(named(world));
  const [row] = world.core.commits.read((tx) => readRows(tx, "_modules", "by_name", [], Infinity));
  expect(row).not.toHaveProperty("code");
  const { head } = world.core;
  await world.restart();
  expect(world.core.head).toBe(head);
  expect(await world.value("which:is")).toBe("one");
});

test("code that took too long when the core opened is tried again, and comes back without a push", async () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => undefined);
  try {
    const world = await World.open(NOTES_APP);
    await world.restart([{ run: LOAD_AT_START, times: 2, atMs: START_MS }]);
    expect(await world.query("notes:count")).toMatchObject({
      ok: false,
      errorMessage: expect.stringContaining("maximum duration: 20s"),
    });
    expect(world.active?.code).not.toBe(null);
    expect(said.mock.calls.flat().join()).toContain("tried again in 4 s");
    await world.advance(3_999);
    expect(await world.query("notes:count")).toMatchObject({ ok: false });
    await world.advance(1);
    expect(await world.query("notes:count")).toMatchObject({ ok: true });
    expect(said.mock.calls.flat().join()).toContain("are loaded, at attempt 4");
  } finally {
    said.mockRestore();
  }
});

/** Writes the code as releases before did. */
function makeOld(world: World): void {
  world.core.commits.writeBeforeState("test", (tx) => {
    const stored = readCode(tx);
    const bundles = (stored?.code.modules ?? []).map(({ environment, hash }) => {
      const script = readSource(tx, hash);
      return [environment, { code: script?.source, sourceMap: script?.sourceMap, modules: [] }] as const;
    });
    for (const row of readRows(tx, "_module_sources", "by_hash", [], Infinity)) tx.system.delete(row._id);
    const code = JSON.stringify({ node: null, nodeResolveDir: null, ...Object.fromEntries(bundles) });
    const [row] = readRows(tx, "_modules", "by_name", [], 1);
    if (row === undefined) throw new Error("nothing was pushed");
    tx.system.patch(row._id, { code, modules: undefined, nodeResolveDir: undefined, node: undefined });
  });
}
