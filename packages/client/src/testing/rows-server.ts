/**
 * A server on a free port with an app of rows: lists of documents that are added to, changed, moved and removed from.
 *
 * @module
 */
import { ConvexClient, ConvexHttpClient, type ConvexClientOptions } from "convex/browser";
import { makeFunctionReference, type PaginationOptions, type PaginationResult } from "convex/server";
import { WebSocket } from "ws";
import {
  AdminKeys,
  startDeployment,
  startServer,
  type RunningDeployment,
  type RunningHttp,
  type ServerOptions,
} from "@narrowcast/server";
import { bundleTexts } from "@narrowcast/server/testing";
import { deltaSocket, type DeltaSocketConstructor } from "../delta-socket.ts";

const ROWS = `
import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
import { ConvexError } from "convex/values";

const ordered = (ctx, tag) => ctx.db.query("rows").withIndex("by_rank", (q) => q.eq("tag", tag));
const at = async (ctx, tag, place) => {
  const rows = await ordered(ctx, tag).collect();
  return rows.length === 0 ? null : rows[place % rows.length];
};
export const list = query(async (ctx, { tag }) => ordered(ctx, tag).collect());
export const page = query(async (ctx, { tag, paginationOpts }) => ordered(ctx, tag).paginate(paginationOpts));
export const summary = query(async (ctx, { tag }) => {
  const rows = await ordered(ctx, tag).collect();
  return { big: BigInt(rows.length), bytes: new Uint8Array([rows.length]).buffer, first: rows[0] ?? null, names: rows.map((row) => row.name), ratio: rows.length === 0 ? NaN : 1 / rows.length };
});
export const failsWhenOdd = query(async (ctx, { tag }) => {
  const rows = await ordered(ctx, tag).collect();
  if (rows.length % 2 === 1) throw new ConvexError({ rows: rows.length });
  console.log("rows", rows.length);
  return rows;
});
export const add = mutation(async (ctx, { tag, name, rank }) => {
  await ctx.db.insert("rows", { tag, name, rank, note: "a note that stays as it is. ".repeat(8), tags: ["new", { deep: [1] }] });
});
export const fill = mutation(async (ctx, { tag, count }) => {
  for (let n = 0; n < count; n++) {
    await ctx.db.insert("rows", { tag, name: "row " + n, rank: n, note: "a note that stays as it is. ".repeat(8), tags: ["new", { deep: [1] }] });
  }
});
export const patch = mutation(async (ctx, { tag, place, fields }) => {
  const row = await at(ctx, tag, place);
  if (row !== null) await ctx.db.patch(row._id, fields);
});
export const remove = mutation(async (ctx, { tag, place }) => {
  const row = await at(ctx, tag, place);
  if (row !== null) await ctx.db.delete(row._id);
});
`;

const SCHEMA = `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({ rows: defineTable(v.any()).index("by_rank", ["tag", "rank"]) });
`;

export interface Row {
  readonly _id: string;
  readonly name: string;
  readonly rank: number;
  readonly note: string;
  readonly tags: readonly unknown[];
}

type Tagged = { tag: string };

/** The app's functions. */
export const rows = {
  list: makeFunctionReference<"query", Tagged, Row[]>("rows:list"),
  page: makeFunctionReference<"query", Tagged & { paginationOpts: PaginationOptions }, PaginationResult<Row>>(
    "rows:page",
  ),
  summary: makeFunctionReference<"query", Tagged, { names: string[] }>("rows:summary"),
  failsWhenOdd: makeFunctionReference<"query", Tagged, Row[]>("rows:failsWhenOdd"),
  add: makeFunctionReference<"mutation", Tagged & { name: string; rank: number }, null>("rows:add"),
  fill: makeFunctionReference<"mutation", Tagged & { count: number }, null>("rows:fill"),
  patch: makeFunctionReference<"mutation", Tagged & { place: number; fields: object }, null>("rows:patch"),
  remove: makeFunctionReference<"mutation", Tagged & { place: number }, null>("rows:remove"),
};

export interface RowsServer {
  readonly deployment: RunningDeployment;
  readonly url: string;
  readonly http: RunningHttp;
  /** Stops the network side and starts it again at the same address. */
  restart(options?: Partial<ServerOptions>): Promise<void>;
  close(): Promise<void>;
}

export async function openRowsServer(options: Partial<ServerOptions> = {}, threads = false): Promise<RowsServer> {
  const deployment = await startDeployment({
    cloudUrl: "http://cloud.test",
    siteUrl: "http://site.test",
    threads,
  });
  const pushed = await deployment.push(await bundleTexts({ "rows.ts": ROWS, "schema.ts": SCHEMA }));
  if (!pushed.ok) throw new Error(pushed.message);
  const adminKeys = new AdminKeys(Buffer.alloc(32, 9));
  const start = (port: number, more: Partial<ServerOptions>): Promise<RunningHttp> =>
    startServer({ port, sitePort: 0, adminKeys, ...more, deployment });
  let http = await start(0, options);
  const { url } = http;
  return {
    deployment,
    url,
    get http() {
      return http;
    },
    restart: async (more = options) => {
      await http.close();
      http = await start(Number(new URL(url).port), more);
    },
    close: async () => {
      await http.close();
      await deployment.close();
    },
  };
}

const SOCKET = WebSocket as unknown as typeof globalThis.WebSocket;

/** Options of the official clients in Node. */
export const OPTIONS: ConvexClientOptions = {
  webSocketConstructor: SOCKET,
  unsavedChangesWarning: false,
  logger: false,
};

export interface LeanClient {
  readonly client: ConvexClient;
  readonly socket: DeltaSocketConstructor;
}

/** An official client that speaks deltas. */
export function openLeanClient(url: string, sharesValues = true): LeanClient {
  const socket = deltaSocket({ webSocket: SOCKET, sharesValues });
  return { client: new ConvexClient(url, { ...OPTIONS, webSocketConstructor: socket }), socket };
}

/** What a browser's "online" event does: no waiting before the next attempt. */
export function online(client: ConvexClient): void {
  const { webSocketManager } = client.client as unknown as {
    readonly webSocketManager: { tryReconnectImmediately(): void };
  };
  webSocketManager.tryReconnectImmediately();
}

/** One-shot queries over HTTP: what is true now. */
export function openHttpClient(url: string): ConvexHttpClient {
  return new ConvexHttpClient(url, { logger: false });
}

/** Every result that a subscription was given, oldest first; errors count as results. */
export function resultsOf<T>(subscribe: (onResult: (result: T) => void, onError: (error: Error) => void) => unknown) {
  const results: (T | Error)[] = [];
  subscribe(
    (result) => results.push(result),
    (error) => results.push(error),
  );
  return results;
}
