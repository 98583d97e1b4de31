/**
 * Puts sockets and HTTP in front of a deployment: one port for the deployment, one for its HTTP actions.
 *
 * @module
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { CONVEX_LIMITS, type Limits } from "@narrowcast/values";
import type { Deployment } from "../runtime/deployment-types.ts";
import { SocketServer } from "../sync/socket-server.ts";
import type { AdminKeys } from "./admin-keys.ts";
import type { RouteWorld } from "./answer.ts";
import { siteRoute } from "./http-action-route.ts";
import { KeyAuthenticator } from "./identity.ts";
import { createListener } from "./listener.ts";
import { routeFor } from "./routes.ts";

export interface ServerOptions {
  readonly deployment: Deployment;
  readonly adminKeys: AdminKeys;
  /** 0 takes any free port. */
  readonly port: number;
  /** Port of HTTP actions; 0 takes any free port. */
  readonly sitePort: number;
  readonly host?: string | undefined;
  readonly limits?: Limits | undefined;
}

/** A server that listens. */
export interface RunningHttp {
  readonly url: string;
  readonly siteUrl: string;
  /** Number of open sockets. */
  readonly sockets: number;
  /** Stops listening and lets clients know; the deployment stays open. */
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 300_000;

/** @throws Node's own error when a port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningHttp> {
  const { deployment, adminKeys, limits = CONVEX_LIMITS, host = "127.0.0.1" } = options;
  const world: RouteWorld = { deployment, adminKeys, limits };
  const sockets = new SocketServer({ deployment, limits, authenticator: new KeyAuthenticator(adminKeys) });
  const main = createServer(createListener({ world, route: routeFor, cors: true }));
  const site = createServer(createListener({ world, route: () => siteRoute, cors: false }));
  main.on("upgrade", (request, stream: Duplex, head: Buffer) => {
    if (SocketServer.serves((request.url ?? "").split("?")[0] ?? "")) sockets.upgrade(request, stream, head);
    else stream.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
  });
  try {
    await listen(main, options.port, host);
    await listen(site, options.sitePort, host);
  } catch (error) {
    await stop(main);
    throw error;
  }
  return {
    url: urlOf(main, host),
    siteUrl: urlOf(site, host),
    get sockets() {
      return sockets.size;
    },
    close: async () => {
      await sockets.close();
      await Promise.all([stop(main), stop(site)]);
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function urlOf(server: Server, host: string): string {
  const name = host === "0.0.0.0" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${(server.address() as AddressInfo).port}`;
}
