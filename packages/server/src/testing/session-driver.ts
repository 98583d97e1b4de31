/**
 * One session in a test's hands: messages in, frames out, and a transport that drains when it is told to.
 *
 * @module
 */
import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import {
  CONVEX_LIMITS,
  tsFromWire,
  type ClientMessage,
  type Limits,
  type ServerMessage,
  type TransitionMessage,
} from "@narrowcast/values";
import type { Deployment } from "../protocol/deployment-types.ts";
import { AdminKeys } from "../http/admin-keys.ts";
import { SocketAuthenticator } from "../http/identity.ts";
import { TokenVerifier } from "../http/token-verifier.ts";
import type { DeltaTable } from "../sync/delta-table.ts";
import { QueryCount } from "../sync/query-set.ts";
import { Session } from "../sync/session.ts";
import type { Transport } from "../sync/session-options.ts";
import { SocketDeltas } from "../sync/socket-deltas.ts";

export const KEYS = new AdminKeys(Buffer.alloc(32, 7));

export interface DriverOptions {
  readonly limits?: Partial<Limits>;
  readonly canChunk?: boolean;
  readonly redacts?: boolean;
  readonly nowMs?: () => number;
  /** Frames are not flushed until `drain`. */
  readonly isSlow?: boolean;
  /** Shared with other sockets. */
  readonly queryCount?: QueryCount;
  /** Who checks tokens; nobody unless given. */
  readonly tokens?: Pick<TokenVerifier, "verify">;
  /** Speaks deltas. */
  readonly deltas?: DeltaTable;
}

type Loose<M> = M extends { readonly type: infer T } ? { readonly type: T; readonly [field: string]: unknown } : never;

/** See the module comment. */
export class SessionDriver {
  readonly session: Session;
  /** Frames as text, oldest first. */
  readonly frames: string[] = [];
  readonly errors: unknown[] = [];
  /** Whether the session wants to be given messages. */
  isRead = true;
  closed: { readonly code: number; readonly reason: string } | undefined;
  #unflushed: (() => void)[] = [];
  #wake: () => void = () => undefined;

  constructor(deployment: Deployment, options: DriverOptions = {}) {
    const { limits, canChunk = true, redacts = false, nowMs = () => 5_000, isSlow = false } = options;
    const transport: Transport = {
      send: (frame, onFlushed) => {
        if (this.closed !== undefined) throw new Error(`a frame after the end: ${frame}`);
        this.frames.push(frame);
        if (onFlushed !== undefined) {
          if (isSlow) this.#unflushed.push(onFlushed);
          else setImmediate(onFlushed);
        }
        this.#wake();
      },
      isCongested: false,
      close: (code, reason) => {
        this.closed = { code, reason };
        this.#wake();
      },
      setReading: (isReading) => {
        this.isRead = isReading;
        this.#wake();
      },
      requestFlush: () => setImmediate(() => this.session.flush()),
    };
    this.session = new Session({
      deployment,
      authenticator: new SocketAuthenticator({
        adminKeys: KEYS,
        tokens: options.tokens ?? new TokenVerifier(async () => []),
      }),
      transport,
      limits: { ...CONVEX_LIMITS, ...limits },
      queryCount: options.queryCount ?? new QueryCount(),
      nowMs,
      canChunk,
      redacts,
      deltas: options.deltas === undefined ? undefined : new SocketDeltas(options.deltas),
      client: { ip: null, userAgent: null },
      onError: (error) => this.errors.push(error),
    });
  }

  /** Frames read as messages. */
  get messages(): readonly ServerMessage[] {
    return this.frames.map((frame) => JSON.parse(frame) as ServerMessage);
  }

  get transitions(): readonly TransitionMessage[] {
    return this.messages.filter((message) => message.type === "Transition");
  }

  send(message: Loose<ClientMessage>): void {
    this.session.receive(JSON.stringify(message));
  }

  connect(fields: { readonly [field: string]: unknown } = {}): void {
    this.send({ type: "Connect", sessionId: randomUUID(), connectionCount: 0, lastCloseReason: null, ...fields });
  }

  /** Adds queries `items:<name>` under ids from 1 on, as the first change of the query set. */
  subscribe(...queries: readonly (readonly [name: string, args: unknown])[]): void {
    const modifications = queries.map(([name, args], index) => add(index + 1, name, args));
    this.send({ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications });
  }

  mutate(requestId: number, name: string, args: unknown): void {
    this.send({ type: "Mutation", requestId, udfPath: `items:${name}`, args: [args] });
  }

  /** Lets the transport take what it holds. */
  drain(): void {
    const waiting = this.#unflushed;
    this.#unflushed = [];
    for (const onFlushed of waiting) onFlushed();
  }

  /** Resolves when `isDone` holds; looked at after each frame. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The first message of a type. */
  async first<T extends ServerMessage["type"]>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    const find = (): ServerMessage | undefined => this.messages.find((message) => message.type === type);
    await this.until(() => find() !== undefined);
    return find() as Extract<ServerMessage, { type: T }>;
  }

  async end(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.until(() => this.closed !== undefined);
    return this.closed as { readonly code: number; readonly reason: string };
  }
}

export function add(queryId: number, name: string, args: unknown, journal: string | null = null) {
  return { type: "Add", queryId, udfPath: `items:${name}`, args: [args], journal };
}

/** What the transitions so far have brought a client to; fails when one does not start where the last ended. */
export function shown(driver: SessionDriver): { readonly results: Map<number, unknown>; readonly ts: number } {
  const results = new Map<number, unknown>();
  let version: unknown = { querySet: 0, identity: 0, ts: "AAAAAAAAAAA=" };
  let ts = 0;
  for (const { startVersion, endVersion, modifications } of driver.transitions) {
    assert.deepEqual(startVersion, version, "a transition starts where the last one ended");
    version = endVersion;
    assert(tsFromWire(endVersion.ts) >= ts, "a transition does not go back");
    ts = tsFromWire(endVersion.ts);
    for (const change of modifications) {
      if (change.type === "QueryUpdated") results.set(change.queryId, change.value);
      else if (change.type === "QueryFailed") results.set(change.queryId, change.errorMessage);
      else results.delete(change.queryId);
    }
  }
  return { results, ts };
}
