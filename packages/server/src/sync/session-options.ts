/**
 * What a session is given: the socket below it, the deployment behind it, and rules.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import type { Deployment } from "../protocol/deployment-types.ts";
import type { Authenticator } from "./authenticator.ts";
import type { OnError } from "./error-report.ts";
import type { QueryCount } from "./query-set.ts";
import type { SocketDeltas } from "./socket-deltas.ts";

/** The socket below. `send` calls back when the frame has left the process. */
export interface Transport {
  send(frame: string, onFlushed?: () => void): void;
  /** Much was sent and has not left the process: the client does not read. */
  readonly isCongested: boolean;
  /** Ends the socket; nothing may be sent afterwards. */
  close(code: number, reason: string): void;
  /** Whether messages are read: what was received already still comes. */
  setReading(isReading: boolean): void;
  /** Asks for `Session.flush` at the end of this tick. */
  requestFlush(): void;
}

export interface SessionOptions {
  readonly deployment: Deployment;
  readonly authenticator: Authenticator;
  readonly transport: Transport;
  readonly limits: Limits;
  /** Queries of all sockets. */
  readonly queryCount: QueryCount;
  readonly nowMs: () => number;
  /** The client reads `TransitionChunk`. */
  readonly canChunk: boolean;
  /** Hides messages, stack traces and log lines from clients that are no admins. */
  readonly redacts: boolean;
  /** The client reads deltas, and this is what it holds. */
  readonly deltas?: SocketDeltas | undefined;
  readonly client: { readonly ip: string | null; readonly userAgent: string | null };
  readonly onError: OnError;
}
