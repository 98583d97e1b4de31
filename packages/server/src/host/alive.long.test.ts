/**
 * What functions leave behind or never end, in every kind of function and of leftover: their thread is ended, they are named, the others go on.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { rootFunction } from "@narrowcast/values";
import { bundleTexts } from "../kit/text-app.ts";
import { NOBODY, NOTES_APP } from "../testing/core-world.ts";
import type { CallRequest } from "../protocol/deployment-types.ts";
import { startDeployment, type RunningDeployment } from "./deployment.ts";

/** Each kind of leftover, as statements of a handler. */
const LEFTOVERS = {
  promise: "void new Blob(['x']).text().then(() => { while (true) {} });",
  microtasks: "void new Blob(['x']).text().then(async () => { while (true) await null; });",
  channel:
    "const { port1, port2 } = new MessageChannel(); port2.onmessage = () => port1.postMessage(0); port1.postMessage(0);",
  abort: "AbortSignal.timeout(20).addEventListener('abort', () => { while (true) {} });",
};
const TIMER_LEFTOVERS = {
  timer: "setTimeout(() => { while (true) {} }, 20);",
  interval: "const again = () => { setTimeout(again, 0); for (let i = 0; i < 1e7; i += 1); }; again();",
};
const IN_CORE = Object.keys(LEFTOVERS);
const IN_ACTIONS = [...IN_CORE, ...Object.keys(TIMER_LEFTOVERS)];

const BAD = `
  import { mutationGeneric, queryGeneric, actionGeneric, makeFunctionReference } from "convex/server";
  import { v } from "convex/values";
  ${Object.entries(LEFTOVERS)
    .map(
      ([name, code]) => `
    export const ${name}Query = queryGeneric({ args: {}, handler: async () => { ${code} return "left"; } });
    export const ${name}Mutation = mutationGeneric({ args: {}, handler: async () => { ${code} return "left"; } });`,
    )
    .join("")}
  ${Object.entries({ ...LEFTOVERS, ...TIMER_LEFTOVERS })
    .map(
      ([name, code]) => `
    export const ${name}Action = actionGeneric({ args: {}, handler: async () => { ${code} return "left"; } });`,
    )
    .join("")}
  export const fine = actionGeneric({ args: {}, handler: async () => "fine" });
  export const waits = actionGeneric({ args: {}, handler: async () => { await new Promise((r) => setTimeout(r, 60_000)); } });
  export const spins = actionGeneric({ args: {}, handler: async () => { while (true) {} } });
  const again = makeFunctionReference("bad:callee");
  export const callee = actionGeneric({ args: { holds: v.boolean() }, handler: async (ctx, { holds }) => { while (holds); return "called"; } });
  export const calls = actionGeneric({ args: { holds: v.boolean() }, handler: async (ctx, { holds }) => {
    while (holds);
    await new Promise((r) => setTimeout(r, 300));
    return await ctx.runAction(again, { holds: false });
  } });
  export const eats = actionGeneric({ args: {}, handler: async () => { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)); } });`;
const HTTP = `
  import { httpRouter, httpActionGeneric } from "convex/server";
  const http = httpRouter();
  ${Object.entries({ ...LEFTOVERS, ...TIMER_LEFTOVERS })
    .map(
      ([name, code]) => `
    http.route({ path: "/${name}", method: "GET", handler: httpActionGeneric(async () => { ${code} return new Response("left"); }) });`,
    )
    .join("")}
  http.route({ path: "/fine", method: "GET", handler: httpActionGeneric(async () => new Response("fine")) });
  http.route({ pathPrefix: "/regex/", method: "GET", handler: httpActionGeneric(async (ctx, request) =>
    new Response(String(/^(a+)+$/.test(new URL(request.url).pathname.slice(7))))) });
  export default http;`;

/** On a machine that others keep busy, too. */
const TEST_MS = 120_000;

let deployment: RunningDeployment;
let directory: string;
const logged: string[] = [];
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "narrowcast-alive-"));
  deployment = await startDeployment({ directory, cloudUrl: "http://cloud", siteUrl: "http://site" });
  expect(await deployment.push(await bundleTexts({ ...NOTES_APP, "bad.ts": BAD, "http.ts": HTTP }))).toMatchObject({
    ok: true,
  });
});
afterAll(async () => {
  await deployment.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  logged.length = 0;
  vi.spyOn(console, "error").mockImplementation((...parts: unknown[]) => void logged.push(parts.join(" ")));
});
afterEach(() => void vi.restoreAllMocks());

function call(path: string): CallRequest {
  return { ...rootFunction(path), args: "{}", identity: NOBODY, allowInternal: true, requestId: "0123456789abcdef" };
}

async function get(path: string): Promise<{ readonly status: number; readonly text: string }> {
  const request = { method: "GET", headers: [], identity: NOBODY, requestId: "0123456789abcdef", body: null } as const;
  const { status, body } = await deployment.httpAction({ ...request, url: `http://site${path}` });
  const parts: Uint8Array[] = [];
  for await (const part of body ?? []) parts.push(part);
  return { status, text: Buffer.concat(parts).toString() };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20);
}

