/**
 * Random query functions for the oracle: small programs of reads, written as the arguments of one function.
 *
 * Between them they read in every way a function can: by id (there or not), ranges open and closed in both orders, ended early
 * and exhausted, with filters, pages, joins, conditions, missing tables, whole counts, names, identity, errors.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import type { Transaction } from "../../tx/types.ts";
import type { QueryOperator, QueryPlan, RangeBound } from "../../tx/query-plan.ts";
import type { Random } from "./random.ts";

/** What a program does with each document: shows it whole, or looks at parts of it. */
type Use = "whole" | "spread" | "rank" | "tag" | "tag if ranked" | "has tag" | "written" | "nothing";
const USES: readonly Use[] = ["whole", "spread", "rank", "tag", "tag if ranked", "has tag", "written", "nothing"];

type Op = Read & { readonly use?: Use | undefined };
type Read =
  | { readonly op: "get"; readonly id: string }
  | { readonly op: "range"; readonly group: string; readonly low: number; readonly order: Order; readonly take: number }
  | { readonly op: "filter"; readonly group: string; readonly tag: number; readonly take: number }
  | { readonly op: "scan"; readonly order: Order; readonly take: number }
  | { readonly op: "page"; readonly group: string; readonly items: number }
  | { readonly op: "join"; readonly group: string; readonly take: number }
  | { readonly op: "if"; readonly id: string; readonly group: string }
  | { readonly op: "length"; readonly group: string }
  | { readonly op: "count" }
  | { readonly op: "ghosts" }
  | { readonly op: "environment" }
  | { readonly op: "mine"; readonly group: string }
  | { readonly op: "fails"; readonly group: string };

type Order = "asc" | "desc";
export type Program = readonly Op[];

/** What a program runs on. */
export interface ProgramContext {
  readonly tx: Transaction;
  readonly identityKey: string;
  readonly environment: string;
  readonly journal: string | null;
}

/** What a program did besides reading. */
export interface ProgramOutcome {
  readonly value: string;
  readonly journal: string | null;
  readonly identityObserved: boolean;
}

const GROUPS = ["a", "b", "c"];
/** More than any table holds. */
const ALL = 1_000;

/** A random program over documents with `ids`. @param uses Randomness for what it does with documents; it shows them whole without. */
export function randomProgram(random: Random, ids: readonly string[], uses?: Random): Program {
  const program = Array.from({ length: 1 + random.int(2) }, () => {
    const op = randomOp(random, ids);
    return uses === undefined ? op : { ...op, use: uses.pick(USES) };
  });
  // A function may paginate once.
  return program.filter((op, at) => op.op !== "page" || program.findIndex((other) => other.op === "page") === at);
}

function randomOp(random: Random, ids: readonly string[]): Op {
  const group = random.pick(GROUPS);
  const order = random.pick<Order>(["asc", "desc"]);
  const take = random.pick([1, 2, 4, ALL]);
  const id = random.pick(ids);
  return random.pick<() => Op>([
    () => ({ op: "get", id }),
    () => ({ op: "range", group, low: random.int(6), order, take }),
    () => ({ op: "filter", group, tag: random.int(3), take }),
    () => ({ op: "scan", order, take }),
    () => ({ op: "page", group, items: 1 + random.int(3) }),
    () => ({ op: "join", group, take }),
    () => ({ op: "if", id, group }),
    () => ({ op: "length", group }),
    () => ({ op: "count" }),
    () => ({ op: "ghosts" }),
    () => ({ op: "environment" }),
    () => ({ op: "mine", group }),
    () => ({ op: "fails", group }),
  ])();
}

