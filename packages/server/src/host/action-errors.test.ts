/**
 * Goal: what goes through actions, jobs and HTTP actions when something fails reads as it does in Convex.
 */
import { parseValue, rootFunction } from "@narrowcast/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CallOutcome, HttpActionResponse } from "../protocol/deployment-types.ts";
import { bundleTexts } from "../kit/text-app.ts";
import { NOBODY } from "../testing/core-world.ts";
import { startDeployment, type RunningDeployment } from "./deployment.ts";

const APP = {
  "f.ts": `
    import { actionGeneric as action, mutationGeneric as mutation, queryGeneric as query, anyApi } from "convex/server";
    import { ConvexError } from "convex/values";
    export const refuse = mutation(async () => { throw new Error("inner"); });
    export const refuseWithData = mutation(async () => { throw new ConvexError({ n: 1 }); });
    export const broken = query(async () => { throw new Error("broken"); });
    export const counted = query(async (ctx, { n }) => { throw new Error("counted " + n + (await ctx.db.query("rows").collect()).length); });
    export const add = mutation(async (ctx) => { await ctx.db.insert("rows", {}); });
    export const catches = action(async (ctx, { path }) => {
      try { await ctx.runMutation(path); } catch (error) { return [error.message, error instanceof ConvexError ? error.data : null]; }
    });
    export const rethrows = action(async (ctx) => { await ctx.runMutation(anyApi.f.refuse); });
    export const later = mutation(async (ctx) => {
      await ctx.scheduler.runAfter(0, anyApi.f.refuse);
      await ctx.scheduler.runAfter(0, anyApi.f.rethrows);
    });
    export const jobs = query(async (ctx) => (await ctx.db.system.query("_scheduled_functions").collect()).map((job) => job.state));
    export const whoAmI = query(async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? "nobody");
    export const slow = action(async () => { await new Promise((resolve) => setTimeout(resolve, 60_000)); });
  `,
  "http.ts": `
    import { anyApi, httpActionGeneric, httpRouter } from "convex/server";
    const http = httpRouter();
    const route = (path, handler) => http.route({ path, method: "GET", handler: httpActionGeneric(handler) });
    route("/throws", async () => { throw new Error("in http"); });
    route("/asks", async (ctx) => new Response(await ctx.runQuery(anyApi.f.whoAmI)));
    route("/asksItself", async (ctx) => new Response(String(await ctx.auth.getUserIdentity())));
    route("/asksNot", async (ctx) => new Response("served"));
    export default http;
  `,
};
const HEADER = /^\[Request ID: ([0-9a-f]{16})\] Server Error\n/;

let deployment: RunningDeployment;
beforeAll(async () => {
  deployment = await startDeployment({ threads: false, cloudUrl: "http://cloud", siteUrl: "http://site" });
  expect(await deployment.push(await bundleTexts(APP))).toMatchObject({ ok: true });
});
afterAll(() => deployment.close());

function request(path: string, args: string) {
  return { ...rootFunction(path), args, identity: NOBODY, allowInternal: false, requestId: "0123456789abcdef" };
}

async function value(outcome: Promise<CallOutcome>): Promise<unknown> {
  const ended = await outcome;
  if (!ended.ok) throw new Error(ended.errorMessage);
  return parseValue(ended.value);
}

async function errorOf(outcome: Promise<CallOutcome>): Promise<string> {
  const ended = await outcome;
  return ended.ok ? "" : ended.errorMessage;
}

async function text(response: HttpActionResponse): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of response.body ?? []) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test("what an action catches is the text of the error with its frames, without the line that names a request", async () => {
  const inner = expect.stringMatching(
    /^Uncaught Error: inner\n {4}at <anonymous> \(\.\.\/convex\/f\.ts:\d+:\d+\)\n$/,
  ) as string;
  expect(await value(deployment.action(request("f:catches", `{"path":"f:refuse"}`)))).toEqual([inner, null]);
  const withData = (await value(deployment.action(request("f:catches", `{"path":"f:refuseWithData"}`)))) as [
    string,
    unknown,
  ];
  expect(withData[0]).toMatch(/^Uncaught ConvexError: /);
  expect(withData[1]).toEqual({ n: 1 });
});

