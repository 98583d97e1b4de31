/**
 * One execution of a function: what it is given and how it went.
 *
 * @module
 */
import type { FunctionAddress, Limits, LogLine } from "@narrowcast/values";
import type { Analysis, FunctionInfo } from "../app/types.ts";
import type { Identity } from "../protocol/live-types.ts";
import type { Transaction } from "../tx/types.ts";
import type { FileAddresses } from "./file-addresses.ts";

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
  schedule(tx: Transaction, address: FunctionAddress, args: string, atMs: number): string;
  /** @returns A warning for the developer, if there is something to be warned of. */
  cancelScheduled(tx: Transaction, id: string): string | undefined;
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
  /** The bytes of the file with this id. @throws If they are missing, or are not those that the facts of its row tell of. */
  read(id: string, facts: { readonly size: number; readonly sha256: string }): Promise<Uint8Array>;
}

/** One execution of a query or mutation on a transaction that the caller opened and will commit or abort. */
export interface ExecuteRequest extends FunctionAddress {
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
  /** The function at this address, or undefined. */
  find(address: FunctionAddress): FunctionInfo | undefined;
  /** Never rejects for user errors. One at a time per thread. */
  execute(request: ExecuteRequest): Promise<ExecuteOutcome>;
}
