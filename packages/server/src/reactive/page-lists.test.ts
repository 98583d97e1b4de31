/**
 * Goal: whatever a list of pages shows is the table up to where the list ends, at every ts: no row is lost, none is shown twice.
 *
 * Method: random histories of one table under a list of pages that is kept as the official clients keep theirs. A page is asked for again with the
 * journal of its first run, or with its end as `endCursor`; it is split in two at `splitCursor` when the server says so, or when it has become twice as long as
 * wanted; the next page begins where the last one ends. After every commit the pages and what lies behind them, read once, must be the query.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Database } from "../tx/database.ts";
import { collect, commitOf, openTestDatabase, plan, read, schemaOf, write } from "../tx/testing/database.ts";
import { untracked } from "../tx/tracked-document.ts";
import { CONVEX_RULES, NARROW_RULES } from "../tx/types.ts";
import type { Mechanisms, Page, PageRequest } from "../tx/types.ts";
import type { QueryPlan } from "../tx/query-plan.ts";
import { NodeStore } from "./node-store.ts";

const SIMS = Number(process.env["SIMS"] ?? 300);
const MARKED = { op: "eq", left: { op: "field", path: ["x"] }, right: { op: "literal", value: 1 } } as const;

interface Kept {
  readonly request: PageRequest;
  result: Page;
}

interface Options extends Pick<PageRequest, "maximumRowsRead" | "maximumBytesRead"> {
  readonly wanted: QueryPlan;
  readonly initialNumItems: number;
  /** Pages are asked for again with their end as an argument, not with the journal beside it. */
  readonly namesEnds: boolean;
  readonly mechanisms: Mechanisms;
}

/** A list of pages as the official clients keep it. */
class PageList {
  readonly #database: Database;
  readonly #nodes: NodeStore;
  readonly #options: Options;
  #pages: Kept[];
  splits = 0;
  /** Pages that showed more rows than a first run may read. */
  grown = 0;

  constructor(database: Database, nodes: NodeStore, options: Options) {
    this.#database = database;
    this.#nodes = nodes;
    this.#options = options;
    this.#pages = [this.#load({ numItems: options.initialNumItems, cursor: null })];
  }

  loadMore(numItems: number): void {
    const last = this.#pages.at(-1)?.result;
    if (last !== undefined && !last.isDone) this.#pages.push(this.#load({ numItems, cursor: last.continueCursor }));
  }

  /** Runs every page again at the head, then splits for as long as a page should be. */
  refresh(): void {
    for (const page of this.#pages) {
      const end = page.result.continueCursor;
      page.result = this.#read({ ...page.request, endCursor: page.request.endCursor ?? end });
      const { maximumRowsRead = Infinity } = this.#options;
      if (page.result.page.length > maximumRowsRead) this.grown += 1;
    }
    for (let at = this.#nextSplit(); at >= 0; at = this.#nextSplit()) this.#split(at);
  }

  shown(): readonly unknown[] {
    return this.#pages.flatMap(({ result }) => result.page);
  }

  /** What lies behind the list, page by page. */
  rest(): readonly unknown[] {
    const rows: unknown[] = [];
    let last = this.#pages.at(-1)?.result;
    while (last !== undefined && !last.isDone) {
      last = this.#read({ numItems: 3, cursor: last.continueCursor });
      rows.push(...last.page);
    }
    return rows;
  }

  #load(request: PageRequest): Kept {
    const result = this.#read(request);
    return { request: this.#options.namesEnds ? { ...request, endCursor: result.continueCursor } : request, result };
  }

  #read(request: PageRequest): Page {
    const { wanted, maximumRowsRead, maximumBytesRead, mechanisms } = this.#options;
    const tx = this.#database.begin({ readOnly: true, mechanisms, nodes: this.#nodes });
    const { page, ...rest } = tx.paginate(wanted, { ...request, maximumRowsRead, maximumBytesRead });
    return { page: untracked(page) as Page["page"], ...rest };
  }

