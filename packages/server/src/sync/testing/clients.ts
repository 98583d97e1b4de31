/**
 * Convex's own clients, in Node.
 *
 * @module
 */
import { BaseConvexClient, ConvexClient, type ConvexClientOptions } from "convex/browser";
import { ConvexReactClient } from "convex/react";
import { makeFunctionReference, type PaginationOptions, type PaginationResult } from "convex/server";
import { WebSocket } from "ws";

const OPTIONS: ConvexClientOptions = {
  webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
  unsavedChangesWarning: false,
  logger: false,
};

type Tagged = { tag: string };

/** The test app's functions. */
export const items = {
  add: makeFunctionReference<"mutation", { tag: string; n: number }, number>("items:add"),
  nothing: makeFunctionReference<"mutation", Record<string, never>, null>("items:nothing"),
  refuse: makeFunctionReference<"mutation", { n: number }, null>("items:refuse"),
  setText: makeFunctionReference<"mutation", { tag: string; unit: string; times: number }, null>("items:setText"),
  list: makeFunctionReference<"query", Tagged, number[]>("items:list"),
  count: makeFunctionReference<"query", Tagged, number>("items:count"),
  text: makeFunctionReference<"query", Tagged, string>("items:text"),
  refuses: makeFunctionReference<"query", { n: number }, null>("items:refuses"),
  whoAmI: makeFunctionReference<"query", Record<string, never>, string | null>("items:whoAmI"),
  secret: makeFunctionReference<"query", Record<string, never>, string>("items:secret"),
  page: makeFunctionReference<"query", { tag: string; paginationOpts: PaginationOptions }, PaginationResult<number>>(
    "items:page",
  ),
  /** In the order of `n`; reads at most four rows for a page. */
  narrowPage: makeFunctionReference<
    "query",
    { tag: string; odd: boolean; paginationOpts: PaginationOptions },
    PaginationResult<number>
  >("items:narrowPage"),
  remove: makeFunctionReference<"mutation", { tag: string; n: number }, null>("items:remove"),
  newest: makeFunctionReference<"query", { tag: string; paginationOpts: PaginationOptions }, PaginationResult<number>>(
    "items:newest",
  ),
  double: makeFunctionReference<"action", { n: number }, number>("items:double"),
  addByAction: makeFunctionReference<"action", { tag: string; n: number }, number>("items:addByAction"),
  refuseByAction: makeFunctionReference<"action", Record<string, never>, null>("items:refuseByAction"),
  sleep: makeFunctionReference<"action", { ms: number }, number>("items:sleep"),
};

export function openClient(url: string, options: ConvexClientOptions = {}): ConvexClient {
  return new ConvexClient(url, { ...OPTIONS, ...options });
}

export function openReactClient(url: string): ConvexReactClient {
  return new ConvexReactClient(url, OPTIONS);
}

/** What the types of the package hide. */
interface Hidden {
  setAdminAuth(key: string, user?: { readonly [claim: string]: string }): void;
  readonly webSocketManager: { tryReconnectImmediately(): void };
}

export function setAdmin(client: ConvexClient, key: string, user?: { readonly [claim: string]: string }): void {
  (client as unknown as Hidden).setAdminAuth(key, user);
}

/** What a browser's "online" event does: no waiting before the next attempt. */
export function online(client: ConvexClient | BaseConvexClient): void {
  const base = client instanceof ConvexClient ? client.client : client;
  (base as unknown as Hidden).webSocketManager.tryReconnectImmediately();
}

/** Every result that a subscription was given, oldest first. */
export function resultsOf<T>(subscribe: (callback: (result: T) => void) => unknown): T[] {
  const results: T[] = [];
  subscribe((result) => results.push(result));
  return results;
}
