/**
 * Puts sockets and HTTP in front of a deployment: one port for the deployment, one for its HTTP actions.
 *
 * @module
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { CONVEX_LIMITS, type Limits } from "@narrowcast/values";
import type { AuthProvider, Deployment } from "../protocol/deployment-types.ts";
import { reportToStderr, type OnError } from "../sync/error-report.ts";
import type { DeltaCounters } from "../sync/delta-table.ts";
import { SocketServer } from "../sync/socket-server.ts";
import type { AdminKeys } from "./admin-keys.ts";
import type { RouteWorld } from "./answer.ts";
import { siteRoute } from "./http-action-route.ts";
import { SocketAuthenticator } from "./identity.ts";
import { UnfinishedBytes } from "../sync/unfinished-bytes.ts";
import { createListener } from "./listener.ts";
import { OfficialPushes } from "./official-pushes.ts";
import { TokenVerifier } from "./token-verifier.ts";
import { isHttpActionPath, routeFor } from "./routes.ts";
import { listenForUpgrades } from "./upgrade.ts";

export interface ServerOptions {
  readonly deployment: Deployment;
  readonly adminKeys: AdminKeys;
  /** 0 takes any free port. */
  readonly port: number;
  /** Port of HTTP actions; 0 takes any free port. */
  readonly sitePort: number;
  readonly host?: string | undefined;
  readonly limits?: Limits | undefined;
  /** Hides messages, stack traces and log lines of functions from everybody but admins; off by default. */
  readonly redacts?: boolean | undefined;
  /** Takes apps that use what is not there; off by default. */
  readonly allowsUnsupported?: boolean | undefined;
  /** Requests answered at the same time; more are turned away. */
  readonly requestsMax?: number | undefined;
  /** Memory for what sockets that speak deltas hold, in bytes; 0 speaks none. 64 MB by default. */
  readonly deltaBytesMax?: number | undefined;
  /** Lets clients negotiate permessage-deflate; off by default. */
  readonly compresses?: boolean | undefined;
  /** How often sockets are looked at, in milliseconds. */
  readonly tickMs?: number | undefined;
  /** Observes defects of the server; stderr by default. */
  readonly onError?: OnError | undefined;
}

/** A server that listens. */
export interface RunningHttp {
  readonly url: string;
  readonly siteUrl: string;
  /** Number of open sockets. */
  readonly sockets: number;
  /** Bytes that wait for clients that read slowly, of all sockets. */
  readonly unsentBytes: number;
  /** What sockets that speak deltas hold; undefined if the server speaks none. */
  readonly deltas: DeltaCounters | undefined;
  /** Requests being answered, and calls that sockets wait for. */
  readonly underWay: number;
  /** Stops listening at once and takes nothing more; what is under way goes on. */
  stop(): void;
  /** Stops, lets clients know and ends what is left; the deployment stays open. */
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 300_000;
const REQUESTS_MAX = 1_024;
/** What is under way when the server stops has so long to end. */
const STOP_WAIT_MS = 2_000;
const NO_PROVIDERS: readonly AuthProvider[] = [];

/** @throws Node's own error when a port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningHttp> {
  const { deployment, adminKeys, limits = CONVEX_LIMITS, host = "127.0.0.1" } = options;
  const { redacts = false, requestsMax = REQUESTS_MAX, onError = reportToStderr, tickMs } = options;
  const stopping = new AbortController();
  const tokens = new TokenVerifier(async () => (await deployment.analysis()).authProviders ?? NO_PROVIDERS);
  const pushes = new OfficialPushes(deployment, options.allowsUnsupported ?? false);
  const world: RouteWorld = { deployment, adminKeys, pushes, tokens, limits, redacts, stopping: stopping.signal };
  const authenticator = new SocketAuthenticator(world);
  const wire = {
    ...(tickMs === undefined ? {} : { tickMs }),
    ...(options.deltaBytesMax === undefined ? {} : { deltaBytesMax: options.deltaBytesMax }),
    ...(options.compresses === undefined ? {} : { compresses: options.compresses }),
  };
  const sockets = new SocketServer({ deployment, limits, authenticator, redacts, onError, ...wire });
  const running = { requests: 0, bodies: new UnfinishedBytes(limits.unfinishedBytesMax) };
  const common = { world, requestsMax, onError, running };
  const main = createServer(createListener({ ...common, route: routeFor, cors: (path) => !isHttpActionPath(path) }));
  const site = createServer(createListener({ ...common, route: () => siteRoute, cors: () => false }));
  listenForUpgrades(main, sockets);
  try {
    await listen(main, options.port, host);
    await listen(site, options.sitePort, host);
  } catch (error) {
    await Promise.all([stop(main), stop(site)]);
    throw error;
  }
  return {
    url: urlOf(main, host),
    siteUrl: urlOf(site, host),
    get sockets() {
      return sockets.size;
    },
    get unsentBytes() {
      return sockets.unsentBytes;
    },
    get deltas() {
      return sockets.deltas;
    },
    get underWay() {
      return running.requests + sockets.callsUnderWay;
    },
    stop: () => {
      stopping.abort();
      for (const server of [main, site]) {
        server.close();
        server.closeIdleConnections();
      }
      sockets.stop();
    },
    close: async () => {
      stopping.abort();
      await Promise.all([stop(main), stop(site), sockets.close()]);
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

/** Takes no new connections, lets requests under way end, then closes what is left. */
async function stop(server: Server): Promise<void> {
  const ended = once(server, "close");
  if (server.listening) server.close();
  else if ((await connectionsOf(server)) === 0) return;
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), STOP_WAIT_MS);
  await ended;
  clearTimeout(timer);
}

async function connectionsOf(server: Server): Promise<number> {
  return promisify(server.getConnections.bind(server))();
}

function urlOf(server: Server, host: string): string {
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${(server.address() as AddressInfo).port}`;
}
