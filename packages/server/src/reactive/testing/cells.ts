/**
 * The smallest world a reactor can live in: named cells of text, and queries that read some of them.
 *
 * Stands in for documents in tests that script single steps; `oracle.test.ts` uses the real transactions.
 *
 * @module
 */
import { ReadSet } from "../../tx/read-set.ts";
import type { Commit } from "../../tx/types.ts";
import type { ReactorLimits, LiveQueryObserver } from "../options.ts";
import { Reactor } from "../reactor.ts";
import { NO_IDENTITY } from "../identity.ts";
import type { Identity, RunOutcome, RunRequest, RunResult } from "../types.ts";
import { Client } from "./client.ts";

const CELLS = 1;

export const NOBODY: Identity = NO_IDENTITY;
export const ADMIN: Identity = { kind: "admin", key: "", attributes: null };

export function user(key: string): Identity {
  return { kind: "user", key, attributes: { name: key } };
}

/** What a query of this world can look at. */
class CellContext {
  readonly request: RunRequest;
  readonly readSet = new ReadSet();
  identityObserved = false;
  clockObserved = false;
  journal: string | null = null;
  readonly #world: CellWorld;

  constructor(world: CellWorld, request: RunRequest) {
    this.#world = world;
    this.request = request;
  }

  read(cell: string): string {
    this.readSet.addPoint(CELLS, cell);
    return this.#world.cells.get(cell) ?? "";
  }

  name(name: string): string {
    this.readSet.addName(name);
    return name;
  }

  who(): string {
    this.identityObserved = true;
    return this.request.identity.key;
  }

  now(): number {
    this.clockObserved = true;
    return this.#world.nowMs;
  }
}

export type CellQuery = (ctx: CellContext) => string | Promise<string>;

/** Cells, queries, a reactor and its clients. */
export class CellWorld {
  readonly cells = new Map<string, string>();
  readonly reactor: Reactor;
  /** `path identityKey` of every execution, in order. */
  readonly executed: string[] = [];
  head = 1;
  nowMs = 0;
  /** Set to make executions reject, as a broken machine would. */
  breaksWith: Error | undefined = undefined;
  readonly #queries: Readonly<Record<string, CellQuery>>;
  readonly #clients = new Map<number, Client>();

  constructor(
    queries: Readonly<Record<string, CellQuery>>,
    limits: Partial<ReactorLimits> = {},
    observer?: LiveQueryObserver,
  ) {
    this.#queries = queries;
    this.reactor = new Reactor({
      executor: (request) => this.#execute(request),
      head: () => this.head,
      nowMs: () => this.nowMs,
      limits,
      observer,
      onUpdate: (updates) => {
        for (const update of updates) this.#clients.get(update.socket)?.apply(update);
      },
    });
  }

  open(id: number, identity?: Identity): Client {
    const client = new Client(id);
    this.#clients.set(id, client);
    this.reactor.openSocket(id);
    if (identity !== undefined) this.reactor.setIdentity(id, 1, identity);
    return client;
  }

  /** Adds one query, numbered `queryId`, to a socket. */
  add(socket: number, queryId: number, path: string, journal: string | null = null, version = queryId): void {
    this.reactor.modifyQueries(socket, version, [{ queryId, path, args: "{}", journal }], []);
  }

  /** Commits new texts and tells the reactor; returns how many runs it touched. */
  write(cells: Readonly<Record<string, string>>): number {
    for (const [cell, text] of Object.entries(cells)) this.cells.set(cell, text);
    return this.reactor.applyCommit(this.#commit(Object.keys(cells)));
  }

  request(path: string, identity: Identity = NOBODY, journal: string | null = null): RunRequest {
    return { path, args: "{}", identity, journal };
  }

  #commit(cells: readonly string[]): Commit {
    this.head++;
    const changes = cells.map((id) => ({
      table: "cells",
      collection: CELLS,
      id,
      before: undefined,
      after: undefined,
      moves: [],
    }));
    return { ts: this.head, changes, names: [], source: "test:write" };
  }

  async #execute(request: RunRequest): Promise<RunOutcome> {
    if (this.breaksWith !== undefined) throw this.breaksWith;
    this.executed.push(`${request.path} ${request.identity.key}`.trim());
    const ctx = new CellContext(this, request);
    const query = this.#queries[request.path];
    if (query === undefined) throw new Error(`Cannot run "${request.path}": it is not in this world`);
    const result = await resultOf(query, ctx);
    const { readSet, identityObserved, clockObserved } = ctx;
    return { result, readSet, identityObserved, clockObserved };
  }
}

async function resultOf(query: CellQuery, ctx: CellContext): Promise<RunResult> {
  try {
    const value = await query(ctx);
    return { ok: true, value, logLines: [], journal: ctx.journal };
  } catch (error) {
    const errorMessage = error instanceof Error ? error.message : String(error);
    return { ok: false, errorMessage, errorData: null, logLines: [], journal: ctx.journal };
  }
}
