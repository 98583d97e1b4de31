/**
 * What queries and mutations see of the world: clock, randomness, network, environment, console.
 */
import { CONVEX_LIMITS } from "@narrowcast/values";
import { beforeAll, expect, test } from "vitest";
import { ImportActivity } from "./import-activity.ts";
import { nodeGlobals } from "./user-globals.ts";
import { NOW_MS, openApp, openTexts } from "../testing/app-harness.ts";
import { bundleTexts } from "../kit/text-app.ts";
import type { TestApp } from "../testing/app-harness.ts";

const FUNCTIONS = `
import { queryGeneric as query, mutationGeneric as mutation } from "convex/server";
import { AsyncLocalStorage } from "node:async_hooks";
const atImport = { now: Date.now(), random: Math.random(), uuid: crypto.randomUUID() };
export const imported = query(() => atImport);

export const clock = query(() => {
  const subclass = new (class extends Date {})();
  return [
    Date.now(), new Date().getTime(), performance.now(), subclass.getTime(), new globalThis.Date().getTime(),
    new Date(5).getTime(), Date.UTC(2000, 0, 1), new Date(0) instanceof Date, typeof Date(), Date.name,
  ];
});
export const noClock = query(() => Math.max(1, 2) + new Date(7).getTime());
export const random = query(() => [
  Math.random(), Math.random(), globalThis.Math.random(), crypto.randomUUID(),
  Array.from(crypto.getRandomValues(new Uint8Array(5))), Math.floor(1.5), Math.PI,
]);
export const tooMuch = query(() => crypto.getRandomValues(new Uint8Array(65_537)));

export const fetches = query(() => fetch("http://127.0.0.1:1/"));
export const fetchesGlobal = query(() => globalThis.fetch("http://127.0.0.1:1/"));
export const timeout = query(() => { setTimeout(() => {}, 1); });
export const interval = query(() => { setInterval(() => {}, 1); });
export const immediate = query(() => { setImmediate(() => {}); });
export const hidden = query(() => [typeof Buffer, typeof process.cwd, typeof window, typeof WebSocket].join());

export const environment = query(() => [process.env.NAME ?? null, process.env.CONVEX_SITE_URL, "OTHER" in process.env]);
export const allEnvironment = query(() => Object.keys(process.env).sort());
export const setEnvironment = query(() => {
  process.env.NAME = "x"; delete process.env.NAME; process.env.NEW = "y"; Object.assign(process.env, { NEW: "z" });
  Object.defineProperty(process.env, "NEW", { value: "z", configurable: true, writable: true, enumerable: true });
  return [process.env.NAME, process.env.NEW ?? null, "NEW" in process.env];
});
export const lookedThrough = query(() => {
  const seen = [];
  for (const name in process.env) seen.push(name);
  return [
    Object.keys(process.env), Object.keys({ ...process.env }), seen, Object.keys(JSON.parse(JSON.stringify(process.env))),
    Object.entries(process.env).map(([name]) => name), Object.getOwnPropertyNames(process.env), Reflect.ownKeys(process.env),
    Object.keys(Object.assign({}, process.env)), Object.keys(Object.getOwnPropertyDescriptors(process.env)), Object.keys(structuredClone({ ...process.env })),
  ].map((names) => names.sort().join());
});
export const importedEnvironment = (() => { const names = Object.keys({ ...process.env }).join(); return query(() => names); })();
export const global = mutation(() => { globalThis.kept = (globalThis.kept ?? 0) + 1; return [globalThis.kept, self === globalThis, typeof globalThis.URL]; });
export const storage = query(async () => new AsyncLocalStorage().run(3, async () => { await null; return "ran"; }));

export const logs = query(() => {
  console.log("text", 1, { a: [1, { b: null }] }, undefined, 5n, new Map([["k", 1]]), new Error("e").message);
  console.debug("d"); console.info("i"); console.warn("w"); console.error("e"); console.trace("t");
  console.group("outer"); console.log("inner"); console.groupEnd(); console.log("after");
  console.count(); console.count("x"); console.count(); console.countReset(); console.count();
  console.time("t"); console.timeEnd("t"); console.timeEnd("t");
  console.assert(true, "no"); console.assert(false, "yes"); console.dir({ a: 1 }); console.table([1]);
  console.log({ get a() { throw new Error("x"); }, [Symbol.for("nodejs.util.inspect.custom")]() { throw new Error("inspector"); } });
});
export const manyLogs = query(() => { for (let n = 0; n < 300; n++) console.log(n); });
export const longLog = query(() => { console.log("ü".repeat(40_000)); });
`;

