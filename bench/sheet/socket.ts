/**
 * A client's socket without a network: a real session of the server on one side, the bytes of its frames counted on the other.
 *
 * Frames are looked at no further than is needed to know what has arrived, so that reading them costs hardly any of the CPU time that is measured.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { AdminKeys } from "@narrowcast/server";
import { CONVEX_LIMITS, type Value } from "@narrowcast/values";
import {
  DELTAS_ON_FRAME,
  DeltaTable,
  SocketAuthenticator,
  TokenVerifier,
  QueryCount,
  Session,
  SocketDeltas,
  type Transport,
} from "@narrowcast/server/testing";
import type { World } from "./world.ts";

/** A query that a client subscribes to. */
export interface QueryRequest {
  readonly path: string;
  readonly args: { readonly [name: string]: Value };
}

const AUTHENTICATOR = new SocketAuthenticator({
  adminKeys: new AdminKeys(new Uint8Array(32).fill(7)),
  tokens: new TokenVerifier(async () => []),
});
const DELTA_BYTES_MAX = 256 * 1024 * 1024;
/** The versions of a transition are in front of its values. */
const TRANSITION_HEAD_CHARS = 300;
const END_QUERY_SET = /"endVersion":\{"querySet":(\d+)/u;
/** More than this many turns without what is waited for: it will not come. */
const TURNS_MAX = 20_000;

interface Response {
  readonly requestId: number;
  readonly success: boolean;
  readonly result: unknown;
}

/** What the sockets of one deployment share. */
export function deltaTable(): DeltaTable {
  return new DeltaTable(DELTA_BYTES_MAX);
}

/** See the module comment. */
export class CountedSocket {
  /** Bytes of all frames so far, without the two to ten bytes that a WebSocket puts before each. */
  bytesSent = 0;
  /** Frames that carried at least one changed query. */
  updates = 0;
  readonly #world: World;
  readonly #session: Session;
  readonly #onFrame: ((frame: string) => void) | undefined;
  readonly #queryIds = new Map<string, number>();
  #responses = new Map<number, Response>();
  #querySetShown = 0;
  #querySet = 0;
  #lastQueryId = 0;
  #lastRequestId = 0;

  /**
   * @param deltas Left out: a plain client, which is sent whole values.
   * @param onFrame Sees every frame; for tests.
   */
  constructor(world: World, deltas: DeltaTable | undefined, onFrame?: (frame: string) => void) {
    this.#world = world;
    this.#onFrame = onFrame;
    const transport: Transport = {
      send: (frame, onFlushed) => {
        this.#receive(frame);
        if (onFlushed !== undefined) setImmediate(onFlushed);
      },
      isCongested: false,
      close: (code, reason) => {
        throw new Error(`Cannot go on: the server closed the socket with ${code} ${reason}`);
      },
      // It waits for each answer before it goes on.
      setReading: () => undefined,
      requestFlush: () => void setImmediate(() => this.#session.flush()),
    };
    this.#session = new Session({
      deployment: world.deployment,
      authenticator: AUTHENTICATOR,
      transport,
      limits: CONVEX_LIMITS,
      queryCount: new QueryCount(),
      nowMs: () => world.clock.nowMs(),
      canChunk: false,
      redacts: false,
      deltas: deltas === undefined ? undefined : new SocketDeltas(deltas),
      client: { ip: null, userAgent: null },
      onError: (error) => {
        throw error;
      },
    });
    if (deltas !== undefined) this.#receive(DELTAS_ON_FRAME);
    this.#send({ type: "Connect", sessionId: randomUUID(), connectionCount: 0, lastCloseReason: null });
  }

  /** What is subscribed to, by query id. */
  get requests(): ReadonlyMap<number, QueryRequest> {
    const entries = [...this.#queryIds].map(([key, queryId]) => [queryId, JSON.parse(key) as QueryRequest] as const);
    return new Map(entries);
  }

  /** Changes what is subscribed to, and waits until the new results are there. */
  async modify(add: readonly QueryRequest[], remove: readonly QueryRequest[] = []): Promise<void> {
    const modifications = [
      ...remove.map((request) => ({ type: "Remove", queryId: this.#forget(request) })),
      ...add.map((request) => ({
        type: "Add",
        queryId: this.#remember(request),
        udfPath: request.path,
        args: [request.args],
        journal: null,
      })),
    ];
    const baseVersion = this.#querySet;
    this.#querySet += 1;
    this.#send({ type: "ModifyQuerySet", baseVersion, newVersion: this.#querySet, modifications });
    await this.#until(() => this.#querySetShown === this.#querySet);
  }

  /** Calls a mutation, and waits until it has ended. What it causes may still be under way: see {@link settle}. */
  async mutate(path: string, args: object): Promise<unknown> {
    this.#lastRequestId += 1;
    const requestId = this.#lastRequestId;
    this.#send({ type: "Mutation", requestId, udfPath: path, args: [args] });
    await this.#until(() => this.#responses.has(requestId));
    const { success, result } = this.#responses.get(requestId)!;
    this.#responses.delete(requestId);
    if (!success) throw new Error(`Cannot call ${path}: ${String(result)}`);
    return result;
  }

  close(): void {
    this.#session.closed();
  }

  #send(message: object): void {
    this.#session.receive(JSON.stringify(message));
  }

  #receive(frame: string): void {
    this.bytesSent += Buffer.byteLength(frame);
    this.#onFrame?.(frame);
    if (frame.startsWith('{"type":"MutationResponse"')) {
      const response = JSON.parse(frame) as Response;
      this.#responses.set(response.requestId, response);
    } else if (frame.startsWith('{"type":"Transition"')) {
      const querySet = END_QUERY_SET.exec(frame.slice(0, TRANSITION_HEAD_CHARS))?.[1];
      this.#querySetShown = Number(querySet);
      if (!frame.includes('"modifications":[]')) this.updates += 1;
    } else if (frame !== DELTAS_ON_FRAME) {
      throw new Error(`Cannot go on: the server sent ${frame.slice(0, TRANSITION_HEAD_CHARS)}`);
    }
  }

  #remember(request: QueryRequest): number {
    this.#lastQueryId += 1;
    this.#queryIds.set(JSON.stringify(request), this.#lastQueryId);
    return this.#lastQueryId;
  }

  #forget(request: QueryRequest): number {
    const key = JSON.stringify(request);
    const queryId = this.#queryIds.get(key);
    if (queryId === undefined) throw new Error(`Cannot remove ${key}: it is not subscribed`);
    this.#queryIds.delete(key);
    return queryId;
  }

  async #until(isDone: () => boolean): Promise<void> {
    for (let turns = 0; !isDone(); turns++) {
      if (turns > TURNS_MAX) throw new Error("Cannot go on: the server does not answer");
      await turn();
    }
    await settle(this.#world);
  }
}

/** Waits until the deployment has done all that the calls so far have caused, and the frames of it are out. */
export async function settle(world: World): Promise<void> {
  // The core answers in order; frames leave in the turns after an update.
  await world.deployment.head();
  for (let turns = 0; turns < 4; turns++) await turn();
}
