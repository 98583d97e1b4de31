/**
 * Internal functions do not exist for those who may not call them, however their path is written and wherever it is sent.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { rootFunction, type ServerMessage } from "@narrowcast/values";
import type { CallRequest } from "../protocol/deployment-types.ts";
import { RawClient } from "../sync/testing/raw-client.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { request } from "../testing/request.ts";

const PRINTABLE = Array.from({ length: 0x7f - 0x20 }, (_, at) => String.fromCharCode(0x20 + at));
const INTERNAL = { query: "items:secret", mutation: "items:secretAdd" } as const;
/** As many letters, so that both texts are cut at one place. */
const UNKNOWN = { query: "items:absent", mutation: "items:absentAdd" } as const;
type Kind = keyof typeof INTERNAL;

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

/** A path as it is, and with each printable character before and after it. */
function written(path: string): readonly string[] {
  return [path, ...PRINTABLE.flatMap((character) => [character + path, path + character])];
}

const ROUTES: { readonly [route: string]: (path: string, kind: Kind) => Promise<string> } = {
  "POST /api/query": (path) => post("/api/query", { path, args: {} }),
  "GET /api/query": async (path) => {
    const query = new URLSearchParams({ path, args: "{}", format: "json" });
    return shape(await request(`${server.url}/api/query?${query.toString()}`));
  },
  "POST /api/query_batch": (path) => post("/api/query_batch", { queries: [{ path, args: {}, format: "json" }] }),
  "POST /api/mutation": (path) => post("/api/mutation", { path, args: { n: 1 } }),
  "POST /api/action": (path) => post("/api/action", { path, args: {} }),
  "POST /api/function": (path, kind) => post("/api/function", { path, args: kind === "query" ? {} : { n: 1 } }),
  "POST /api/run": (path, kind) =>
    post(`/api/run/${path.split(":").map(encodeURIComponent).join("/")}`, { args: kind === "query" ? {} : { n: 1 } }),
};

async function post(route: string, body: unknown): Promise<string> {
  return shape(await request(`${server.url}${route}`, { body }));
}

function shape({ status, text }: { readonly status: number; readonly text: string }): string {
  return `${status} ${text}`.replaceAll(/Request ID: \w+/g, "Request ID").replaceAll("secret", "absent");
}

test.each(Object.keys(ROUTES))("%s answers nobody as for a function that there is not", async (route) => {
  const ask = ROUTES[route] ?? expect.fail();
  for (const kind of ["query", "mutation"] as const) {
    const unknown = written(UNKNOWN[kind]);
    const pairs = written(INTERNAL[kind]).map(async (path, at) => {
      const [found, absent] = await Promise.all([ask(path, kind), ask(unknown[at] ?? "", kind)]);
      expect(found, path).toBe(absent);
      expect(found, path).not.toContain(`"success"`);
      return found;
    });
    const [plain] = await Promise.all(pairs);
    // Calling any kind of function by its path alone is for admins.
    const isForAdmins = route === "POST /api/function";
    expect(plain).toContain(isForAdmins ? "403" : `Could not find public function for '${UNKNOWN[kind]}'`);
  }
});

/** The same calls as somebody who is signed in; how a token becomes an identity does not matter here. */
function asUser(path: string): CallRequest {
  const identity = { kind: "user", key: "ann", attributes: { subject: "ann" } } as const;
  return { ...rootFunction(path), args: "{}", identity, allowInternal: false, requestId: "0123456789abcdef" };
}

test.each(["query", "mutation", "action", "any"] as const)(
  "%s answers a user as for a function that there is not",
  async (call) => {
    const answer = async (path: string): Promise<string> =>
      shape({ status: 0, text: JSON.stringify(await server.deployment[call](asUser(path)).catch(String)) });
    const target = call === "mutation" ? "mutation" : "query";
    const unknown = written(UNKNOWN[target]);
    for (const [at, path] of written(INTERNAL[target]).entries()) {
      const found = await answer(path);
      expect(found, path).toBe(await answer(unknown[at] ?? ""));
      expect(found, path).not.toContain(`"ok":true`);
    }
    expect(await answer(INTERNAL[target])).toContain("Could not find public function");
  },
);

/** What a socket is answered to all these paths, in their order. */
async function overSocket(paths: readonly string[], kind: Kind | "action"): Promise<string[]> {
  const client = await RawClient.open(`${server.url.replace("http", "ws")}/api/1.27.3/sync`);
  client.connect();
  if (kind === "query") {
    const modifications = paths.map((udfPath, queryId) => ({ type: "Add", queryId, udfPath, args: [{}] }));
    client.send({ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications });
  } else {
    const type = kind === "mutation" ? "Mutation" : "Action";
    paths.forEach((udfPath, requestId) => client.send({ type, requestId, udfPath, args: [{ n: 1 }] }));
  }
  const answers = new Map<number, string>();
  for (let seen = 0; answers.size < paths.length; seen += 1) {
    while (client.messages.length <= seen) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const [id, answer] of answersOf(client.messages[seen])) answers.set(id, shape({ status: 0, text: answer }));
  }
  client.socket.close();
  return paths.map((_, id) => answers.get(id) ?? "none");
}

function answersOf(message: ServerMessage | undefined): readonly (readonly [number, string])[] {
  switch (message?.type) {
    case "Transition":
      return message.modifications.map((change) => [
        change.queryId,
        change.type === "QueryFailed" ? change.errorMessage : `"success"`,
      ]);
    case "MutationResponse":
    case "ActionResponse":
      return [[message.requestId, message.success ? `"success"` : message.result]];
    default:
      return [];
  }
}

test.each(["query", "mutation", "action"] as const)(
  "a %s of a socket is answered as for a function that there is not",
  async (kind) => {
    const target = kind === "query" ? "query" : "mutation";
    const found = await overSocket(written(INTERNAL[target]), kind);
    expect(found).toEqual(await overSocket(written(UNKNOWN[target]), kind));
    expect(found[0]).toContain(`Could not find public function for '${UNKNOWN[target]}'`);
    expect(found.filter((answer) => answer.includes(`"success"`))).toEqual([]);
  },
);

test("those who may call internal functions still do", async () => {
  const headers = { authorization: `Convex ${server.adminKey}` };
  const reply = await request(`${server.url}/api/query`, { body: { path: "items:secret", args: {} }, headers });
  expect(reply.json).toEqual({ status: "success", value: "secret" });
});
