/**
 * The `ctx` that handlers of queries and mutations get, built anew for every call.
 *
 * Hot: its parts are written out, since adding fields to a spread object is far dearer in V8 than a literal of all of them; guarded by the "queries" benchmark.
 *
 * @module
 */
import type { Value } from "@narrowcast/values";
import { notAvailable } from "./ctx-arguments.ts";
import { createReader, createWriter } from "./ctx-database.ts";
import { createAuth, createMeta, createMutationAuth, createScheduler, mutationSchedulePort } from "./ctx-services.ts";
import { createMutationStorage, createQueryStorage } from "./ctx-storage.ts";
import { argumentsText, functionPath } from "../isolate/function-reference.ts";
import type { Scope } from "./run.ts";

/** Calls another function inside of the same transaction. Given by the executor. */
export type NestedCall = (
  scope: Scope,
  kind: "query" | "mutation",
  path: string,
  args: string,
  transactionLimits?: unknown,
) => Promise<Value>;

interface CallOptions {
  readonly useStaleSnapshot?: boolean;
  readonly transactionLimits?: unknown;
}

/** `ctx` of a query. */
export function createQueryCtx(scope: Scope, call: NestedCall): object {
  return {
    db: createReader(scope),
    auth: createAuth(scope),
    storage: createQueryStorage(scope),
    meta: createMeta(scope),
    runQuery: nested(scope, "query", call),
  };
}

/** `ctx` of a mutation. */
export function createMutationCtx(scope: Scope, call: NestedCall): object {
  return {
    db: createWriter(scope),
    auth: createMutationAuth(scope),
    storage: createMutationStorage(scope),
    scheduler: createScheduler(mutationSchedulePort(scope)),
    meta: createMeta(scope),
    runQuery: nested(scope, "query", call),
    runMutation: nested(scope, "mutation", call),
  };
}

function nested(scope: Scope, kind: "query" | "mutation", call: NestedCall) {
  return async (reference: unknown, args?: unknown, options?: CallOptions): Promise<Value> => {
    if (options?.useStaleSnapshot === true) {
      throw scope.kind === "query"
        ? new Error("`useStaleSnapshot` is only supported in mutations, not queries.")
        : notAvailable("`useStaleSnapshot`");
    }
    return call(scope, kind, functionPath(reference), argumentsText(args), options?.transactionLimits);
  };
}
