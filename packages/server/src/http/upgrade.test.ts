import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { raw } from "../testing/request.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const OFFER = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n";
const BODY = JSON.stringify({ path: "items:count", args: { tag: "none" } });

test.each(["h2c", "HTTP/2.0, SHTTP/1.3", "foo"])("an offer of %s is answered as if there was none", async (offer) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<unknown>();
  const headers = {
    connection: "Upgrade, HTTP2-Settings",
    upgrade: offer,
    "http2-settings": "AAMAAABkAAQAoAAAAAIAAAAA",
  };
  const send = async (method: string, path: string, body: string): Promise<string> => {
    const asked = httpRequest(`${server.url}${path}`, { method, headers, agent }).end(body);
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    sockets.add(response.socket);
    return `${response.statusCode} ${await text(response)}`;
  };
  expect(await send("GET", "/version", "")).toMatch(/^200 \d/);
  for (let n = 0; n < 3; n += 1)
    expect(await send("POST", "/api/query", BODY)).toBe('200 {"status":"success","value":0}');
  expect(await send("GET", "/nowhere", "")).toMatch(/^404 /);
  // One connection for all: the offer does not end it.
  expect(sockets.size).toBe(1);
  agent.destroy();
  expect(server.errors).toEqual([]);
});

test("a body that comes later belongs to the request that made the offer", async () => {
  const head = `POST /api/query HTTP/1.1\r\nHost: x\r\n${OFFER}Connection: close\r\nContent-Length: ${BODY.length}\r\n\r\n`;
  const reply = await raw(server.url, head + BODY.slice(0, 10), { later: BODY.slice(10) });
  expect(reply).toMatch(/HTTP\/1\.1 200 OK[^]*"status":"success"/);
});

test("HTTP actions' port answers offers, too", async () => {
  const reply = await raw(
    server.siteUrl,
    `GET /nothing HTTP/1.1\r\nHost: x\r\n${OFFER.replace("Upgrade, ", "Upgrade, close, ")}\r\n`,
    {
      waitMs: 20_000,
    },
  );
  expect(reply).toMatch(/^HTTP\/1\.1 404 /);
});

test("a WebSocket where there is none is not found", async () => {
  const head = "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  expect(await raw(server.url, head)).toMatch(/^HTTP\/1\.1 404 /);
});
