/**
 * Deployments with real threads, from the built files: the watchdog, crashes of the core and of action threads, idleness.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SocketUpdate } from "../protocol/live-types.ts";
import { startDeployment, type RunningDeployment } from "./deployment.ts";
import type { CallOutcome, CallRequest } from "../protocol/deployment-types.ts";
import { bundleTexts } from "../kit/text-app.ts";
import { NOBODY, NOTES_APP } from "../testing/core-world.ts";

const APP = {
  ...NOTES_APP,
  "trouble.ts": `
    import { mutationGeneric as mutation, queryGeneric as query, actionGeneric as action, makeFunctionReference } from "convex/server";
    import { v } from "convex/values";
    export const spin = query({ args: { when: v.number() }, handler: async (ctx, { when }) => {
      const count = (await ctx.db.query("notes").collect()).length;
      while (count === when) {}
      return count;
    } });
    export const spinMutation = mutation({ args: {}, handler: async (ctx) => {
      await ctx.db.insert("notes", { text: "never" });
      while (true) {}
    } });
    export const spinLater = mutation({ args: {}, handler: async (ctx) => ctx.scheduler.runAfter(0, makeFunctionReference("trouble:spinMutation"), {}) });
    export const mutate = action({ args: { text: v.string() }, handler: async (ctx, { text }) => {
      await ctx.runMutation(makeFunctionReference("notes:add"), { text });
      console.log("added", text);
      return ctx.runQuery(makeFunctionReference("notes:count"), {});
    } });
    export const later = action({ args: {}, handler: async (ctx) => ctx.scheduler.runAfter(0, makeFunctionReference("notes:add"), { text: "later" }) });
    export const wait = action({ args: {}, handler: async () => { await new Promise((r) => setTimeout(r, 60000)); } });
  `,
  "die.ts": `
    "use node";
    import { actionGeneric as action } from "convex/server";
    export const now = action({ args: {}, handler: async () => { process.exit(7); } });
  `,
  "http.ts": `
    import { httpRouter, httpActionGeneric } from "convex/server";
    const http = httpRouter();
    http.route({ path: "/hello", method: "POST", handler: httpActionGeneric(async (ctx, request) =>
      new Response("hello " + (await request.text()), { status: 201, headers: { "x-a": "b" } })) });
    http.route({ path: "/throw", method: "GET", handler: httpActionGeneric(async () => { throw new Error("in http"); }) });
    export default http;
  `,
};
const TIMED_OUT = "Function execution timed out (maximum duration: 1s)";

let deployment: RunningDeployment;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "narrowcast-test-"));
  deployment = await open();
  const outcome = await deployment.push(await bundleTexts(APP));
  expect(outcome).toMatchObject({ ok: true });
});
afterAll(async () => {
  await deployment.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(): Promise<RunningDeployment> {
  return startDeployment({ directory, cloudUrl: "http://cloud", siteUrl: "http://site" });
}

function call(path: string, args: object = {}): CallRequest {
  return { path, args: JSON.stringify(args), identity: NOBODY, allowInternal: true, requestId: "0123456789abcdef" };
}

async function count(): Promise<number> {
  const outcome = await deployment.query(call("notes:count"));
  return outcome.ok ? Number(outcome.value) : -1;
}

/** A socket with one query; `until` waits for an update that fits. */
function socket(path: string, args: object = {}) {
  const updates: SocketUpdate[] = [];
  let wake = (): void => undefined;
  const link = deployment.openSocket((update) => {
    updates.push(update);
    wake();
  });
  link.modifyQueries(1, [{ queryId: 1, path, args: JSON.stringify(args), journal: null }], []);
  const shown = (): unknown => {
    const results = updates.flatMap(({ changes }) => changes.map(({ result }) => result));
    const last = results.at(-1);
    return last?.ok === true ? last.value : last?.errorMessage;
  };
  const until = async (expected: (value: unknown) => boolean): Promise<void> => {
    while (!expected(shown())) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { link, updates, shown, until };
}

function expectTimedOut(outcome: CallOutcome): void {
  expect(outcome).toMatchObject({ ok: false, errorMessage: expect.stringContaining(TIMED_OUT) });
}

test("a query with an endless loop fails with Convex's message; everything else goes on and nothing is lost", async () => {
  const starts = deployment.core.starts;
  const watcher = socket("notes:count");
  await watcher.until((value) => value !== undefined);
  const before = await count();
  expect(await deployment.mutation(call("notes:add", { text: "acknowledged" }))).toMatchObject({ ok: true });
  const started = performance.now();
  const spinning = deployment.query(call("trouble:spin", { when: before + 1 }));
  const meanwhile = deployment.mutation(call("notes:add", { text: "meanwhile" }));
  expectTimedOut(await spinning);
  const elapsedMs = performance.now() - started;
  expect(await meanwhile).toMatchObject({ ok: true });
  await watcher.until((value) => value === `${before + 2}`);
  expect(await count()).toBe(before + 2);
  expect(deployment.core.starts).toBe(starts + 1);
  const versions = watcher.updates.map(({ ts }) => ts);
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
  // The promise is 2 s on a machine that has time; a busy one gets twice that before the test complains.
  expect(elapsedMs).toBeLessThan(4_000);
  watcher.link.close();
});

test("the same request is refused without another restart", async () => {
  const when = await count();
  expectTimedOut(await deployment.query(call("trouble:spin", { when })));
  // The answer comes before the new core; this one comes from it.
  await count();
  const { starts } = deployment.core;
  expectTimedOut(await deployment.query(call("trouble:spin", { when })));
  const watcher = socket("trouble:spin", { when });
  await watcher.until((value) => String(value).includes(TIMED_OUT));
  expect(deployment.core.starts).toBe(starts);
  watcher.link.close();
});

test("a mutation with an endless loop fails, leaves nothing behind and is not run again", async () => {
  const before = await count();
  const { starts } = deployment.core;
  expectTimedOut(await deployment.mutation(call("trouble:spinMutation")));
  expect(await count()).toBe(before);
  expect(deployment.core.starts).toBe(starts + 1);
});

test("a scheduled mutation with an endless loop has failed and is not run again", async () => {
  const { starts } = deployment.core;
  const watcher = socket("notes:jobs");
  await deployment.mutation(call("trouble:spinLater"));
  await watcher.until((value) => String(value).includes(TIMED_OUT));
  expect(deployment.core.starts).toBe(starts + 1);
  watcher.link.close();
});

test("mutations that were on their way when the core died take effect exactly once", async () => {
  const before = await count();
  const calls = Array.from({ length: 200 }, (_, i) => deployment.mutation(call("notes:add", { text: `crash ${i}` })));
  await calls[20];
  await deployment.core.crash();
  const outcomes = await Promise.all(calls);
  expect(outcomes.every(({ ok }) => ok)).toBe(true);
  expect(await count()).toBe(before + 200);
});

test("an action calls queries and mutations through the core, and its lines are logged", async () => {
  const before = await count();
  const outcome = await deployment.action(call("trouble:mutate", { text: "by action" }));
  expect(outcome).toMatchObject({ ok: true, value: `${before + 1}`, logLines: ["[LOG] 'added' 'by action'"] });
  const { entries } = await deployment.logs(0, 0);
  const lines = entries.filter(({ path }) => path === "trouble:mutate").flatMap((entry) => entry.lines);
  expect(lines.map(({ text }) => text)).toEqual(["'added' 'by action'"]);
});

test("an action schedules, also any() finds each kind", async () => {
  const before = await count();
  const watcher = socket("notes:count");
  expect(await deployment.any(call("trouble:later"))).toMatchObject({ ok: true });
  await watcher.until((value) => value === `${before + 1}`);
  expect(await deployment.any(call("notes:add", { text: "any" }))).toMatchObject({ ok: true });
  expect(await deployment.any(call("notes:count"))).toMatchObject({ ok: true, value: `${before + 2}` });
  expect(await deployment.any(call("no:such"))).toMatchObject({ ok: false });
  watcher.link.close();
});

test("a crash of an action thread fails its actions with a clear error, and the next action gets a new thread", async () => {
  const waiting = deployment.action(call("trouble:wait"));
  const died = deployment.action(call("die:now"));
  for (const outcome of await Promise.all([waiting, died])) {
    expect(outcome).toMatchObject({
      ok: false,
      errorMessage: expect.stringContaining("its thread ended: exit code 7"),
    });
  }
  expect(await deployment.action(call("trouble:mutate", { text: "after" }))).toMatchObject({ ok: true });
});

test("HTTP actions answer with status, headers and body; unknown paths are 404", async () => {
  const request = { method: "POST", headers: [], identity: NOBODY, requestId: "0123456789abcdef" } as const;
  const hello = await deployment.httpAction({ ...request, url: "http://site/hello", body: Buffer.from("you") });
  expect(hello.status).toBe(201);
  expect(hello.headers).toContainEqual(["x-a", "b"]);
  expect(await textOf(hello.body)).toBe("hello you");
  const missing = await deployment.httpAction({ ...request, url: "http://site/none", body: null });
  expect(missing.status).toBe(404);
  const thrown = await deployment.httpAction({ ...request, method: "GET", url: "http://site/throw", body: null });
  expect(thrown.status).toBe(500);
  expect(await textOf(thrown.body)).toContain("in http");
});

test("an idle deployment has no timers", async () => {
  await count();
  while (deployment.core.isWatching) await sleep(20);
  const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout");
  await sleep(50);
  expect(deployment.core.isWatching).toBe(false);
  // vitest's own timer for this test is one of them.
  expect(timers.length).toBeLessThanOrEqual(2);
});

test("a closed deployment opens again with its code, its data and its crons", async () => {
  const before = await count();
  await deployment.close();
  deployment = await open();
  expect(await count()).toBe(before);
  expect((await deployment.analysis()).functions.map(({ path }) => path)).toContain("trouble:spin");
});

test("a store that is open already is refused, and the one who has it goes on", async () => {
  await expect(open()).rejects.toThrow("has it open");
  expect(await count()).toBeGreaterThanOrEqual(0);
});

test("a deployment in memory survives its core, and leaves nothing behind", async () => {
  const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("narrowcast-memory-"));
  const before = folders();
  const memory = await startDeployment({ cloudUrl: "http://cloud", siteUrl: "http://site" });
  expect(folders().length).toBe(before.length + 1);
  await memory.push(await bundleTexts(APP));
  expect(await memory.mutation(call("notes:add", { text: "a" }))).toMatchObject({ ok: true });
  await memory.core.crash();
  expect(await memory.query(call("notes:count"))).toMatchObject({ ok: true, value: "1" });
  await memory.close();
  expect(folders()).toEqual(before);
});

test("a deployment in this process's memory works without threads", async () => {
  const memory = await startDeployment({ cloudUrl: "http://cloud", siteUrl: "http://site", threads: false });
  await memory.push(await bundleTexts(NOTES_APP));
  await memory.mutation(call("notes:add", { text: "a" }));
  expect(await memory.query(call("notes:count"))).toMatchObject({ ok: true, value: "1" });
  await memory.close();
  await expect(memory.query(call("notes:count"))).rejects.toThrow("it is closed");
});

test("a push whose modules loop for ever fails, and the old code goes on", async () => {
  const bad = { ...APP, "loop.ts": `export const x = 1; while (true) {}` };
  expect(await deployment.push(await bundleTexts(bad))).toMatchObject({
    ok: false,
    message: expect.stringContaining("Function execution timed out (maximum duration: 4s)"),
  });
  expect(await count()).toBeGreaterThanOrEqual(0);
});

async function textOf(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