let app: TestApp;
beforeAll(async () => {
  app = await openTexts({ "f.js": FUNCTIONS });
});

test("the clock stands still, in every form", async () => {
  const { value, error, outcome } = await app.query("f:clock");
  expect(error).toBeUndefined();
  const fixed = [NOW_MS, NOW_MS, NOW_MS, NOW_MS, NOW_MS];
  expect(value).toEqual([...fixed, 5, Date.UTC(2000, 0, 1), true, "string", "Date"]);
  expect(outcome.clockObserved).toBe(true);
  expect((await app.query("f:noClock")).outcome.clockObserved).toBe(false);
});

test("the same seed gives the same randomness, another seed another", async () => {
  const [one, same, other] = [
    await app.query("f:random", {}, { seed: 5 }),
    await app.query("f:random", {}, { seed: 5 }),
    await app.query("f:random", {}, { seed: 6 }),
  ];
  expect(one.error).toBeUndefined();
  expect(same.value).toEqual(one.value);
  const values = one.value as [number, number, number, string, number[], number, number];
  expect(new Set(values.slice(0, 3)).size).toBe(3);
  for (const [index, value] of values.slice(0, 5).entries())
    expect(value).not.toEqual((other.value as unknown[])[index]);
  expect(values[3]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(values.slice(5)).toEqual([1, Math.PI]);
  expect((await app.query("f:tooMuch")).error).toContain("Uncaught RangeError");
});

test.each([
  ["f:fetches", "fetch()"],
  ["f:fetchesGlobal", "fetch()"],
  ["f:timeout", "setTimeout()"],
  ["f:interval", "setInterval()"],
  ["f:immediate", "setImmediate()"],
])("%s is refused: %s", async (path, what) => {
  expect((await app.query(path)).error).toContain(
    `Uncaught Error: Can't use ${what} in queries and mutations. Please consider using an action. See https://docs.convex.dev/functions/actions for more details.`,
  );
});

test("Node's own globals are hidden", async () => {
  expect((await app.query("f:hidden")).value).toBe("undefined,undefined,undefined,undefined");
});

test("environment variables are the deployment's, and reading one is a dependency", async () => {
  app.environment.set("NAME", "value");
  const read = await app.query("f:environment");
  expect(read.value).toEqual(["value", "http://127.0.0.1:3211", false]);
  expect([...read.tx.readSet.names()].sort()).toEqual(["env:NAME", "env:OTHER"]);
  const all = await app.query("f:allEnvironment");
  expect(all.value).toEqual(["CONVEX_CLOUD_URL", "CONVEX_SITE_URL", "NAME"]);
  expect([...all.tx.readSet.names()]).toContain("env:*");
});

test("the environment can be looked through in every way, and assignment is ignored", async () => {
  app.environment.set("NAME", "value");
  // As a core gives it: the built-in ones are among the others.
  app.environment.set("CONVEX_CLOUD_URL", "http://127.0.0.1:3210");
  const { value, error } = await app.query("f:lookedThrough");
  expect(error).toBeUndefined();
  expect(new Set(value as string[])).toEqual(new Set(["CONVEX_CLOUD_URL,CONVEX_SITE_URL,NAME"]));
  expect((await app.query("f:setEnvironment")).value).toEqual(["value", null, false]);
  expect((await app.query("f:importedEnvironment")).value).toBe("CONVEX_CLOUD_URL,CONVEX_SITE_URL");
});

test("the environment of Node modules can be written to and looked through", () => {
  const environment = new Map([["NAME", "value"]]);
  const urls = { cloudUrl: "http://127.0.0.1:3210", siteUrl: "http://127.0.0.1:3211" };
  const importing = new ImportActivity({ limits: CONVEX_LIMITS, environment, ...urls, nowMs: 0, seed: 0 });
  const { env } = nodeGlobals(() => importing, null).get("process") as { readonly env: { [name: string]: string } };
  env["NEW"] = "x";
  Object.defineProperty(env, "DEFINED", { value: "d" });
  delete env["CONVEX_SITE_URL"];
  expect({ ...env }).toEqual({ NAME: "value", NEW: "x", DEFINED: "d", CONVEX_CLOUD_URL: "http://127.0.0.1:3210" });
  expect(Object.keys(JSON.parse(JSON.stringify(env)) as object)).toHaveLength(4);
});

test("what a run sets on globalThis is its own", async () => {
  expect((await app.mutation("f:global")).value).toEqual([1, true, "function"]);
  expect((await app.mutation("f:global")).value).toEqual([1, true, "function"]);
  expect("kept" in globalThis).toBe(false);
});

test("AsyncLocalStorage is available", async () => {
  expect((await app.query("f:storage")).value).toBe("ran");
});

test("modules are evaluated with a fixed clock and seed", async () => {
  const code = await bundleTexts({ "f.js": FUNCTIONS });
  const [one, two] = [await openApp(code), await openApp(code)];
  const first = (await one.query("f:imported")).value;
  expect(first).toEqual((await two.query("f:imported")).value);
  expect(first).toMatchObject({ now: NOW_MS });
});

test("importing cannot use the network, and tells where it tried", async () => {
  const load = openTexts({ "lib/g.ts": `export const x = 1;\nsetTimeout(() => {}, 1);` });
  await expect(load).rejects.toThrow(
    /^Failed to import the app's modules: Uncaught Error: Can't use setTimeout\(\) while modules are being imported[^]*\n {4}at <anonymous> \(\.\.\/convex\/lib\/g\.ts:2:1\)\n/,
  );
});

test("environment variables that modules read while being imported are reported", async () => {
  const read = await openTexts({ "g.ts": `export const x = [process.env.KEY, process.env.CONVEX_CLOUD_URL];` });
  expect([...read.user.environmentRead]).toEqual(["KEY"]);
});

test("console renders as Node's inspector does", async () => {
  const { lines, error } = await app.query("f:logs");
  expect(error).toBeUndefined();
  expect(lines).toEqual([
    "[LOG] 'text' 1 { a: [ 1, { b: null } ] } undefined 5n Map(1) { 'k' => 1 } 'e'",
    "[DEBUG] 'd'",
    "[INFO] 'i'",
    "[WARN] 'w'",
    "[ERROR] 'e'",
    "[LOG] 't'",
    "[LOG] 'outer'",
    "[LOG]   'inner'",
    "[LOG] 'after'",
    "[LOG] default: 1",
    "[LOG] x: 1",
    "[LOG] default: 2",
    "[LOG] default: 1",
    "[LOG] t: 0ms",
    "[WARN] Timer 't' does not exist",
    "[ERROR] Assertion failed 'yes'",
    "[LOG] { a: 1 }",
    "[LOG] [ 1 ]",
    "[LOG] [cannot be shown: Error: inspector]",
  ]);
});

test("console stops at its limits", async () => {
  const many = await app.query("f:manyLogs");
  expect(many.lines.length).toBe(CONVEX_LIMITS.logLinesMax + 1);
  expect(many.lines.at(-1)).toBe("[ERROR] Log overflow (maximum 256). Remaining log lines omitted.");
  const [line] = (await app.query("f:longLog")).outcome.logLines;
  expect(line?.isTruncated).toBe(true);
  expect(Buffer.byteLength(line!.text)).toBeGreaterThan(CONVEX_LIMITS.logLineBytesMax - 2);
  expect(Buffer.byteLength(line!.text)).toBeLessThanOrEqual(CONVEX_LIMITS.logLineBytesMax);
  expect(line!.text).toMatch(/^'ü+$/);
});
