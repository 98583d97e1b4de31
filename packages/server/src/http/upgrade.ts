/**
 * Requests that ask for another protocol.
 *
 * A WebSocket on a path of the sync protocol becomes one. Any other offer (HTTP/2 without TLS, which some clients make with every request)
 * may be ignored by RFC 9110, so the request is answered as if it had offered nothing. `node:http` takes such requests out of its own hands;
 * here they are given back: the head is written again without the offer and put in front of what the connection brings.
 *
 * @module
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { SocketServer } from "../sync/socket-server.ts";

/** What an offer consists of; the rest of the head stays as it came. */
const OFFER: ReadonlySet<string> = new Set(["upgrade", "http2-settings", "connection"]);

/** Answers upgrade requests of `server`. */
export function listenForUpgrades(server: Server, sockets: SocketServer): void {
  server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() !== "websocket") answerPlainly(server, request, stream, head);
    else if (SocketServer.serves((request.url ?? "").split("?")[0] ?? "")) sockets.upgrade(request, stream, head);
    else refuse(stream);
  });
}

function answerPlainly(server: Server, request: IncomingMessage, stream: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  let text = `${method ?? "GET"} ${url ?? "/"} HTTP/${httpVersion}\r\n`;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (!OFFER.has(name.toLowerCase())) text += `${name}: ${rawHeaders[at + 1] ?? ""}\r\n`;
  }
  if (/\bclose\b/i.test(request.headers.connection ?? "")) text += "Connection: close\r\n";
  stream.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, "latin1"), head]));
  server.emit("connection", stream);
}

function refuse(stream: Duplex): void {
  // Nobody else listens any more: an error without a listener would end the process.
  stream.on("error", () => stream.destroy());
  stream.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
}
