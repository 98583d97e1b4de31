/**
 * Actions and HTTP actions in this thread, with a host that answers from a memory database.
 */
import { CONVEX_LIMITS, stringifyValue } from "@narrowcast/values";
import type { Limits, Value } from "@narrowcast/values";
import { expect, test } from "vitest";
import type { CallResult, FromWorker, HostCall, RunActionMessage } from "../protocol/action-protocol.ts";
import { ActionRunner } from "./action-runner.ts";
import { takeApart } from "../app/code-manifest.ts";
import { newHeartMemory } from "../protocol/heartbeat.ts";
import { newWatchMemory } from "../protocol/watchdog.ts";
import { bundleApp } from "../app/bundle.ts";
import { formatLogLine } from "../isolate/console.ts";
import { FIXTURE_DIR, NOBODY, openApp } from "../testing/app-harness.ts";
import { bundleTexts } from "../kit/text-app.ts";
import type { TestApp } from "../testing/app-harness.ts";
import type { CodePackage } from "../app/types.ts";

type Done = Extract<FromWorker, { type: "done" }>;
type End = Extract<FromWorker, { type: "end" }>;

/** A runner and the host's side of it. */
class Host {
  readonly runner: ActionRunner;
  readonly sent: FromWorker[] = [];
  isIdle = false;
  readonly #waiters = new Map<number, (message: Done | End) => void>();
  #ids = 0;

  constructor(code: CodePackage, answer: (call: HostCall) => Promise<CallResult>, limits: Limits = CONVEX_LIMITS) {
    this.runner = new ActionRunner(
      {
        code: takeApart(code).manifest,
        watchMemory: newWatchMemory(),
        heartMemory: newHeartMemory(),
        why: "start",
        environment: [["GREETING", "hi"]],
        cloudUrl: "http://127.0.0.1:3210",
        siteUrl: "http://127.0.0.1:3211",
        limits,
      },
      code,
      (message) => {
        this.sent.push(message);
        if (message.type === "call") {
          void answer(message.call).then((result) =>
            this.runner.receive({ type: "reply", callId: message.callId, result }),
          );
        } else if (message.type === "done" || message.type === "end") {
          this.#waiters.get(message.id)?.(message);
        }
      },
      () => {
        this.isIdle = true;
      },
    );
  }