test("the state of a failed job has no line that names a request", async () => {
  await deployment.mutation(request("f:later", "{}"));
  const jobs = async () =>
    (await value(deployment.query(request("f:jobs", "{}")))) as { kind: string; error?: string }[];
  await expect
    .poll(async () => (await jobs()).map(({ kind }) => kind), { timeout: 20_000 })
    .toEqual(["failed", "failed"]);
  const errors = (await jobs()).map(({ error }) => error);
  expect(errors[0]).toMatch(/^Uncaught Error: inner\n {4}at <anonymous> /);
  expect(errors[1]).toMatch(/^Uncaught Error: Uncaught Error: inner\n {4}at <anonymous> /);
});

test("a failed HTTP action says that the error was uncaught", async () => {
  const response = await deployment.httpAction({
    method: "GET",
    url: "http://site/throws",
    headers: [],
    body: null,
    identity: NOBODY,
    requestId: "0123456789abcdef",
  });
  expect(response.status).toBe(500);
  expect(JSON.parse(await text(response))).toMatchObject({
    code: "[Request ID: 0123456789abcdef] Server Error: Uncaught Error: in http",
    trace: expect.stringMatching(/^Uncaught Error: in http\n {4}at /) as string,
  });
});

test("an action that takes too long is named", async () => {
  const limits = { actionTimeMs: 300 };
  const strict = await startDeployment({ threads: false, cloudUrl: "http://cloud", siteUrl: "http://site", limits });
  await strict.push(await bundleTexts(APP));
  const says = "Action `f:slow` execution timed out (maximum duration 0.3s)";
  expect(await errorOf(strict.action(request("f:slow", "{}")))).toContain(says);
  await strict.close();
});

test("every request that fails has a request id of its own, and the re-runs of a subscription keep the first one's", async () => {
  const idOf = (message: string) => HEADER.exec(message)?.[1];
  const ids = new Set<string | undefined>();
  for (let n = 0; n < 3; n++) ids.add(idOf(await errorOf(deployment.query(request("f:broken", "{}")))));
  expect(ids.size).toBe(3);
  expect(ids).not.toContain(undefined);
  const messages: string[] = [];
  const link = deployment.openSocket(({ changes }) => {
    for (const { result } of changes) if (result?.ok === false) messages.push(result.errorMessage);
  });
  link.modifyQueries(1, [{ queryId: 1, ...rootFunction("f:counted"), args: `{"n":1}`, journal: null }], []);
  for (let rows = 0; rows < 3; rows++) {
    await expect.poll(() => messages.at(-1), { timeout: 20_000 }).toContain(`Uncaught Error: counted 1${rows}\n`);
    await deployment.mutation(request("f:add", "{}"));
  }
  link.close();
  expect(new Set(messages.map(idOf)).size).toBe(1);
});

test.each(["/asks", "/asksItself"])(
  "%s: an identity that nobody can tell fails when it is asked for, and only then",
  async (path) => {
    const unknown = { ...NOBODY, key: "unknown:x", error: "No auth provider found matching the given token." };
    const ask = (at: string, identity: typeof NOBODY) =>
      deployment.httpAction({
        method: "GET",
        url: `http://site${at}`,
        headers: [],
        body: null,
        identity,
        requestId: "0123456789abcdef",
      });
    expect((await ask(path, NOBODY)).status).toBe(200);
    const refused = await ask(path, unknown);
    expect(refused.status).toBe(500);
    expect(await text(refused)).toContain("No auth provider found matching the given token.");
    expect(await text(await ask("/asksNot", unknown))).toBe("served");
    expect((await ask(path, NOBODY)).status).toBe(200);
  },
);
