/**
 * Module state in action threads: V8 actions and HTTP actions begin anew, also those under way at once; "use node" modules keep theirs.
 */
import { CONVEX_LIMITS, ROOT_COMPONENT } from "@narrowcast/values";
import { expect, test } from "vitest";
import type { FromWorker } from "../protocol/action-protocol.ts";
import { bundleTexts } from "../kit/text-app.ts";
import { NOBODY } from "../testing/app-harness.ts";
import { ActionRunner } from "./action-runner.ts";
import { takeApart } from "../app/code-manifest.ts";
import { newHeartMemory } from "../protocol/heartbeat.ts";
import { newWatchMemory } from "../protocol/watchdog.ts";

const APP = {
  "kept.ts": `
    let n = 0; const seen = new Map();
    export function bump() { n += 1; seen.set(n, n); globalThis.counted = (globalThis.counted ?? 0) + 1; return [n, seen.size, globalThis.counted]; }`,
  "a.ts": `
    import { actionGeneric as action } from "convex/server";
    import { bump } from "./kept";
    export const slow = action(async () => { bump(); await new Promise((resolve) => setTimeout(resolve, 20)); return bump(); });`,
  "n.ts": `"use node";
    import { actionGeneric as action } from "convex/server";
    let n = 0;
    export const count = action(() => ++n);`,
  "http.ts": `
    import { httpRouter, httpActionGeneric as httpAction } from "convex/server";
    import { bump } from "./kept";
    const http = httpRouter();
    http.route({ path: "/bump", method: "GET", handler: httpAction(async () => Response.json(bump())) });
    export default http;`,
};

test("each action and each request sees fresh modules", async () => {
  const sent: FromWorker[] = [];
  const waiting = new Map<number, () => void>();
  const urls = { cloudUrl: "http://127.0.0.1:3210", siteUrl: "http://127.0.0.1:3211" };
  const code = await bundleTexts(APP);
  const { manifest } = takeApart(code);
  const shared = { watchMemory: newWatchMemory(), heartMemory: newHeartMemory(), why: "start" } as const;
  const data = { code: manifest, ...shared, environment: [], limits: CONVEX_LIMITS, ...urls };
  const runner = new ActionRunner(
    data,
    code,
    (message) => {
      sent.push(message);
      if (message.type === "done" || message.type === "end") waiting.get(message.id)?.();
    },
    () => {},
  );
  let ids = 0;
  const common = { identity: NOBODY, requestId: "0123456789abcdef" };
  const ended = (id: number) => new Promise<void>((resolve) => waiting.set(id, resolve));
  const run = async (path: string): Promise<unknown> => {
    const id = ids++;
    const end = ended(id);
    runner.receive({ type: "run", id, ...common, component: ROOT_COMPONENT, path, args: "{}", allowInternal: true });
    await end;
    const done = sent.find((message) => message.type === "done" && message.id === id);
    return done?.type === "done" && done.result.ok ? (JSON.parse(done.result.value) as unknown) : done;
  };
  const get = async (): Promise<unknown> => {
    const id = ids++;
    const end = ended(id);
    const url = "http://127.0.0.1:3211/bump";
    runner.receive({ type: "http", id, ...common, method: "GET", url, headers: [], body: null });
    await end;
    const bytes = sent.flatMap((message) => (message.type === "chunk" && message.id === id ? [message.bytes] : []));
    return JSON.parse(Buffer.concat(bytes).toString()) as unknown;
  };
  expect(await Promise.all([run("a:slow"), run("a:slow"), run("a:slow")])).toEqual([
    [2, 2, 2],
    [2, 2, 2],
    [2, 2, 2],
  ]);
  for (let request = 0; request < 2; request += 1) expect(await get()).toEqual([1, 1, 1]);
  expect([await run("n:count"), await run("n:count")]).toEqual([1, 2]);
});