  #nextSplit(): number {
    return this.#pages.findIndex(
      ({ result: { splitCursor, pageStatus, page } }) =>
        splitCursor !== null && (pageStatus !== null || page.length > this.#options.initialNumItems * 2),
    );
  }

  #split(at: number): void {
    const { request, result } = this.#pages[at] as Kept;
    const numItems = this.#options.initialNumItems;
    const borders = [request.cursor, result.splitCursor, result.continueCursor] as const;
    const halves = [
      this.#load({ numItems, cursor: borders[0], endCursor: borders[1] }),
      this.#load({ numItems, cursor: borders[1], endCursor: borders[2] }),
    ];
    this.#pages.splice(at, 1, ...halves);
    this.splits += 1;
  }
}

const options = fc.record({
  order: fc.constantFrom("asc" as const, "desc" as const),
  isFiltered: fc.boolean(),
  isRange: fc.boolean(),
  initialNumItems: fc.integer({ min: 1, max: 8 }),
  maximumRowsRead: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
  maximumBytesRead: fc.option(fc.constantFrom(1, 200, 600), { nil: undefined }),
  namesEnds: fc.boolean(),
  mechanisms: fc.constantFrom(CONVEX_RULES, NARROW_RULES),
});
const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("insert" as const), at: fc.nat({ max: 25 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("touch" as const, "move" as const), at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), at: fc.nat() }) },
);
const step = fc.record({ changes: fc.array(change, { maxLength: 6 }), loadMore: fc.nat({ max: 5 }) });

function planOf({ order, isFiltered, isRange }: { order: "asc" | "desc"; isFiltered: boolean; isRange: boolean }) {
  const range = [{ type: "gte", fieldPath: "n", value: 5 }] as const;
  const operators = isFiltered ? [{ filter: MARKED }] : [];
  return plan("t", { index: "by_n", range: isRange ? range : [], order, operators });
}

test("a list of pages and what lies behind it are the query at every ts, whatever limits, ends, splits and writes there are", () => {
  let splits = 0;
  let grown = 0;
  fc.assert(
    fc.property(options, fc.nat({ max: 12 }), fc.array(step, { maxLength: 8 }), (drawn, rows, steps) => {
      const { database, engine } = openTestDatabase();
      database.setSchema(schemaOf({ t: { indexes: { by_n: ["n"] } } }));
      const ids = write(database, (tx) => Array.from({ length: rows }, (_, n) => tx.insert("t", { n, x: n % 2 })));
      const nodes = new NodeStore(engine);
      const wanted = planOf(drawn);
      const list = new PageList(database, nodes, { ...drawn, wanted });
      for (const { changes, loadMore } of steps) {
        const commit = commitOf(database, (tx) => {
          for (const { kind, at } of changes) {
            const id = ids[at % Math.max(1, ids.length)];
            if (kind === "insert" || id === undefined) ids.push(tx.insert("t", { n: at / 2, x: at % 2 }));
            else if (kind === "touch") tx.patch(id, { x: at % 3 });
            else if (kind === "move") tx.patch(id, { n: (at % 50) / 3 });
            else tx.delete(ids.splice(ids.indexOf(id), 1)[0] ?? "");
          }
        });
        if (commit !== undefined) nodes.apply(commit);
        list.refresh();
        if (loadMore > 0) list.loadMore(loadMore);
        const all = read(database, (tx) => collect(tx.query(wanted)));
        expect([...list.shown(), ...list.rest()]).toEqual(all);
      }
      splits += list.splits;
      grown += list.grown;
    }),
    { numRuns: SIMS, endOnFailure: true },
  );
  // Both happen often, or the property above proves nothing.
  expect(splits).toBeGreaterThan(SIMS / 4);
  expect(grown).toBeGreaterThan(SIMS / 10);
});
