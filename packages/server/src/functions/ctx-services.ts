/**
 * The parts of `ctx` beside the database and files: auth, scheduler, meta.
 *
 * @module
 */
import { cloneValue } from "@narrowcast/values";
import type { Limits, Value } from "@narrowcast/values";
import type { Identity } from "../protocol/live-types.ts";
import type { TransactionUsage } from "../tx/types.ts";
import { notAvailable, requireArgument } from "./ctx-arguments.ts";
import type { FileUsage } from "./file-usage.ts";
import { argumentsText, functionPath } from "../isolate/function-reference.ts";
import type { Run, Scope } from "./run.ts";

/** What a scheduler asks for, whoever answers it. */
export interface SchedulePort {
  now(): number;
  schedule(path: string, args: string, atMs: number): Promise<string> | string;
  cancel(jobId: string): Promise<void> | void;
}

/** Claims of the identity as user code gets them: a copy of its own. @throws {Error} If nobody can tell whose identity it is. */
export function identityClaims(identity: Identity): Value {
  if (identity.error !== undefined) throw new Error(identity.error);
  return identity.attributes === null ? null : cloneValue(identity.attributes as { [claim: string]: Value });
}

/** `ctx.auth` of queries. */
export function createAuth(scope: Scope): object {
  return { getUserIdentity: identityGetter(scope) };
}

/** `ctx.auth` of mutations. */
export function createMutationAuth(scope: Scope): object {
  return { getUserIdentity: identityGetter(scope), signJwt: () => Promise.reject(notAvailable("signJwt")) };
}

/** Looking at the identity makes it a part of what the run depends on. */
function identityGetter(scope: Scope): () => Promise<Value> {
  return async () => {
    scope.assertOpen();
    scope.run.identityObserved = true;
    return identityClaims(scope.run.request.identity);
  };
}

/** `ctx.scheduler` over any port, with the checks of `convex/server`. */
export function createScheduler(port: SchedulePort): object {
  return {
    runAfter: async (delayMs: unknown, reference: unknown, args?: unknown) => {
      if (typeof delayMs !== "number") throw new Error("`delayMs` must be a number");
      if (!Number.isFinite(delayMs)) throw new Error("`delayMs` must be a finite number");
      if (delayMs < 0) throw new Error("`delayMs` must be non-negative");
      return port.schedule(functionPath(reference), argumentsText(args), port.now() + delayMs);
    },
    runAt: async (at: unknown, reference: unknown, args?: unknown) => {
      const atMs = at instanceof Date ? at.valueOf() : at;
      if (typeof atMs !== "number") throw new Error("The invoke time must a Date or a timestamp");
      if (!Number.isFinite(atMs)) throw new Error("The invoke time must be a finite number");
      return port.schedule(functionPath(reference), argumentsText(args), atMs);
    },
    cancel: async (jobId: unknown) => {
      requireArgument(jobId, 1, "cancel", "id");
      await port.cancel(String(jobId));
    },
  };
}

/** The scheduler of a mutation: rows in its own transaction. */
export function mutationSchedulePort(scope: Scope): SchedulePort {
  const { host } = scope.run;
  return {
    now: () => scope.run.now(),
    schedule: async (path, args, atMs) => {
      while (scope.busy !== undefined) await scope.busy;
      return host.schedule(scope.tx, path, args, atMs);
    },
    cancel: async (jobId) => {
      while (scope.busy !== undefined) await scope.busy;
      cancelScheduled(scope.run, jobId);
    },
  };
}

/** Cancels a job in the transaction of `run`; what there is to be warned of goes to its log. */
export function cancelScheduled({ host, tx, console: log }: Run, jobId: string): void {
  const warning = host.cancelScheduled(tx, jobId);
  if (warning !== undefined) log.note("WARN", warning);
}

/** `ctx.meta` of queries and mutations. */
export function createMeta(scope: Scope): object {
  const { run, info, kind } = scope;
  return {
    getFunctionMetadata: async () => ({ ...functionMetadata(info.path), type: kind, visibility: info.visibility }),
    getTransactionMetrics: async () => {
      scope.tx.noteUsageSeen();
      return transactionMetrics(scope.tx.usage, run.fileUsage, scope.tx.limits, run.fileLimits);
    },
    getDeploymentMetadata: async () => deploymentMetadata(run.host.cloudUrl),
    getSnapshotTs: () => snapshotTs(scope.tx.startMs),
    ...(kind === "mutation"
      ? {
          getRequestMetadata: async () => ({
            ip: null,
            userAgent: null,
            requestId: run.request.requestId,
            scheduledFunctionId: null,
            authToken: null,
          }),
        }
      : {}),
  };
}

/** Name of a function as `ctx.meta` gives it. */
export function functionMetadata(path: string): { readonly name: string; readonly componentPath: string } {
  return { name: path, componentPath: "" };
}

/** The deployment as `ctx.meta` gives it; its name is the host name of its address. */
export function deploymentMetadata(cloudUrl: string): object {
  const name = URL.canParse(cloudUrl) ? new URL(cloudUrl).hostname : cloudUrl;
  return { name, region: null, class: "s16" };
}

/** Begin of the transaction in nanoseconds. */
export function snapshotTs(startMs: number): bigint {
  return BigInt(Math.floor(startMs * 1_000)) * 1_000n;
}

/** What a transaction has used and what is left, in the form of `ctx.meta.getTransactionMetrics()`. */
export function transactionMetrics(
  usage: TransactionUsage,
  files: FileUsage,
  limits: Limits,
  fileLimits: Limits,
): object {
  const metric = (used: number, max: number) => ({ used, remaining: Math.max(0, max - used) });
  return {
    bytesRead: metric(usage.bytesRead, limits.bytesReadMax),
    bytesWritten: metric(usage.bytesWritten, limits.bytesWrittenMax),
    databaseQueries: metric(usage.rangesRead, limits.rangesReadMax),
    documentsRead: metric(usage.documentsRead, limits.documentsReadMax),
    documentsWritten: metric(usage.documentsWritten, limits.documentsWrittenMax),
    functionsScheduled: metric(usage.functionsScheduled, limits.functionsScheduledMax),
    scheduledFunctionArgsBytes: metric(usage.scheduledArgsBytes, limits.scheduledArgsBytesMax),
    filesWritten: metric(files.filesWritten, fileLimits.filesWrittenMax),
    fileWriteBytes: metric(files.fileWriteBytes, fileLimits.fileWriteBytesMax),
    filesRead: metric(files.filesRead, fileLimits.filesReadMax),
    fileReadBytes: metric(files.fileReadBytes, fileLimits.fileReadBytesMax),
  };
}
