/**
 * What main tells the core's ledger: bytes handed to sockets, and actions that ended in their threads.
 *
 * @module
 */
import type { Caller } from "./deployment-types.ts";

/** Bytes for one request of one identity, since the last note. */
export interface SentNote {
  readonly path: string;
  readonly args: string;
  readonly identityKey: string;
  readonly bytes: number;
  /** What whole values would have been. */
  readonly convexBytes: number;
  readonly sends: number;
}

/** An action, or an HTTP action, that ended. */
export interface ActionNote {
  readonly path: string;
  readonly kind: "action" | "http";
  readonly caller: Caller;
  readonly userMs: number;
  readonly resultBytes: number;
  readonly isError: boolean;
}
