/**
 * Subscriptions over a backend that has none: after every mutation each subscribed query is asked again, and a result
 * that differs from the last one is delivered. Enough for a runner to be tested without a server.
 */
import type { LiveClient } from "../runner/client.ts";
import type { Backend } from "./backend.ts";

interface Subscription {
  readonly ask: () => Promise<unknown>;
  readonly onResult: (result: never) => void;
  readonly onError: (error: Error) => void;
  last: string | undefined;
}

/** A live client with a way to break its subscriptions. */
export interface TestLiveClient extends LiveClient {
  /** Every subscription fails with this error, as when the function throws. */
  breakSubscriptions(error: Error): void;
}

/** Wraps a backend. */
export function liveBackend(backend: Backend): TestLiveClient {
  const subscriptions = new Set<Subscription>();
  const deliver = async (subscription: Subscription) => {
    const result = await subscription.ask();
    const text = JSON.stringify(result);
    if (text === subscription.last || !subscriptions.has(subscription)) return;
    subscription.last = text;
    subscription.onResult(result as never);
  };
  return {
    query: (fn, args) => backend.query(fn, args),
    mutation: async (fn, args) => {
      const result = await backend.mutation(fn, args);
      for (const subscription of subscriptions) await deliver(subscription);
      return result;
    },
    onUpdate: (fn, args, onResult, onError) => {
      const subscription: Subscription = { ask: () => backend.query(fn, args), onResult, onError, last: undefined };
      subscriptions.add(subscription);
      void deliver(subscription);
      return () => subscriptions.delete(subscription);
    },
    breakSubscriptions: (error) => {
      for (const { onError } of Array.from(subscriptions)) onError(error);
    },
    close: () => backend.close(),
  };
}
