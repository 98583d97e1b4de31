/**
 * A bare `ws` server that sends back what it gets: the limit of this machine's loopback sockets, as a program for `Child`.
 *
 * @module
 */
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { serveParent } from "./child.ts";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
await new Promise<void>((resolve) => {
  server.once("listening", resolve);
});
server.on("connection", (socket) => {
  socket.on("message", (data: Buffer) => socket.send(data.toString()));
});

serveParent(
  () => ({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
  () => server.close(),
);
