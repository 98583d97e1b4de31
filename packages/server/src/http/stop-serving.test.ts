/** Stopping: what is under way is finished or told why not, and nobody new is taken. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDeployment, call } from "../sync/testing/call.ts";
import { eventually } from "../sync/testing/eventually.ts";
import { RawClient } from "../sync/testing/raw-client.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { request, type Reply } from "../testing/request.ts";
import { stopServing } from "./stop-serving.ts";

const LONG_MS = 60_000;

function act({ url }: TestServer, ms: number): Promise<Reply> {
  return request(`${url}/api/action`, { body: { path: "items:sleep", args: { ms } } });
}

test("nobody listens from the first moment on, and what is under way is answered", async () => {
  const server = await openTestServer();
  const { deployment, http, url, siteUrl } = server;
  const [acting, hooked] = [act(server, 700), request(`${siteUrl}/slow`)];
  const kept = connect(Number(new URL(url).port), "127.0.0.1");
  kept.write("GET /version HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(kept, "data");
  const client = await RawClient.open(`${url.replace("http", "ws")}/api/1.48.0/sync`);
  client.connect();
  client.send({ type: "Action", requestId: 1, udfPath: "items:sleep", args: [{ ms: 600 }] });
  await eventually(() => deployment.actionsUnderWay).toBe(3);
  const stopped = stopServing(http, deployment, LONG_MS);
  await expect(request(`${url}/version`)).rejects.toThrow("fetch failed");
  expect(await acting).toMatchObject({ status: 200, json: { status: "success", value: 700 } });
  expect(await hooked).toMatchObject({ status: 200, text: "first second" });
  expect(await client.closed).toBe(1012);
  expect(client.messages.find(({ type }) => type === "ActionResponse")).toMatchObject({ success: true, result: 600 });
  await stopped;
  expect(kept.destroyed || kept.readableEnded || (await once(kept, "close")) !== undefined).toBe(true);
});

test("what does not end in time is told so, over HTTP and sockets, and is no empty reply", async () => {
  const server = await openTestServer();
  const { deployment, http, url } = server;
  const acting = act(server, LONG_MS);
  const client = await RawClient.open(`${url.replace("http", "ws")}/api/1.48.0/sync`);
  client.connect();
  client.send({ type: "Action", requestId: 1, udfPath: "items:sleep", args: [{ ms: LONG_MS }] });
  await eventually(() => deployment.actionsUnderWay).toBe(2);
  await stopServing(http, deployment, 50);
  expect(await acting).toMatchObject({
    status: 200,
    json: { status: "error", errorMessage: expect.stringContaining("the deployment was closed") },
  });
  expect(await client.closed).toBe(1012);
  expect(client.messages.find(({ type }) => type === "ActionResponse")).toMatchObject({
    success: false,
    result: expect.stringContaining("the deployment was closed"),
  });
  expect(server.errors).toEqual([]);
});

test("of a socket's mutations those under way are answered, and what was answered is there", async () => {
  const directory = mkdtempSync(join(tmpdir(), "narrowcast-stop-"));
  const server = await openTestServer({}, { directory, threads: true });
  const client = await RawClient.open(`${server.url.replace("http", "ws")}/api/1.48.0/sync`);
  client.connect();
  for (let requestId = 0; requestId < 900; requestId += 1) {
    client.send({ type: "Mutation", requestId, udfPath: "items:add", args: [{ tag: "t", n: requestId }] });
  }
  await client.until("MutationResponse", 1);
  await stopServing(server.http, server.deployment, LONG_MS);
  expect(await client.closed).toBe(1012);
  const answered = client.messages.flatMap((message) =>
    message.type === "MutationResponse" && message.success ? [message.requestId] : [],
  );
  expect(answered.length).toBeLessThan(900);
  const again = await openDeployment({ directory, threads: true });
  const outcome = await again.query(call("list", { tag: "t" }));
  await again.close();
  rmSync(directory, { recursive: true });
  const kept = outcome.ok ? (JSON.parse(outcome.value) as number[]) : [];
  expect(kept.slice(0, answered.length)).toEqual(answered);
});

test("a function that never comes back does not keep the server", async () => {
  const server = await openTestServer({}, { threads: true, limits: { userTimeMs: LONG_MS } });
  const looping = request(`${server.url}/api/mutation`, { body: { path: "items:loop", args: {} } });
  await eventually(() => server.http.underWay).toBe(1);
  await stopServing(server.http, server.deployment, 50);
  expect(await looping).toMatchObject({ status: 503, json: { code: "ServerStopping" } });
  expect(server.errors).toEqual([]);
});
