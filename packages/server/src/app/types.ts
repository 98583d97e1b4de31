/**
 * Shapes of user code: what a push carries and what the server knows about each function.
 *
 * @module
 */
import type { Limits, SchemaJson, ValidatorJson } from "@narrowcast/values";
import type { Identity } from "../reactive/types.ts";
import type { Transaction } from "../tx/types.ts";
import type { LogLine } from "../protocol/deployment-types.ts";
import type { FileAddresses } from "../functions/file-addresses.ts";

export type FunctionKind = "query" | "mutation" | "action" | "http";
export type ModuleEnvironment = "isolate" | "node";

/** A bundle: one script that evaluates to a table `module path → exports`. */
export interface Bundle {
  /** Text of a CommonJS-like function body: `return { "messages.js": exports, … }`. */
  readonly code: string;
  /** Source map JSON text, or null. */
  readonly sourceMap: string | null;
  /** Module paths in it, for example `messages.js`, `dir/mod.js`, `schema.js`, `crons.js`, `http.js`. */
  readonly modules: readonly string[];
}

/** Everything a deployment needs to run an app's functions; stored in the deployment, survives restarts. */
export interface CodePackage {
  /** Runs in the core (queries, mutations) and in action threads (actions without "use node"). */
  readonly isolate: Bundle;
  /** Modules with "use node", run in action threads only. */
  readonly node: Bundle | null;
  /** Packages outside the node bundle are resolved from here, for example the app's folder; null when there are none. */
  readonly nodeResolveDir: string | null;
}

export interface FunctionInfo {
  /** Canonical path, `dir/mod:fn`. */
  readonly path: string;
  readonly kind: FunctionKind;
  readonly visibility: "public" | "internal";
  readonly environment: ModuleEnvironment;
  readonly args: ValidatorJson;
  /** null when the function declares none. */
  readonly returns: ValidatorJson | null;
}

export interface CronSpec {
  readonly name: string;
  readonly path: string;
  /** Convex JSON text of the arguments object. */
  readonly args: string;
  /** As in spec: `{type:"interval",seconds}` … `{type:"cron",cronExpr}`. */
  readonly schedule: CronSchedule;
}

export type CronSchedule =
  | { readonly type: "interval"; readonly seconds: number }
  | { readonly type: "hourly"; readonly minuteUTC: number }
  | { readonly type: "daily"; readonly hourUTC: number; readonly minuteUTC: number }
  | { readonly type: "weekly"; readonly dayOfWeek: number; readonly hourUTC: number; readonly minuteUTC: number }
  | { readonly type: "monthly"; readonly day: number; readonly hourUTC: number; readonly minuteUTC: number }
  | { readonly type: "cron"; readonly cronExpr: string };

/** What loading a package told us. */
export interface Analysis {
  readonly functions: readonly FunctionInfo[];
  readonly schema: SchemaJson | null;
  readonly crons: readonly CronSpec[];
  readonly httpRoutes: readonly { readonly path: string; readonly method: string }[];
}

/** What one execution needs besides the code. Given by the core; nested runs share it. */
export interface RunHost {
  readonly limits: Limits;
  /** Milliseconds since the epoch, fixed for the run by the caller of `execute`. */
  readonly nowMs: number;
  /** Seed of `Math.random` for the run. */
  readonly seed: number;
  readonly environment: ReadonlyMap<string, string>;
  readonly cloudUrl: string;
  readonly siteUrl: string;
  /** Adds a `_scheduled_functions` row inside `tx`; checks that the function exists. Returns the job's id. */
  schedule(tx: Transaction, path: string, args: string, atMs: number): string;
  cancelScheduled(tx: Transaction, id: string): void;
  readonly files: RunFiles;
}

/** Files as an execution reaches them; rows are the transaction's. */
export interface RunFiles {
  readonly addresses: FileAddresses;
  /**
   * Makes the bytes of a file durable, for a row that the transaction is about to insert.
   *
   * @throws {FileRefusal} If they have another SHA-256.
   */
  put(
    bytes: Uint8Array,
    sha256: Uint8Array | undefined,
  ): Promise<{ readonly name: string; readonly size: number; /** Base64. */ readonly sha256: string }>;
  /** The bytes of the file with this id. @throws If they are missing. */
  read(id: string): Promise<Uint8Array>;
}

/** One execution of a query or mutation on a transaction that the caller opened and will commit or abort. */
export interface ExecuteRequest {
  readonly path: string;
  readonly kind: "query" | "mutation";
  /** Convex JSON text of the arguments object. */
  readonly args: string;
  readonly identity: Identity;
  readonly allowInternal: boolean;
  readonly journal: string | null;
  readonly requestId: string;
  readonly tx: Transaction;
  readonly host: RunHost;
}

/** How it went. `logLines` are structured; clients get `[LEVEL] text`. */
export interface ExecuteOutcome {
  /** `value` is Convex JSON text with sorted keys. */
  readonly result:
    | { readonly ok: true; readonly value: string }
    | { readonly ok: false; readonly errorMessage: string; readonly errorData: string | null };
  readonly logLines: readonly LogLine[];
  readonly journal: string | null;
  readonly identityObserved: boolean;
  readonly clockObserved: boolean;
  /** Wall time inside user code, in milliseconds. */
  readonly userMs: number;
}

/** Loaded user code in this thread. */
export interface UserCode {
  readonly analysis: Analysis;
  /** Function by canonical path, or undefined. */
  find(path: string): FunctionInfo | undefined;
  /** Never rejects for user errors. One at a time per thread. */
  execute(request: ExecuteRequest): Promise<ExecuteOutcome>;
}
