import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "../sync/testing/call.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { startDeployment } from "../host/deployment.ts";
import { request } from "../testing/request.ts";
import { eventually } from "../sync/testing/eventually.ts";

let server: TestServer;
/** The app's paths on the site's port, and on the deployment's own. */
let bases: readonly string[];

beforeAll(async () => {
  server = await openTestServer();
  bases = [server.siteUrl, `${server.url}/http`];
});
afterAll(() => server.close());

test("handlers answer on both ports, and see the app's path", async () => {
  for (const base of bases) {
    const { origin } = new URL(base);
    const reply = await request(`${base}/hello?a=1`);
    expect(reply).toMatchObject({ status: 200, text: `hello ${origin}/hello?a=1` });
    expect(reply.headers.get("x-app")).toBe("1");
  }
});

test("bytes go in and come out", async () => {
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
  const response = await fetch(`${server.siteUrl}/echo/x`, { method: "POST", body: bytes });
  expect(response.status).toBe(201);
  expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
});

test("handlers write", async () => {
  const reply = await request(`${server.siteUrl}/add`, { body: { tag: "by http", n: 4 } });
  expect(reply).toMatchObject({ status: 204, text: "" });
  expect(await server.deployment.query(call("list", { tag: "by http" }))).toMatchObject({ value: "[4]" });
});

test("a body arrives piece by piece", async () => {
  const response = await fetch(`${server.siteUrl}/slow`);
  const pieces: string[] = [];
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>)
    pieces.push(Buffer.from(piece).toString());
  expect(pieces).toEqual(["first ", "second"]);
});

test("how a handler failed is hidden from all but admins", async () => {
  const hiding = await openTestServer({ deployment: server.deployment, redacts: true });
  for (const base of [hiding.siteUrl, `${hiding.url}/http`]) {
    const reply = await request(`${base}/broken`);
    expect(reply).toMatchObject({ status: 500 });
    expect(reply.json).toEqual({
      code: expect.stringMatching(/^\[Request ID: [0-9a-f]{16}\] Server Error$/),
      trace: "",
    });
    const refused = await request(`${base}/refuse`);
    expect(refused.json).toMatchObject({ trace: "", data: { why: "told" } });
    const headers = { authorization: `Convex ${hiding.adminKey}` };
    expect(await request(`${base}/broken`, { headers })).toMatchObject({
      json: { code: expect.stringContaining("broken handler"), trace: expect.stringContaining("http.ts") },
    });
  }
  await hiding.close();
});

test("a client that leaves a body that never ends leaves nothing behind", async () => {
  const few = await openTestServer({ deployment: server.deployment, requestsMax: 2 });
  for (let i = 0; i < 5; i += 1) {
    const leaving = new AbortController();
    const response = await fetch(`${few.siteUrl}/endless`, { signal: leaving.signal });
    expect(response.status).toBe(200);
    leaving.abort();
    await eventually(async () => (await request(`${few.siteUrl}/hello`)).status).toBe(200);
  }
  await few.close();
});

test("HEAD is served by GET's handler, without the body", async () => {
  const reply = await request(`${server.siteUrl}/hello`, { method: "HEAD" });
  expect(reply).toMatchObject({ status: 200, text: "" });
  expect(reply.headers.get("x-app")).toBe("1");
});

test("the scheme is the one that the proxy in front was asked by", async () => {
  const { host } = new URL(server.siteUrl);
  for (const headers of [{ "x-forwarded-proto": "https" }, { forwarded: "for=1.2.3.4;proto=https" }]) {
    expect((await request(`${server.siteUrl}/hello`, { headers })).text).toBe(`hello https://${host}/hello`);
  }
});

test("cross-origin headers are the app's business alone", async () => {
  for (const base of bases) {
    const headers = { origin: "https://page.example", "access-control-request-method": "POST" };
    const own = await request(`${base}/options`, { method: "OPTIONS", headers });
    expect(own.status).toBe(204);
    expect(own.headers.get("x-own")).toBe("1");
    const reply = await request(`${base}/hello`, { headers: { origin: "https://page.example" } });
    expect(reply.headers.get("access-control-allow-origin")).toBe("https://app.example");
  }
});

test("what is not routed is said so", async () => {
  expect(await request(`${server.siteUrl}/nowhere`)).toMatchObject({
    status: 404,
    text: "No HttpAction routed for /nowhere",
  });
  expect(await request(`${server.url}/http/nowhere`)).toMatchObject({
    status: 404,
    text: "No HttpAction routed for /nowhere",
  });
  expect(await request(`${server.url}/http`)).toMatchObject({ status: 404, text: "No HttpAction routed for /" });
  expect(await request(`${server.siteUrl}/hello`, { body: "x" })).toMatchObject({ status: 404 });
});

test("a handler that throws is a 500 with what it threw", async () => {
  const reply = await request(`${server.siteUrl}/broken`);
  expect(reply).toMatchObject({
    status: 500,
    json: {
      code: expect.stringMatching(/^\[Request ID: [0-9a-f]{16}\] Server Error: Uncaught Error: broken handler/),
      trace: expect.stringContaining("broken handler"),
    },
  });
});

test("a body over 20 MiB is refused", async () => {
  const body = Buffer.alloc(20 * 1_048_576 + 1);
  expect(await request(`${server.siteUrl}/echo/x`, { body })).toMatchObject({
    status: 413,
    json: { code: "RequestTooLarge" },
  });
});

test("an app without HTTP actions is said to have none", async () => {
  const deployment = await startDeployment({ cloudUrl: "http://c.test", siteUrl: "http://s.test", threads: false });
  const bare = await openTestServer({ deployment });
  expect(await request(`${bare.siteUrl}/hello`)).toMatchObject({
    status: 404,
    text: "This Convex deployment does not have HTTP actions enabled.",
  });
  await bare.close();
  await deployment.close();
});
