import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { deltaSocket } from "./delta-socket.ts";

const ON = '{"type":"DeltasOn","version":1}';
const PING = '{"type":"Ping"}';

function transition(...modifications: object[]): string {
  return JSON.stringify({ type: "Transition", startVersion: {}, endVersion: {}, modifications });
}

let peer: WebSocketServer | undefined;
afterEach(() => {
  for (const socket of peer?.clients ?? []) socket.terminate();
  peer?.close();
});

/** A peer that says these frames to everybody, and the address a socket asked for. */
async function serve(frames: readonly (string | Buffer)[]) {
  const server = new WebSocketServer({ port: 0 });
  peer = server;
  const asked: string[] = [];
  const codes: number[] = [];
  server.on("connection", (socket, request) => {
    asked.push(request.url ?? "");
    socket.on("close", (code) => codes.push(code));
    for (const frame of frames) socket.send(frame);
  });
  await once(server, "listening");
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/api/sync`, asked, codes };
}

/** What is used of the browser's interface. */
interface Plain {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  addEventListener(type: string, listener: unknown, options?: object): void;
  removeEventListener(type: string, listener: unknown): void;
  readonly stats: { readonly frames: number; readonly bytes: number };
}
const Lean = deltaSocket({ webSocket: WebSocket }) as unknown as new (url: string | URL) => Plain;

test.each([
  { name: "does not fit", frame: transition({ type: "QueryDelta", queryId: 1, delta: { l: [1] } }) },
  { name: "is of no value", frame: transition({ type: "QueryDelta", queryId: 2, delta: 0 }) },
  { name: "is no JSON", frame: "{" },
])("a frame that $name ends the connection, and nothing of it is shown", async ({ frame }) => {
  const first = transition({ type: "QueryUpdated", queryId: 1, value: [1, 2], logLines: [], journal: null });
  const { url, codes } = await serve([ON, first, frame, PING]);
  const socket = new Lean(url);
  const seen: unknown[] = [];
  socket.onmessage = ({ data }) => seen.push(data);
  await expect.poll(() => codes).toEqual([4_000]);
  expect(seen).toEqual([first]);
});

test("it asks in the address, whatever is there already", async () => {
  const { url, asked } = await serve([]);
  for (const address of [url, `${url}?a=b`, new URL(url)]) {
    const socket = new Lean(address);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
  }
  expect(asked).toEqual(["/api/sync?deltas=1", "/api/sync?a=b&deltas=1", "/api/sync?deltas=1"]);
});

test("every kind of listener hears plain frames, the handler first", async () => {
  const { url } = await serve([ON, PING, PING, Buffer.from([1])]);
  const socket = new Lean(url);
  const heard: string[] = [];
  const listener = { handleEvent: ({ data }: { data: unknown }) => heard.push(`object ${String(data)}`) };
  const removed = (): void => void heard.push("removed");
  socket.addEventListener("message", listener);
  socket.addEventListener("message", removed);
  socket.removeEventListener("message", removed);
  socket.addEventListener("message", () => heard.push("once"), { once: true });
  socket.onmessage = ({ data }) => heard.push(`handler ${String(data)}`);
  expect(socket.onmessage).not.toBeNull();
  const each = (data: string, ...more: string[]): string[] => [`handler ${data}`, `object ${data}`, ...more];
  await expect.poll(() => heard).toEqual([...each(PING, "once"), ...each(PING), ...each("\u0001")]);
  // Binary frames are passed on; only text is counted.
  expect(socket.stats).toMatchObject({ frames: 3, bytes: ON.length + 2 * PING.length });
});
