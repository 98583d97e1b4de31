/**
 * What the reactive room knows of a socket: its queries, what each was last given, and which of them may have news.
 *
 * Invariants:
 *   - A query whose live query is not clean is in its socket's `stale`, and the socket is in the waiting line.
 *   - Every query that is not in `stale` was given the present result of its live query.
 *
 * @module
 */
import { NO_IDENTITY } from "./identity.ts";
import { sameResult } from "./results.ts";
import type { LiveQuery } from "./live-query.ts";
import type { Identity, QueryAdd, RunRequest, RunResult, SocketUpdate } from "./types.ts";

/** One query of one socket. */
export class HeldQuery {
  readonly socket: Socket;
  readonly queryId: number;
  readonly component: string;
  readonly path: string;
  readonly args: string;
  /** What the client would ask with after a reconnect: the journal of the last result it was given. */
  journal: string | null;
  live: LiveQuery<HeldQuery> | undefined = undefined;
  /** The last result in an update, shared with every socket that got the same. */
  given: RunResult | undefined = undefined;

  constructor(socket: Socket, query: QueryAdd) {
    this.socket = socket;
    this.queryId = query.queryId;
    this.component = query.component;
    this.path = query.path;
    this.args = query.args;
    this.journal = query.journal;
  }

  /** What to ask as the socket's identity. */
  request(journal: string | null): RunRequest {
    const { component, path, args } = this;
    return { component, path, args, identity: this.socket.identity, journal };
  }
}

/** See the module comment. */
export class Socket {
  readonly id: number;
  identity: Identity = NO_IDENTITY;
  querySetVersion = 0;
  identityVersion = 0;
  /** A version moved since the last update, so one is due even if it is empty. */
  hasNewVersion = false;
  /** An update at or after this ts is due even if it is empty. */
  touchedTs: number | undefined = undefined;
  readonly queries = new Map<number, HeldQuery>();
  /** Removed since the last update. */
  readonly removed = new Set<number>();
  /** Queries that may have news. */
  readonly stale = new Set<HeldQuery>();
  /** Slices that ended while this socket stood first in line. */
  slicesWaited = 0;
  isClosed = false;

  constructor(id: number) {
    this.id = id;
  }

  /** Whether all its queries have results at the head. */
  get isClean(): boolean {
    for (const query of this.stale) if (query.live?.state !== "clean") return false;
    return true;
  }

  /** Whether the next update must be sent even if no result differs. */
  isDue(head: number): boolean {
    return this.hasNewVersion || this.removed.size > 0 || (this.touchedTs !== undefined && this.touchedTs <= head);
  }

  /**
   * Takes the news: an update at `head`, or nothing when nothing differs and none is due. All stale queries must be clean.
   */
  takeUpdate(head: number): SocketUpdate | undefined {
    const changes: { queryId: number; result: RunResult | undefined }[] = [];
    for (const queryId of this.removed) changes.push({ queryId, result: undefined });
    for (const query of this.stale) {
      const result = query.live?.result;
      if (result === undefined || query.live?.state !== "clean") {
        throw new Error(`Cannot update socket ${this.id}: query ${query.queryId} has no result at the head`);
      }
      const former = query.given;
      query.given = result;
      if (former !== undefined && sameResult(former, result)) continue;
      query.journal = result.ok ? result.journal : (result.journal ?? query.journal);
      changes.push({ queryId: query.queryId, result });
    }
    this.stale.clear();
    if (changes.length === 0 && !this.isDue(head)) return undefined;
    this.removed.clear();
    this.hasNewVersion = false;
    if (this.touchedTs !== undefined && this.touchedTs <= head) this.touchedTs = undefined;
    return { socket: this.id, querySet: this.querySetVersion, identity: this.identityVersion, ts: head, changes };
  }
}
