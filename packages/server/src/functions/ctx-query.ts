/**
 * `ctx.db.query("table")…`: the chain that user code builds, and the ways to consume it.
 *
 * A start can be used often; everything chained on it once, with Convex's errors otherwise. Results come from
 * synchronous streams of the transaction, so a consumed query resolves in microtasks.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import type { Page, QueryStream } from "../tx/types.ts";
import type { QueryPlan } from "../tx/query-plan.ts";
import { notAvailable, requireArgument, requireCount } from "./ctx-arguments.ts";
import { filterBuilder, toFilterExpression } from "./ctx-filter.ts";
import { RangeBuilder } from "./ctx-range.ts";
import type { Scope } from "./run.ts";

/** What `.paginate()` takes. */
export interface PaginationOptions {
  readonly numItems: number;
  readonly cursor: string | null;
  readonly endCursor?: string | null | undefined;
  readonly maximumRowsRead?: number | undefined;
  readonly maximumBytesRead?: number | undefined;
}

type Predicate = (q: typeof filterBuilder) => unknown;
type Chain = Omit<QueryPlan, "order"> & { readonly order: "asc" | "desc" | null };

/** A table to be queried; everything that needs no index range starts a scan of the whole table. */
export class QueryStart {
  readonly #scope: Scope;
  readonly #table: string;
  readonly #isSystem: boolean;

  constructor(scope: Scope, table: string, isSystem: boolean) {
    this.#scope = scope;
    this.#table = table;
    this.#isSystem = isSystem;
  }

  withIndex(indexName: string, range?: (q: RangeBuilder) => RangeBuilder): ChainedQuery {
    requireArgument(indexName, 1, "withIndex", "indexName");
    const builder = new RangeBuilder();
    return this.#chain(indexName, (range === undefined ? builder : range(builder)).finish());
  }

  withSearchIndex(indexName: string, _search: unknown): never {
    throw notAvailable(`Text search (index "${this.#table}.${indexName}")`);
  }

  fullTableScan(): ChainedQuery {
    return this.#chain("by_creation_time", []);
  }

  order(order: "asc" | "desc"): ChainedQuery {
    return this.fullTableScan().order(order);
  }

  filter(predicate: Predicate): ChainedQuery {
    return this.fullTableScan().filter(predicate);
  }

  limit(count: number): ChainedQuery {
    return this.fullTableScan().limit(count);
  }

