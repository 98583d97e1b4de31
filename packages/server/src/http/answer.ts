/**
 * Requests and answers as routes see them, apart from `node:http`.
 *
 * @module
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Limits } from "@narrowcast/values";
import type { Deployment } from "../protocol/deployment-types.ts";
import type { AdminKeys } from "./admin-keys.ts";
import type { OfficialPushes } from "./official-pushes.ts";
import type { TokenVerifier } from "./token-verifier.ts";

/** What every route may use. */
export interface RouteWorld {
  readonly deployment: Deployment;
  readonly adminKeys: AdminKeys;
  readonly pushes: OfficialPushes;
  readonly tokens: Pick<TokenVerifier, "verify">;
  readonly limits: Limits;
  /** Hides messages, stack traces and log lines from callers who are no admins. */
  readonly redacts: boolean;
  /** Aborted when the server stops: whoever waits, answers. */
  readonly stopping: AbortSignal;
}

/** One request; the body is read only by routes that want it. */
export interface RouteRequest {
  readonly method: string;
  /** Path and query, with the server's own origin. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly client: { readonly ip: string | null; readonly userAgent: string | null };
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** @throws {RequestError} 413 when the body is longer than `bytesMax`. */
  body(bytesMax: number): Promise<Buffer>;
  /** The body as it comes, for routes that do not hold it. Breaks off with a {@linkcode RequestError} 408 when the client goes away. */
  pieces(): AsyncIterable<Uint8Array>;
}

/** One answer. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array> | null;
}

export type Route = (request: RouteRequest, world: RouteWorld) => Promise<Answer>;

export function jsonAnswer(value: unknown, status = 200): Answer {
  return jsonTextAnswer(JSON.stringify(value), status);
}

export function jsonTextAnswer(text: string, status = 200): Answer {
  return { status, headers: [["Content-Type", "application/json"]], body: text };
}

export function textAnswer(text: string, status = 200): Answer {
  return { status, headers: [["Content-Type", "text/plain; charset=utf-8"]], body: text };
}
