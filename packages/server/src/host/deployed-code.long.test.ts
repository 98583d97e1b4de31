/**
 * Code between real threads: who evaluates "use node" modules, how often, and what goes on meanwhile.
 *
 * Modules note each evaluation in a file, and wait for files: so the order of work is seen without looking at a clock.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rootFunction } from "@narrowcast/values";
import { bundleTexts } from "../kit/text-app.ts";
import { NOBODY, NOTES_APP } from "../testing/core-world.ts";
import type { CallRequest } from "../protocol/deployment-types.ts";
import { startDeployment, type RunningDeployment } from "./deployment.ts";

const SAMPLE_ROUNDS = 100_000_000;

let folder: string;
let deployment: RunningDeployment;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "narrowcast-code-"));
  await open();
});
afterEach(async () => {
  await deployment.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(): Promise<void> {
  const directory = join(folder, "store");
  deployment = await startDeployment({ directory, cloudUrl: "http://cloud", siteUrl: "http://site" });
}

function call(path: string, args: object = {}): CallRequest {
  return {
    ...rootFunction(path),
    args: JSON.stringify(args),
    identity: NOBODY,
    allowInternal: true,
    requestId: "0123456789abcdef",
  };
}

const noted = (): readonly string[] =>
  existsSync(join(folder, "noted")) ? readFileSync(join(folder, "noted"), "utf8").trim().split("\n") : [];

/** An app whose "use node" module notes that it is evaluated, and by whom. */
const app = (rest = "") => ({
  ...NOTES_APP,
  "node.ts": `"use node";
    import { appendFileSync, existsSync } from "node:fs";
    import { threadId } from "node:worker_threads";
    import { actionGeneric as action } from "convex/server";
    appendFileSync(${JSON.stringify(join(folder, "noted"))}, threadId + "\\n");
    ${rest}
    export const act = action({ args: {}, handler: async () => [process.env.SEEN ?? null, process.env.OTHER ?? null] });`,
});

async function act(): Promise<unknown> {
  const outcome = await deployment.action(call("node:act"));
  if (!outcome.ok) throw new Error(outcome.errorMessage);
  return JSON.parse(outcome.value);
}

test("a query is answered while a push waits for a slow import", async () => {
  expect(await deployment.push(await bundleTexts(NOTES_APP))).toMatchObject({ ok: true });
  const gate = JSON.stringify(join(folder, "gate"));
  const wait = `const flag = new Int32Array(new SharedArrayBuffer(4)); while (!existsSync(${gate})) Atomics.wait(flag, 0, 0, 10);`;
  const order: string[] = [];
  const push = deployment.push(await bundleTexts(app(wait))).then((outcome) => {
    order.push("push");
    return outcome;
  });
  while (noted().length === 0) await deployment.head();
  // The module is being evaluated, and stays there until this was answered.
  expect(await deployment.query(call("notes:count"))).toMatchObject({ ok: true, value: "0" });
  expect(await deployment.mutation(call("notes:add", { text: "meanwhile" }))).toMatchObject({ ok: true });
  order.push("query");
  writeFileSync(join(folder, "gate"), "");
  expect(await push).toMatchObject({ ok: true });
  expect(order).toEqual(["query", "push"]);
});

test('"use node" modules are evaluated once: by the thread that then runs actions, not by the core, and not again by a new core', async () => {
  expect(await deployment.push(await bundleTexts(app()))).toMatchObject({ ok: true });
  expect(noted()).toHaveLength(1);
  await act();
  await deployment.core.crash();
  expect(await deployment.query(call("notes:count"))).toMatchObject({ ok: true });
  await act();
  expect(noted()).toHaveLength(1);
  expect(deployment.actions.starts).toBe(1);
});

test("a process that starts anew serves node functions without evaluating them, until one is called", async () => {
  await deployment.push(await bundleTexts(app()));
  await deployment.close();
  await open();
  expect((await deployment.analysis()).functions.map(({ path }) => path)).toContain("node:act");
  expect(noted()).toHaveLength(1);
  expect(await act()).toEqual([null, null]);
  expect(noted()).toHaveLength(2);
});

test("another environment reaches threads that run; only modules that looked at the variable are evaluated again", async () => {
  await deployment.push(
    await bundleTexts(app(`const seen = process.env.SEEN; if (seen === "bad") throw new Error("bad value");`)),
  );
  await act();
  const { starts } = deployment.actions;
  await deployment.setEnvironment([{ name: "OTHER", value: "x" }]);
  expect(await act()).toEqual([null, "x"]);
  expect(noted()).toHaveLength(1);
  expect(deployment.actions.starts).toBe(starts);
  await deployment.setEnvironment([{ name: "SEEN", value: "y" }]);
  expect(await act()).toEqual(["y", "x"]);
  // Once to see whether it goes, once more in the thread that runs actions.
  expect(noted()).toHaveLength(3);
  await expect(deployment.setEnvironment([{ name: "SEEN", value: "bad" }])).rejects.toThrow("bad value");
  expect(await act()).toEqual(["y", "x"]);
});

test('"use node" modules that do not load, or never end, fail the push; threads and texts of it do not stay', async () => {
  await deployment.push(await bundleTexts(NOTES_APP));
  expect(await deployment.push(await bundleTexts(app(`throw new Error("on import");`)))).toMatchObject({
    ok: false,
    message: expect.stringContaining("on import"),
  });
  expect(await deployment.push(await bundleTexts(app("while (true) {}")))).toMatchObject({
    ok: false,
    code: "ModuleTimeout",
    message: expect.stringContaining("maximum duration: 4s"),
  });
  expect(await deployment.query(call("notes:count"))).toMatchObject({ ok: true });
  expect(deployment.core.starts).toBe(1);
  while (deployment.actions.threads > 0) await deployment.head();
});

test("modules may compute for longer than a function may", async () => {
  const slow = `import { queryGeneric as query } from "convex/server";
    let x = 0; for (let i = 0; i < ${loopsFor(1_700)}; i += 1) x = (x * 31 + i) | 0;
    export const is = query(async () => x);`;
  expect(await deployment.push(await bundleTexts({ ...NOTES_APP, "slow.ts": slow }))).toMatchObject({ ok: true });
  expect(deployment.core.starts).toBe(1);
  await deployment.core.crash();
  expect(await deployment.query(call("slow:is"))).toMatchObject({ ok: true });
});

/** Rounds of {@linkcode compute} that take about that long here. */
function loopsFor(ms: number): number {
  const before = process.cpuUsage();
  compute(SAMPLE_ROUNDS);
  const { user } = process.cpuUsage(before);
  return Math.round((SAMPLE_ROUNDS * ms * 1_000) / Math.max(user, 1));
}

function compute(rounds: number): number {
  let x = 0;
  for (let i = 0; i < rounds; i += 1) x = (x * 31 + i) | 0;
  return x;
}