  /** Number of documents in the table. */
  async count(): Promise<number> {
    while (this.#scope.busy !== undefined) await this.#scope.busy;
    return this.#scope.tx.count(this.#table);
  }

  collect(): Promise<Doc[]> {
    return this.fullTableScan().collect();
  }

  take(count: number): Promise<Doc[]> {
    return this.fullTableScan().take(count);
  }

  first(): Promise<Doc | null> {
    return this.fullTableScan().first();
  }

  unique(): Promise<Doc | null> {
    return this.fullTableScan().unique();
  }

  paginate(options: PaginationOptions): Promise<Page> {
    return this.fullTableScan().paginate(options);
  }

  [Symbol.asyncIterator](): AsyncIterator<Doc> {
    return this.fullTableScan()[Symbol.asyncIterator]();
  }

  #chain(index: string, range: QueryPlan["range"]): ChainedQuery {
    const chain = { table: this.#table, index, range, order: null, operators: [] };
    return new ChainedQuery(this.#scope, chain, this.#isSystem);
  }
}

/** A query under construction, or being consumed. */
export class ChainedQuery {
  readonly #scope: Scope;
  readonly #chain: Chain;
  readonly #isSystem: boolean;
  #state: "preparing" | "executing" | "chained" | "consumed" = "preparing";
  #stream: QueryStream | undefined;

  constructor(scope: Scope, chain: Chain, isSystem: boolean) {
    this.#scope = scope;
    this.#chain = chain;
    this.#isSystem = isSystem;
  }

  order(order: "asc" | "desc"): ChainedQuery {
    requireArgument(order, 1, "order", "order");
    this.#take();
    if (this.#chain.order !== null) throw new Error("Queries may only specify order at most once");
    return this.#next({ ...this.#chain, order });
  }

  filter(predicate: Predicate): ChainedQuery {
    requireArgument(predicate, 1, "filter", "predicate");
    return this.#operator({ filter: toFilterExpression(predicate(filterBuilder)) });
  }

  limit(count: number): ChainedQuery {
    requireArgument(count, 1, "limit", "n");
    return this.#operator({ limit: count });
  }

  async collect(): Promise<Doc[]> {
    this.#start();
    while (this.#scope.busy !== undefined) await this.#scope.busy;
    const stream = this.#open();
    try {
      return stream.rest();
    } finally {
      this.#close();
    }
  }

  async take(count: number): Promise<Doc[]> {
    requireArgument(count, 1, "take", "n");
    requireCount(count, 1, "take", "n");
    return this.limit(count).collect();
  }

  async first(): Promise<Doc | null> {
    return (await this.take(1))[0] ?? null;
  }

  async unique(): Promise<Doc | null> {
    const [found, second] = await this.take(2);
    if (found !== undefined && second !== undefined) {
      throw new Error(`unique() query returned more than one result from table ${this.#chain.table}:
 [${found._id}, ${second._id}, ...]`);
    }
    return found ?? null;
  }

  async paginate(options: PaginationOptions): Promise<Page> {
    requireArgument(options, 1, "paginate", "options");
    const numItems: unknown = (options as PaginationOptions | null)?.numItems;
    if (typeof numItems !== "number" || numItems < 0) {
      throw new Error(`\`options.numItems\` must be a positive number. Received \`${String(numItems)}\`.`);
    }
    this.#take();
    while (this.#scope.busy !== undefined) await this.#scope.busy;
    const { run } = this.#scope;
    // A re-run of a live page keeps the border that the first run chose.
    const journal = this.#scope.depth === 0 ? run.request.journal : null;
    const page = this.#scope.tx.paginate(
      this.#plan(),
      {
        cursor: options.cursor ?? null,
        endCursor: options.endCursor ?? journal,
        numItems,
        maximumRowsRead: options.maximumRowsRead ?? undefined,
        maximumBytesRead: options.maximumBytesRead ?? undefined,
      },
      this.#isSystem,
    );
    if (this.#scope.depth === 0) run.journal = page.continueCursor;
    const { isDone, continueCursor, splitCursor, pageStatus } = page;
    return { page: [...page.page], isDone, continueCursor, splitCursor, pageStatus };
  }

  [Symbol.asyncIterator](): AsyncIterator<Doc> {
    this.#start();
    return this as unknown as AsyncIterator<Doc>;
  }

  async next(): Promise<IteratorResult<Doc | null, null>> {
    if (this.#state === "preparing") this.#start();
    else if (this.#state !== "executing") this.#throwClosed();
    while (this.#scope.busy !== undefined) await this.#scope.busy;
    this.#scope.assertOpen();
    const stream = this.#stream ?? this.#open();
    const value = stream.next();
    if (value !== undefined) return { value, done: false };
    this.#close();
    return { value: null, done: true };
  }

  return(): Promise<IteratorResult<Doc, undefined>> {
    this.#close();
    return Promise.resolve({ done: true, value: undefined });
  }

  #operator(operator: QueryPlan["operators"][number]): ChainedQuery {
    this.#take();
    const max = this.#scope.run.host.limits.queryOperatorsMax;
    if (this.#chain.operators.length >= max) {
      throw new Error(`Can't construct query with more than ${max} operators`);
    }
    return this.#next({ ...this.#chain, operators: [...this.#chain.operators, operator] });
  }

  #next(chain: Chain): ChainedQuery {
    return new ChainedQuery(this.#scope, chain, this.#isSystem);
  }

  #plan(): QueryPlan {
    const { table, index, range, operators, order } = this.#chain;
    return { table, index, range, operators, order: order ?? "asc" };
  }

  #take(): void {
    if (this.#state !== "preparing") {
      throw new Error("A query can only be chained once and can't be chained after iteration begins.");
    }
    this.#state = "chained";
  }

  #start(): void {
    if (this.#state === "executing") throw new Error("Iteration can only begin on a query once.");
    if (this.#state !== "preparing") this.#throwClosed();
    this.#state = "executing";
  }

  #open(): QueryStream {
    this.#stream = this.#scope.tx.query(this.#plan(), this.#isSystem);
    return this.#stream;
  }

  #close(): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#state = "consumed";
  }

  #throwClosed(): never {
    throw new Error(
      this.#state === "consumed"
        ? "This query is closed and can't emit any more values."
        : "This query has been chained with another operator and can't be reused.",
    );
  }
}