  start(path: string, args: Value = {}, extra: Partial<RunActionMessage> = {}): { id: number; done: Promise<Done> } {
    const id = this.#ids++;
    const done = new Promise<Done>((resolve) => this.#waiters.set(id, (message) => resolve(message as Done)));
    this.runner.receive({
      type: "run",
      id,
      component: "",
      path,
      args: stringifyValue(args),
      identity: NOBODY,
      allowInternal: true,
      requestId: "0123456789abcdef",
      ...extra,
    });
    return { id, done };
  }

  async run(path: string, args: Value = {}): Promise<Done["result"]> {
    return (await this.start(path, args).done).result;
  }

  http(method: string, url: string, body: string | null = null): { id: number; end: Promise<End> } {
    const id = this.#ids++;
    const end = new Promise<End>((resolve) => this.#waiters.set(id, (message) => resolve(message as End)));
    this.runner.receive({
      type: "http",
      id,
      method,
      url: `http://127.0.0.1:3211${url}`,
      headers: [["content-type", "text/plain"]],
      body: body === null ? null : new TextEncoder().encode(body),
      identity: NOBODY,
      requestId: "0123456789abcdef",
    });
    return { id, end };
  }

  /** Status, headers and joined body of a finished request. */
  response(id: number): { status: number; headers: Map<string, string>; body: string; chunks: number } {
    const head = this.sent.find((message) => message.type === "head" && message.id === id);
    if (head?.type !== "head") throw new Error(`no head for request ${id}`);
    const chunks = this.sent.flatMap((message) =>
      message.type === "chunk" && message.id === id ? [message.bytes] : [],
    );
    return {
      status: head.status,
      headers: new Map(head.headers),
      body: Buffer.concat(chunks).toString(),
      chunks: chunks.length,
    };
  }

  lines(id: number): string[] {
    return this.sent.flatMap((message) =>
      message.type === "lines" && message.id === id ? message.lines.map(formatLogLine) : [],
    );
  }
}

/** Answers a host call from an app over a memory database. */
function answerFrom(app: TestApp): (call: HostCall) => Promise<CallResult> {
  return async (call) => {
    if (call.op === "tables") {
      const tx = app.database.begin({ readOnly: true });
      const tables: [number, string][] = [];
      for (let number = 10_000; number < 10_100; number++) {
        const name = tx.tableNameOf(number);
        if (name !== undefined) tables.push([number, name]);
      }
      tx.abort();
      return { ok: true, value: stringifyValue(tables) };
    }
    if (call.op !== "query" && call.op !== "mutation") {
      return { ok: false, errorMessage: `not in this test: ${call.op}`, errorData: null };
    }
    const { outcome } = await app[call.op](call.path, JSON.parse(call.args) as Value, { allowInternal: true });
    return outcome.result;
  };
}

/** A host that has nothing to answer. */
const noCalls = async (): Promise<CallResult> => ({ ok: false, errorMessage: "no calls here", errorData: null });

test("an action reads through the host, and its lines come as they are written", async () => {
  const app = await openApp((await bundleApp(FIXTURE_DIR)).code);
  const room = (await app.mutation("rooms/admin:open", { name: "lobby" })).value as string;
  const host = new Host(app.code, answerFrom(app));
  const { id, done } = host.start("rooms/admin:report", { room });
  expect((await done).result).toEqual({ ok: true, value: `{"count":0,"last":null}` });
  expect(host.lines(id)).toEqual(["[LOG] 'summary' { count: 0, last: null }"]);
});

test("a node action uses Node, and is reported with its environment", async () => {
  const app = await openApp((await bundleApp(FIXTURE_DIR)).code);
  const host = new Host(app.code, answerFrom(app));
  expect(host.runner.code.nodeAnalysis.functions.map(({ path }) => path)).toEqual(["files:hash"]);
  const done = await host.start("files:hash", { text: "abc" }).done;
  expect(done.environment).toBe("node");
  expect(done.result).toEqual({
    ok: true,
    value: `"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"`,
  });
});

test("scripts that looked at a changed variable are evaluated again, others are not; code that is broken by it stays as it was", async () => {
  const code = await bundleTexts({
    "plain.ts": `import { actionGeneric } from "convex/server";
      export const is = actionGeneric({ args: {}, handler: async () => process.env.GREETING ?? null });`,
    "node.ts": `"use node"; import { actionGeneric } from "convex/server";
      const seen = process.env.MODE ?? null; if (seen === "bad") throw new Error("bad mode");
      export const is = actionGeneric({ args: {}, handler: async () => seen });`,
  });
  const host = new Host(code, noCalls);
  const set = (...environment: [string, string][]) => host.runner.receive({ type: "environment", environment });
  expect(host.runner.code.evaluations).toBe(2);
  set(["GREETING", "hello"]);
  expect(host.runner.code.evaluations).toBe(2);
  expect(await host.run("plain:is")).toEqual({ ok: true, value: `"hello"` });
  set(["GREETING", "hello"], ["MODE", "fast"]);
  expect(host.runner.code.evaluations).toBe(3);
  expect(await host.run("node:is")).toEqual({ ok: true, value: `"fast"` });
  set(["MODE", "bad"]);
  expect(host.sent.at(-1)).toMatchObject({ type: "failed", message: expect.stringContaining("bad mode") });
  expect(await host.run("node:is")).toEqual({ ok: true, value: `"fast"` });
});

test("HTTP actions: routes, streamed bodies with back-pressure, 404 and 500", async () => {
  const app = await openApp((await bundleApp(FIXTURE_DIR)).code);
  const room = (await app.mutation("rooms/admin:open", { name: "lobby" })).value as string;
  const host = new Host(app.code, answerFrom(app));

  const summary = host.http("GET", `/summary?room=${room}`);
  await summary.end;
  expect(host.response(summary.id)).toMatchObject({ status: 200, body: `{"count":0,"last":null}` });

  const echo = host.http("POST", "/echo/x", "a b c d e f");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(host.response(echo.id)).toMatchObject({ status: 201, chunks: 4 });
  for (let n = 0; n < 2; n++) host.runner.receive({ type: "pull", id: echo.id });
  expect((await echo.end).error).toBeNull();
  expect(host.response(echo.id).body).toBe("a\nb\nc\nd\ne\nf\n");
  expect(host.response(echo.id).headers.get("x-kind")).toBe("echo");

  const missing = host.http("GET", "/nowhere");
  await missing.end;
  expect(host.response(missing.id)).toMatchObject({ status: 404, body: "No HttpAction routed for /nowhere" });

  const broken = host.http("GET", "/broken");
  expect((await broken.end).error).toContain("Uncaught Error: broken handler\n    at ");
  expect((await broken.end).isBroken).toBe(false);
  expect(host.response(broken.id).status).toBe(500);
  expect(JSON.parse(host.response(broken.id).body)).toMatchObject({
    code: "[Request ID: 0123456789abcdef] Server Error: Uncaught Error: broken handler",
  });
});

test("without http.js every request is 404", async () => {
  const host = new Host(await bundleTexts({ "a.ts": "export const a = 1;" }), noCalls);
  const request = host.http("GET", "/");
  await request.end;
  expect(host.response(request.id).body).toBe("This Convex deployment does not have HTTP actions enabled.");
});

const ACTIONS = `
import { actionGeneric as action } from "convex/server";
import { ConvexError, v } from "convex/values";
export const caught = action(async (ctx) => {
  try { await ctx.runMutation("x:y"); } catch (error) {
    return { isConvexError: error instanceof ConvexError, message: error.message, data: error.data ?? null };
  }
});
export const slow = action(async (ctx) => { await new Promise((resolve) => setTimeout(resolve, 10_000)); });
export const named = action(async (ctx, { name }) => {
  console.log(name, 1);
  await new Promise((resolve) => setTimeout(resolve, name === "a" ? 10 : 1));
  console.log(name, 2);
  return process.env.GREETING + " " + name;
});
export const globals = action(() => [
  globalThis.crypto.randomUUID().length, crypto.randomUUID().length, globalThis.performance.now() > 0, globalThis.atob("YQ=="),
  globalThis.structuredClone({ a: 1 }).a, typeof globalThis.fetch, typeof globalThis.process.env, typeof Buffer,
]);
export const strict = action({ args: { id: v.id("rooms") }, handler: async () => 1 });
`;

test("a ConvexError from the host is one of the app's own class", async () => {
  const host = new Host(await bundleTexts({ "m.ts": ACTIONS }), async () => ({
    ok: false,
    errorMessage: "[Request ID: x] Server Error\nUncaught ConvexError: {}",
    errorData: `{"code":{"$integer":"AQAAAAAAAAA="}}`,
  }));
  expect(await host.run("m:caught")).toEqual({
    ok: true,
    value: stringifyValue({
      isConvexError: true,
      message: "[Request ID: x] Server Error\nUncaught ConvexError: {}",
      data: { code: 1n },
    }),
  });
});

test("concurrent actions keep their lines apart and see the environment of the moment", async () => {
  const host = new Host(await bundleTexts({ "m.ts": ACTIONS }), noCalls);
  const [a, b] = [host.start("m:named", { name: "a" }), host.start("m:named", { name: "b" })];
  expect((await a.done).result).toEqual({ ok: true, value: `"hi a"` });
  expect((await b.done).result).toEqual({ ok: true, value: `"hi b"` });
  expect(host.lines(a.id)).toEqual(["[LOG] 'a' 1", "[LOG] 'a' 2"]);
  expect(host.lines(b.id)).toEqual(["[LOG] 'b' 1", "[LOG] 'b' 2"]);
  host.runner.receive({ type: "environment", environment: [["GREETING", "hello"]] });
  expect(await host.run("m:named", { name: "c" })).toEqual({ ok: true, value: `"hello c"` });
});

test("globals are the real ones, by name and through globalThis", async () => {
  const host = new Host(await bundleTexts({ "m.ts": ACTIONS }), noCalls);
  expect(await host.run("m:globals")).toEqual({
    ok: true,
    value: JSON.stringify([36, 36, true, "a", 1, "function", "object", "undefined"]),
  });
});

test("node modules see the deployment's variables, and may set some for themselves", async () => {
  const source = `"use node";
    import { actionGeneric as action } from "convex/server";
    process.env.OWN = "own";
    export const a = action(() => [process.env.GREETING, process.env.OWN, "PATH" in process.env, typeof Buffer, process.version.slice(0, 1),
      typeof require, globalThis.crypto.randomUUID().length]);`;
  const host = new Host(await bundleTexts({ "n.ts": source }), noCalls);
  expect(await host.run("n:a")).toEqual({
    ok: true,
    value: JSON.stringify(["hi", "own", false, "function", "v", "function", 36]),
  });
  expect("OWN" in process.env).toBe(false);
});

test("an action ends by its time limit and by being cancelled", async () => {
  const code = await bundleTexts({ "m.ts": ACTIONS });
  const limited = new Host(code, noCalls, { ...CONVEX_LIMITS, actionTimeMs: 30 });
  expect(await limited.run("m:slow")).toMatchObject({
    errorMessage:
      "[Request ID: 0123456789abcdef] Server Error\nAction `m:slow` execution timed out (maximum duration 0.03s)",
  });
  const host = new Host(code, noCalls);
  const { id, done } = host.start("m:slow");
  host.runner.receive({ type: "cancel", id, reason: "the client went away" });
  expect((await done).result).toMatchObject({ errorMessage: expect.stringContaining("the client went away") });
});

test("the ctx of an ended action refuses calls", async () => {
  // "use node" modules keep their state, as on Convex; others begin anew with each run.
  const source = `"use node";
    import { actionGeneric as action } from "convex/server";
    let kept;
    export const keep = action(async (ctx) => { kept = ctx; });
    export const useKept = action(async () => kept.runQuery("x:y"));`;
  const host = new Host(await bundleTexts({ "n.ts": source }), noCalls);
  await host.run("n:keep");
  expect(await host.run("n:useKept")).toMatchObject({
    errorMessage: expect.stringContaining('Cannot use "ctx" of this action: the action has ended'),
  });
});

test("ids in arguments are checked against the host's tables", async () => {
  const app = await openApp((await bundleApp(FIXTURE_DIR)).code);
  const room = (await app.mutation("rooms/admin:open", { name: "lobby" })).value as string;
  const host = new Host(await bundleTexts({ "m.ts": ACTIONS }), answerFrom(app));
  expect(await host.run("m:strict", { id: room })).toEqual({ ok: true, value: "1" });
  const sent = await app.mutation("messages:send", { room, author: "ada", body: "x" });
  expect(await host.run("m:strict", { id: sent.value! })).toMatchObject({
    errorMessage: expect.stringContaining(
      'from table `messages`, which does not match the table name in validator `v.id("rooms")`',
    ),
  });
});

test("drain reports when the last run has ended", async () => {
  const host = new Host(await bundleTexts({ "m.ts": ACTIONS }), noCalls);
  const { done } = host.start("m:named", { name: "a" });
  host.runner.receive({ type: "drain" });
  expect(host.isIdle).toBe(false);
  await done;
  await new Promise((resolve) => setImmediate(resolve));
  expect(host.isIdle).toBe(true);
});
