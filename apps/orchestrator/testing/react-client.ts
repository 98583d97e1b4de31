/**
 * A client for React over a backend in memory: watches, mutations and one-shot queries, and a list of what is subscribed
 * to. It has the shape that the hooks of `convex/react` use, so the page under test is the real one.
 */
import type { ConvexReactClient } from "convex/react";
import { getFunctionName, type FunctionReference } from "convex/server";
import type { LiveClient } from "../runner/client.ts";
import type { Backend } from "./backend.ts";

/** One subscription. */
export interface Subscribed {
  readonly path: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The client, with a way to write as somebody else would. */
export interface ReactTestClient {
  readonly convex: ConvexReactClient;
  readonly mutation: LiveClient["mutation"];
  subscribed(): Subscribed[];
}

interface Watched extends Subscribed {
  readonly fn: FunctionReference<"query">;
  readonly listeners: Set<() => void>;
  result: unknown;
  error: Error | undefined;
}

/** Wraps a backend. */
export function reactClient(backend: Backend): ReactTestClient {
  const watched = new Map<string, Watched>();
  const ask = async (each: Watched) => {
    const before = JSON.stringify([each.result, each.error?.message]);
    try {
      each.result = await backend.raw("query", each.path, { ...each.args });
      each.error = undefined;
    } catch (error) {
      each.error = error as Error;
    }
    if (JSON.stringify([each.result, each.error?.message]) === before) return;
    for (const listener of each.listeners) listener();
  };
  const askAll = async () => {
    for (const each of Array.from(watched.values())) await ask(each);
  };
  const watch = (fn: FunctionReference<"query">, args: Record<string, unknown>) => {
    const path = getFunctionName(fn);
    const key = JSON.stringify([path, args]);
    const find = (): Watched | undefined => watched.get(key);
    return {
      onUpdate: (listener: () => void) => {
        const each = find() ?? { fn, path, args, listeners: new Set(), result: undefined, error: undefined };
        watched.set(key, each);
        each.listeners.add(listener);
        void ask(each);
        return () => {
          each.listeners.delete(listener);
          if (each.listeners.size === 0) watched.delete(key);
        };
      },
      localQueryResult: () => {
        const each = find();
        if (each?.error !== undefined) throw each.error;
        return each?.result;
      },
      journal: () => undefined,
    };
  };
  const mutate = async (fn: FunctionReference<"mutation">, args: Record<string, unknown>) => {
    const result = await backend.raw("mutation", getFunctionName(fn), args);
    await askAll();
    return result;
  };
  const convex = {
    watchQuery: watch,
    mutation: mutate,
    query: (fn: FunctionReference<"query">, args: Record<string, unknown>) =>
      backend.raw("query", getFunctionName(fn), args),
    connectionState: () => ({ isWebSocketConnected: true, hasEverConnected: true }),
    subscribeToConnectionState: () => () => {},
  };
  return {
    convex: convex as unknown as ConvexReactClient,
    mutation: async (fn, args) => {
      const result = await backend.mutation(fn, args);
      await askAll();
      return result;
    },
    subscribed: () => Array.from(watched.values(), ({ path, args }) => ({ path, args })),
  };
}

/** Gives the simulated browser what the component library asks of it, and empties what a test before has left. */
export function preparePage(): void {
  sessionStorage.clear();
  location.hash = "";
  const noMatch = (media: string) => ({
    media,
    matches: false,
    addEventListener: () => {},
    removeEventListener: () => {},
  });
  const wide = (media: string) => ({ ...noMatch(media), matches: media.includes("min-width") });
  window.matchMedia = wide as unknown as typeof window.matchMedia;
  window.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  } as unknown as typeof ResizeObserver;
  const fonts = { addEventListener: () => {}, removeEventListener: () => {} };
  Object.defineProperty(document, "fonts", { value: fonts, configurable: true });
  Element.prototype.scrollTo = () => {};
}
