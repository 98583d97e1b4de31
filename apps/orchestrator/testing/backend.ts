/**
 * The backend that the function tests run on: a parameter, so that the same tables of cases run on `convex-test` and on
 * a real server.
 */
import type { FunctionReference, FunctionReturnType } from "convex/server";
import type { MutationCtx } from "../convex/_generated/server.js";

/** The password of every test deployment. */
export const PASSWORD = "open sesame";

/** A function's arguments without the password, which {@link Backend} adds. */
export type Args<F extends FunctionReference<"query" | "mutation">> = Omit<F["_args"], "password">;

/** An empty deployment of the app. Every call but the last two carries the password. */
export interface Backend {
  query<F extends FunctionReference<"query">>(fn: F, args: Args<F>): Promise<FunctionReturnType<F>>;
  mutation<F extends FunctionReference<"mutation">>(fn: F, args: Args<F>): Promise<FunctionReturnType<F>>;
  /** Calls a function by its path with exactly these arguments. */
  raw(kind: "query" | "mutation", path: string, args: Record<string, unknown>): Promise<unknown>;
  /** An internal mutation, as an administrator may call it. */
  internal<F extends FunctionReference<"mutation", "internal">>(
    fn: F,
    args: F["_args"],
  ): Promise<FunctionReturnType<F>>;
  close(): Promise<void>;
}

/** A deployment that also lets a test write past the functions: rings, drifted counters, orphans, no password. */
export interface ArrangeableBackend extends Backend {
  /** `ctx.db` with `insert`, `patch`, `delete` and `query(…).collect()`. */
  arrange<T>(body: (ctx: Pick<MutationCtx, "db">) => Promise<T>): Promise<T>;
  /** Removes `ADMIN_PASSWORD` from the deployment's environment. */
  unsetPassword(): Promise<void>;
}

/** Opens deployments of one kind. */
export interface BackendDriver<B extends Backend = Backend> {
  readonly name: string;
  open(): Promise<B>;
}