/** Runs a program on a transaction. @throws What an op of it throws: a user error. */
export function runProgram(program: Program, context: ProgramContext): ProgramOutcome {
  let journal: string | null = null;
  let identityObserved = false;
  const parts = program.map((op): unknown => {
    if (op.op === "page") {
      const plan = itemsOf(op.group, [], "asc");
      const page = context.tx.paginate(plan, { cursor: null, endCursor: context.journal, numItems: op.items });
      journal = page.continueCursor;
      return { page: page.page.map((doc) => usedAs(op.use ?? "whole", doc)), isDone: page.isDone };
    }
    if (op.op !== "mine") return runOp(op, context);
    const first = take(context.tx, itemsOf(op.group, [], "asc"), 1)[0];
    if (first?.["tag"] !== 0) return "public";
    identityObserved = true;
    return `private of ${context.identityKey}`;
  });
  return { value: JSON.stringify(parts), journal, identityObserved };
}

function usedAs(use: Use, doc: Doc): unknown {
  switch (use) {
    case "whole":
      return doc;
    case "spread":
      return { ...doc, more: 1 };
    case "rank":
    case "tag":
      return doc[use];
    case "tag if ranked":
      return Number(doc["rank"]) > 3 ? doc["tag"] : "low";
    case "has tag":
      return "tag" in doc;
    case "written":
      return Object.assign(doc, { tag: "mine" })["rank"];
    case "nothing":
      return 0;
    default:
      return use satisfies never;
  }
}

function runOp(op: Exclude<Op, { op: "page" | "mine" }>, { tx, environment }: ProgramContext): unknown {
  const use = (doc: Doc): unknown => usedAs(op.use ?? "whole", doc);
  switch (op.op) {
    case "get": {
      const doc = tx.get(op.id);
      return doc === null ? null : use(doc);
    }
    case "range":
      return take(tx, itemsOf(op.group, [{ type: "gte", fieldPath: "rank", value: op.low }], op.order), op.take).map(
        use,
      );
    case "filter": {
      const field = { op: "field", path: ["tag"] } as const;
      const filter = { op: "eq", left: field, right: { op: "literal", value: op.tag } } as const;
      return take(tx, itemsOf(op.group, [], "asc", [{ filter }]), op.take).map(use);
    }
    case "scan":
      return take(tx, plan("items", "by_creation_time", [], op.order), op.take).map(use);
    case "join":
      return take(tx, itemsOf(op.group, [], "desc"), op.take).map((item) => [use(item), notesOf(tx, item._id)]);
    case "if": {
      const item = tx.get(op.id);
      return item !== null && Number(item["rank"]) > 2 ? take(tx, itemsOf(op.group, [], "asc"), 2) : notesOf(tx, op.id);
    }
    case "length":
      return take(tx, itemsOf(op.group, [], "asc"), ALL).length;
    case "count":
      return tx.count("notes");
    case "ghosts":
      return take(tx, plan("ghosts", "by_creation_time", [], "asc"), ALL);
    case "environment":
      tx.readName("env:COLOUR");
      return environment;
    case "fails": {
      const first = take(tx, itemsOf(op.group, [], "asc"), 1)[0];
      if (first !== undefined && Number(first["rank"]) % 2 === 1) throw new Error(`Odd rank of ${first._id}`);
      return "even";
    }
    default:
      return op satisfies never;
  }
}

function itemsOf(group: string, more: RangeBound[], order: Order, operators: QueryOperator[] = []): QueryPlan {
  return plan("items", "by_group", [{ type: "eq", fieldPath: "group", value: group }, ...more], order, operators);
}

function notesOf(tx: Transaction, item: string): readonly Doc[] {
  return take(tx, plan("notes", "by_item", [{ type: "eq", fieldPath: "item", value: item }], "asc"), ALL);
}

function plan(
  table: string,
  index: string,
  range: readonly RangeBound[],
  order: Order,
  operators: readonly QueryOperator[] = [],
): QueryPlan {
  return { table, index, range, order, operators };
}

function take(tx: Transaction, query: QueryPlan, count: number): readonly Doc[] {
  const stream = tx.query(query);
  const rows: Doc[] = [];
  for (let row = stream.next(); row !== undefined; row = rows.length < count ? stream.next() : undefined)
    rows.push(row);
  stream.close();
  return rows;
}
