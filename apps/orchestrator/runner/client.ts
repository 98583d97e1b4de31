/**
 * What runner and command line need of a deployment. The password is added here, once, for every call.
 */
import { ConvexClient, ConvexHttpClient } from "convex/browser";
import type { FunctionReference, FunctionReturnType } from "convex/server";

/** A function's arguments without the password. */
export type ArgsOf<F extends FunctionReference<"query" | "mutation">> = Omit<F["_args"], "password">;

/** One-shot calls. */
export interface DeploymentClient {
  query<F extends FunctionReference<"query">>(fn: F, args: ArgsOf<F>): Promise<FunctionReturnType<F>>;
  mutation<F extends FunctionReference<"mutation">>(fn: F, args: ArgsOf<F>): Promise<FunctionReturnType<F>>;
  close(): Promise<void>;
}

/** Calls and subscriptions. */
export interface LiveClient extends DeploymentClient {
  /** Calls back with every result. Returns the end of the subscription. */
  onUpdate<F extends FunctionReference<"query">>(
    fn: F,
    args: ArgsOf<F>,
    onResult: (result: FunctionReturnType<F>) => void,
    onError: (error: Error) => void,
  ): () => void;
}

/** A client over HTTP, for a command that asks once. */
export function httpClient(url: string, password: string): DeploymentClient {
  const client = new ConvexHttpClient(url);
  return {
    // The assertions are needed: this client's optional arguments are not resolved while the function is a parameter.
    // oxlint-disable-next-line typescript/no-unnecessary-type-assertion
    query: (fn, args) => client.query(fn, { password, ...args } as never),
    // oxlint-disable-next-line typescript/no-unnecessary-type-assertion
    mutation: (fn, args) => client.mutation(fn, { password, ...args } as never),
    close: async () => {},
  };
}

/** A client over a WebSocket, for a daemon. It connects again by itself. */
export function liveClient(url: string, password: string): LiveClient {
  const client = new ConvexClient(url);
  return {
    query: (fn, args) => client.query(fn, { password, ...args }),
    mutation: (fn, args) => client.mutation(fn, { password, ...args }),
    onUpdate: (fn, args, onResult, onError) => client.onUpdate(fn, { password, ...args }, onResult, onError),
    close: () => client.close(),
  };
}
