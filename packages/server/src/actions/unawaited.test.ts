/**
 * Work that an action leaves behind: it is warned of, and fails the action if it is rejected before the action ends.
 */
import { CONVEX_LIMITS, rootFunction } from "@narrowcast/values";
import { expect, test } from "vitest";
import type { FromWorker } from "../protocol/action-protocol.ts";
import { formatLogLine } from "../isolate/console.ts";
import { bundleTexts } from "../kit/text-app.ts";
import { NOBODY } from "../testing/app-harness.ts";
import { ownRejections } from "../testing/own-rejections.ts";
import { ActionRunner } from "./action-runner.ts";
import { takeApart } from "../app/code-manifest.ts";
import { newHeartMemory } from "../protocol/heartbeat.ts";
import { newWatchMemory } from "../protocol/watchdog.ts";

ownRejections();

const APP = {
  "a.ts": `
    import { actionGeneric as action, anyApi } from "convex/server";
    export const clean = action(async (ctx) => { await ctx.runMutation(anyApi.a.m, {}); });
    export const one = action((ctx) => { void ctx.runMutation(anyApi.a.m, {}); });
    export const many = action(async (ctx) => {
      [1, 2].forEach(async () => { await ctx.runQuery(anyApi.a.q, {}); });
      void ctx.storage.generateUploadUrl();
      void ctx.scheduler.runAfter(0, anyApi.a.m, {});
    });
    export const rejects = action((ctx) => { void (async () => { await null; throw new Error("nobody listens"); })(); });
    export const handled = action(async (ctx) => {
      const failed = (async () => { throw new Error("somebody listens"); })();
      try { await failed; } catch { return "caught"; }
    });`,
  "http.ts": `
    import { httpRouter, httpActionGeneric as httpAction, anyApi } from "convex/server";
    const http = httpRouter();
    http.route({ path: "/one", method: "GET", handler: httpAction(async (ctx) => { void ctx.runMutation(anyApi.a.m, {}); return new Response("ok"); }) });
    http.route({ path: "/rejects", method: "GET", handler: httpAction(async (ctx) => { void Promise.reject(new Error("nobody listens")); return new Response("ok"); }) });
    export default http;`,
};

/** Runs one action or request in a host that answers calls a turn later than actions end. */
async function messagesOf(
  target: { readonly path: string } | { readonly url: string },
): Promise<readonly FromWorker[]> {
  const sent: FromWorker[] = [];
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const urls = { cloudUrl: "http://127.0.0.1:3210", siteUrl: "http://127.0.0.1:3211" };
  const code = await bundleTexts(APP);
  const { manifest } = takeApart(code);
  const shared = { watchMemory: newWatchMemory(), heartMemory: newHeartMemory(), why: "start" } as const;
  const data = { code: manifest, ...shared, environment: [], limits: CONVEX_LIMITS, ...urls };
  const runner: ActionRunner = new ActionRunner(
    data,
    code,
    (message) => {
      sent.push(message);
      if (message.type === "done" || message.type === "end") end();
      if (message.type !== "call") return;
      setTimeout(() => {
        runner.receive({ type: "reply", callId: message.callId, result: { ok: true, value: "null" } });
      }, 20);
    },
    () => {},
  );
  const onLoose = (thrown: unknown): void => void runner.failCurrent(thrown);
  process.on("unhandledRejection", onLoose);
  const common = { id: 1, identity: NOBODY, requestId: "0123456789abcdef" };
  runner.receive(
    "path" in target
      ? { type: "run", ...common, ...rootFunction(target.path), args: "{}", allowInternal: true }
      : { type: "http", ...common, method: "GET", url: `http://127.0.0.1:3211${target.url}`, headers: [], body: null },
  );
  await ended;
  process.off("unhandledRejection", onLoose);
  return sent;
}

function linesOf(messages: readonly FromWorker[]): readonly string[] {
  return messages.flatMap((message) => (message.type === "lines" ? message.lines.map(formatLogLine) : []));
}

const SEE =
  "Async operations should be awaited or they might not run. See https://docs.convex.dev/functions/actions#dangling-promises for more information.";

test.each([
  ["a:clean", []],
  ["a:one", [`[WARN] 1 unawaited operation: [runMutation]. ${SEE}`]],
  [
    "a:many",
    [`[WARN] 4 unawaited operations: [runQuery, runQuery, storage.generateUploadUrl, scheduler.runAt]. ${SEE}`],
  ],
])("%s succeeds, and its log names what it did not await", async (path, lines) => {
  const messages = await messagesOf({ path });
  expect(messages.find(({ type }) => type === "done")).toMatchObject({ result: { ok: true } });
  expect(linesOf(messages)).toEqual(lines);
});

test("a rejection that nobody handles fails the action", async () => {
  const messages = await messagesOf({ path: "a:rejects" });
  expect(messages.at(-1)).toMatchObject({ result: { ok: false } });
  expect(JSON.stringify(messages.at(-1))).toContain("Uncaught Error: nobody listens");
  expect((await messagesOf({ path: "a:handled" })).at(-1)).toMatchObject({ result: { ok: true, value: `"caught"` } });
});

test("HTTP actions follow the same rules", async () => {
  const one = await messagesOf({ url: "/one" });
  expect(one.find(({ type }) => type === "head")).toMatchObject({ status: 200 });
  expect(linesOf(one)).toEqual([`[WARN] 1 unawaited operation: [runMutation]. ${SEE}`]);
  const rejects = await messagesOf({ url: "/rejects" });
  expect(rejects.find(({ type }) => type === "head")).toMatchObject({ status: 500 });
  expect(rejects.at(-1)).toMatchObject({ type: "end", error: expect.stringContaining("nobody listens") as string });
});