test.each(IN_CORE.flatMap((kind) => [`bad:${kind}Query`, `bad:${kind}Mutation`]))(
  "what %s leaves behind in the core is ended, the function is named, and a query is not run again",
  async (path) => {
    const { starts } = deployment.core;
    const ask = async () => (path.endsWith("Query") ? deployment.query(call(path)) : deployment.mutation(call(path)));
    const first = await ask();
    // A loop that begins before the run is over is the run's own.
    if (!first.ok) expect(first.errorMessage).toContain("timed out");
    await until(() => deployment.core.starts > starts);
    expect(logged.join("\n")).toContain(first.ok ? `what ${path} left behind went on` : `${path} did not come back`);
    expect(await deployment.query(call("notes:count"))).toMatchObject({ ok: true });
    if (path.endsWith("Query"))
      expect(await ask()).toMatchObject({ ok: false, errorMessage: expect.stringContaining("timed out") });
    expect(deployment.core.starts).toBe(starts + 1);
  },
  TEST_MS,
);

test.each(IN_ACTIONS)(
  "what an action and an HTTP action leave behind is ended, and they are named: %s",
  async (kind) => {
    const action = await deployment.action(call(`bad:${kind}Action`));
    if (!action.ok) expect(action.errorMessage).toContain(`did not turn its event loop`);
    await until(() => logged.some((line) => line.includes(`bad:${kind}Action`)));
    expect(await deployment.action(call("bad:fine"))).toMatchObject({ ok: true });
    expect([200, 500]).toContain((await get(`/${kind}`)).status);
    await until(() => logged.some((line) => line.includes(`GET /${kind}`)));
    expect(await get("/fine")).toEqual({ status: 200, text: "fine" });
  },
  TEST_MS,
);

test(
  "a request whose pattern never ends costs the others once; afterwards it runs apart",
  async () => {
    const slow = `/regex/${"a".repeat(40)}b`;
    const waiting = deployment.action(call("bad:waits"));
    const held = get(slow);
    const ended = await waiting;
    expect(ended).toMatchObject({
      ok: false,
      errorMessage: expect.stringMatching(/its thread ended: it did not turn its event loop .*GET \/regex\/\*/u),
    });
    expect((await held).status).toBe(500);
    // The action was a suspect, and is none any more once it comes to its end; the route has others beside it only apart.
    const { starts } = deployment.actions;
    const again = get(slow);
    const fine = await Promise.all(Array.from({ length: 20 }, async () => get("/fine")));
    expect(fine.every(({ status }) => status === 200)).toBe(true);
    expect(deployment.actions.starts - starts).toBeLessThanOrEqual(3);
    expect((await again).status).toBe(500);
    expect(logged.filter((line) => line.includes("GET /fine"))).toEqual([]);
  },
  TEST_MS,
);

test(
  "an action that loops for ever is ended when it is alone, and one that eats all memory ends its thread only",
  async () => {
    expect(await deployment.action(call("bad:spins"))).toMatchObject({
      ok: false,
      errorMessage: expect.stringContaining("it did not turn its event loop"),
    });
    expect(await deployment.action(call("bad:eats"))).toMatchObject({
      ok: false,
      errorMessage: expect.stringContaining("memory"),
    });
    expect(await deployment.action(call("bad:fine"))).toMatchObject({ ok: true });
  },
  TEST_MS,
);

test(
  "suspects that call suspects do not wait for each other",
  async () => {
    const ask = async (path: string, holds: boolean) =>
      deployment.action({ ...call(path), args: JSON.stringify({ holds }) });
    const held = await Promise.all([ask("bad:callee", true), ask("bad:calls", true)]);
    expect(held.map(({ ok }) => ok)).toEqual([false, false]);
    // Both are suspects, since they were together. Two that call take all turns that there are.
    const outcomes = await Promise.all([ask("bad:calls", false), ask("bad:calls", false)]);
    expect(outcomes).toMatchObject([
      { ok: true, value: '"called"' },
      { ok: true, value: '"called"' },
    ]);
  },
  TEST_MS,
);

test(
  "a module that leaves a loop behind while it is evaluated is named as one",
  async () => {
    const { starts } = deployment.core;
    const loose = { ...NOTES_APP, "loose.ts": `export const x = 1; ${LEFTOVERS.promise}` };
    expect(await deployment.push(await bundleTexts(loose))).toMatchObject({
      ok: false,
      message: expect.stringContaining("Function execution timed out (maximum duration: 4s)"),
    });
    await until(() => deployment.core.starts > starts);
    expect(logged.join("\n")).toContain("a module did not come back");
    expect(await deployment.query(call("notes:count"))).toMatchObject({ ok: true });
  },
  TEST_MS,
);
