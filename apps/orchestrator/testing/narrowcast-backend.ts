/**
 * Deployments on the real server, called through the published clients over HTTP or over a WebSocket.
 *
 * A server is emptied and used again by the next test; a second one is started only while the first is in use.
 */
import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { PASSWORD, type ArrangeableBackend, type BackendDriver } from "./backend.ts";
import { TestServer } from "./server.ts";

type AnyArgs = Record<string, unknown>;

/** The calls of both clients, without their types of optional arguments. */
interface AnyClient {
  query(fn: unknown, args: AnyArgs): Promise<never>;
  mutation(fn: unknown, args: AnyArgs): Promise<never>;
}

/** A driver with an end, which closes its servers. */
export interface ServerDriver extends BackendDriver<ArrangeableBackend> {
  closeServers(): Promise<void>;
}

/** Which of the published clients makes the calls. */
export type Transport = "HTTP" | "WebSocket";

/** A driver for one test file. */
export function narrowcastDriver(transport: Transport): ServerDriver {
  const idle: TestServer[] = [];
  const started: TestServer[] = [];
  const take = async () => {
    const free = idle.pop();
    if (free !== undefined) {
      await free.clear();
      return free;
    }
    const server = await TestServer.start();
    started.push(server);
    return server;
  };
  return {
    name: `Narrowcast over ${transport}`,
    open: async () => {
      const server = await take();
      const { client, end } = connect(server.url, transport);
      return {
        ...serverBackend(server, client),
        close: async () => {
          await end();
          idle.push(server);
        },
      };
    },
    closeServers: async () => {
      await Promise.all(started.map((server) => server.close()));
    },
  };
}

/** A backend over any client of a server; closing it leaves both open. */
export function serverBackend(server: TestServer, client: AnyClient): ArrangeableBackend {
  return {
    query: (fn, args) => client.query(fn, { password: PASSWORD, ...args }),
    mutation: (fn, args) => client.mutation(fn, { password: PASSWORD, ...args }),
    raw: (kind, path, args) =>
      kind === "query"
        ? client.query(makeFunctionReference<"query">(path), args)
        : client.mutation(makeFunctionReference<"mutation">(path), args),
    internal: (fn, args) => server.adminMutation(fn, args),
    arrange: async (body) => await body({ db: arrangingDb(server) } as never),
    unsetPassword: async () => await server.setPassword(null),
    close: async () => {},
  };
}

/** A client of the server over HTTP, without its types of optional arguments. */
export function httpCalls(url: string): AnyClient {
  return new ConvexHttpClient(url) as unknown as AnyClient;
}

function connect(url: string, transport: Transport): { client: AnyClient; end: () => Promise<void> } {
  if (transport === "HTTP") return { client: httpCalls(url), end: async () => {} };
  const client = new ConvexClient(url, { unsavedChangesWarning: false, logger: false });
  return { client: client as unknown as AnyClient, end: () => client.close() };
}

/** The part of `ctx.db` that tests arrange data with; every call is a transaction of its own. */
function arrangingDb(server: TestServer) {
  return {
    insert: (table: string, document: AnyArgs) => server.adminMutation("arrange:insert", { table, document }),
    patch: (id: string, changes: AnyArgs) => {
      const unset = Object.keys(changes).filter((name) => changes[name] === undefined);
      const fields = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      return server.adminMutation("arrange:patch", { id, fields, unset });
    },
    delete: (id: string) => server.adminMutation("arrange:remove", { id }),
    query: (table: string) => ({ collect: () => server.adminQuery("arrange:all", { table }) }),
  };
}
