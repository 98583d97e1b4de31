/**
 * What main knows of each socket, enough to establish it again in a new core.
 *
 * The new core is told identity, query set and outstanding touches in one go, before it makes any update, so the versions of the
 * updates go on where they were. Each query is added with the journal it produced last, so pages keep their borders.
 *
 * @module
 */
import { rootFunction, type Ts } from "@narrowcast/values";
import type { Identity, QueryAdd, SocketUpdate } from "../protocol/live-types.ts";
import type { CoreSignal } from "../protocol/core-protocol.ts";
import type { SocketLink } from "../protocol/deployment-types.ts";
import { SentLog } from "./sent-log.ts";

interface SocketState {
  readonly onUpdate: (update: SocketUpdate) => void;
  readonly queries: Map<number, QueryAdd>;
  querySet: number;
  version: number;
  identity: Identity | undefined;
  /** A touch that no update has answered yet. */
  touched: { readonly ts: Ts | null } | undefined;
}

/** See the module comment. */
export class SocketRegistry {
  readonly #send: (signal: CoreSignal) => void;
  readonly #sockets = new Map<number, SocketState>();
  readonly #sent = new SentLog((notes) => this.#send({ type: "sent", notes }));
  #lastId = 0;

  /** @param send Passes a signal to the core, or drops it when there is none now. */
  constructor(send: (signal: CoreSignal) => void) {
    this.#send = send;
  }

  get size(): number {
    return this.#sockets.size;
  }

  open(onUpdate: (update: SocketUpdate) => void): SocketLink {
    this.#lastId += 1;
    const socket = this.#lastId;
    const state: SocketState = {
      onUpdate,
      queries: new Map(),
      querySet: 0,
      version: 0,
      identity: undefined,
      touched: undefined,
    };
    this.#sockets.set(socket, state);
    this.#send({ type: "openSocket", socket });
    return this.#link(socket, state);
  }

  /** Tells the core at once what was sent; before a look at the ledger. */
  flushSent(): void {
    this.#sent.flush();
  }

  /** Hands updates to their sockets. */
  deliver(updates: readonly SocketUpdate[]): void {
    for (const update of updates) {
      const state = this.#sockets.get(update.socket);
      if (state === undefined) continue;
      for (const { queryId, result } of update.changes) keepJournal(state, queryId, result?.journal ?? null);
      if (state.touched !== undefined && update.ts >= (state.touched.ts ?? 0)) state.touched = undefined;
      state.onUpdate(update);
    }
  }

  /** Everything that a new core must be told. */
  restore(): readonly CoreSignal[] {
    const signals: CoreSignal[] = [];
    for (const [socket, state] of this.#sockets) {
      signals.push({ type: "openSocket", socket });
      const { version, identity, querySet, queries, touched } = state;
      if (identity !== undefined) signals.push({ type: "setIdentity", socket, version, identity });
      if (querySet > 0) {
        signals.push({ type: "modifyQueries", socket, querySet, add: [...queries.values()], remove: [] });
      }
      if (touched !== undefined) signals.push({ type: "touch", socket, ts: touched.ts });
    }
    return signals;
  }

  #link(socket: number, state: SocketState): SocketLink {
    return {
      number: socket,
      modifyQueries: (querySet, add, remove) => {
        for (const queryId of remove) state.queries.delete(queryId);
        for (const query of add) state.queries.set(query.queryId, query);
        state.querySet = querySet;
        this.#send({ type: "modifyQueries", socket, querySet, add, remove });
      },
      setIdentity: (version, identity) => {
        state.version = version;
        state.identity = identity;
        this.#send({ type: "setIdentity", socket, version, identity });
      },
      touch: (ts) => {
        const before = state.touched?.ts ?? 0;
        state.touched = { ts: ts === null && before === 0 ? null : Math.max(ts ?? 0, before) };
        this.#send({ type: "touch", socket, ts });
      },
      sent: (queryId, bytes, wholeBytes) => {
        const query = queryId === null ? FRAMES : state.queries.get(queryId);
        this.#sent.note(query ?? REMOVED, state.identity?.key ?? "", bytes, wholeBytes);
      },
      close: () => {
        if (this.#sockets.delete(socket)) this.#send({ type: "closeSocket", socket });
      },
    };
  }
}

/** What is around results in frames, and results of queries that were removed meanwhile. */
const FRAMES = { ...rootFunction("(frames)"), args: "" };
const REMOVED = { ...rootFunction("(removed)"), args: "" };

function keepJournal(state: SocketState, queryId: number, journal: string | null): void {
  const query = state.queries.get(queryId);
  if (query !== undefined && journal !== null && journal !== query.journal) {
    state.queries.set(queryId, { ...query, journal });
  }
}
