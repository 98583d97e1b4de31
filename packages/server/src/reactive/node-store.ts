/**
 * The node store: the nodes of a deployment. Reads that were made before answer from memory; commits patch them in place.
 *
 *   commit ──keys──▶ interval tree per (collection, index) ──▶ nodes: enter, leave, move, replace
 *          ──id────▶ points
 *
 * Invariants:
 *   - Between two commits every node answers as the engine would (`RangeNode`).
 *   - Nodes take at most the budget and what one call adds to it; one that is forgotten is read again.
 *   - A commit that names `schema` empties the store: indexes may mean something else.
 *
 * What the caller guarantees: `apply` is called for every commit, in order, before anything is read at it; only transactions that cannot see
 * uncommitted writes ask.
 *
 * @module
 */
import { encodeKey, sizeOfDocument } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import type { NodeCall, NodePoint, NodeRows, ReadNodes, RowText } from "../tx/read-nodes.ts";
import { PRIMARY } from "../tx/types.ts";
import type { Commit, DocumentChange, Engine, Key } from "../tx/types.ts";
import type { FilterExpression } from "../tx/query-plan.ts";
import { IntervalTree } from "./interval-tree.ts";
import { CachedText, TextCache } from "./text-cache.ts";
import { NodeBudget } from "./node-budget.ts";
import type { Held } from "./node-budget.ts";
import { RangeNode } from "./range-node.ts";
import { NOBODY, withoutSubscriber, withSubscriber } from "./subscribers.ts";

/** Memory of nodes in an ordinary deployment. */
export const NODE_BYTES_MAX = 128 * 1024 * 1024;
/** Memory of a point besides its document, estimated. */
const POINT_BYTES = 250;

class PointNode implements Held, NodePoint {
  readonly collection: number;
  readonly id: Key;
  document: Doc | undefined;
  documentBytes: number;
  isUsed = true;
  isGone = false;
  isVisited = true;
  isFresh = false;

  constructor(collection: number, id: Key, document: Doc | undefined) {
    this.collection = collection;
    this.id = id;
    this.document = document;
    this.documentBytes = document === undefined ? 0 : sizeOfDocument(document);
  }

  get bytes(): number {
    return POINT_BYTES + this.documentBytes;
  }
}

interface StoredRows {
  readonly key: string;
  readonly number: number;
  readonly node: RangeNode;
  /** Its key among the pages, if it stands there. */
  page: string | undefined;
}

/** Work done so far, for tests and the meter; monotone. */
export interface NodeCounters {
  /** Read calls that found a node, and those that made one. */
  readonly found: number;
  readonly made: number;
  /** Nodes that a commit changed. */
  readonly patched: number;
  /** Texts of rows and of long strings that were made. */
  readonly textsMade: number;
  readonly forgotten: number;
}

/** See the module comment. */
export class NodeStore implements ReadNodes {
  readonly #engine: Engine<Doc>;
  readonly #rows = new Map<string, StoredRows>();
  readonly #byNumber = new Map<number, StoredRows>();
  readonly #byNode = new Map<RangeNode, StoredRows>();
  /** Pages that were read without an end, by where they begin: asked for again, a page has the end that it came to have. */
  readonly #pages = new Map<string, StoredRows>();
  readonly #points = new Map<number, Map<Key, PointNode>>();
  readonly #trees = new Map<number, Map<number, IntervalTree>>();
  readonly #texts: TextCache;
  readonly #budget: NodeBudget<RangeNode | PointNode | CachedText>;
  readonly #counts = { found: 0, made: 0, patched: 0 };
  /** Reused: one commit may write many rows. */
  readonly #hits = new Set<number>();
  #numbers = 0;
  readonly #grew = (bytes: number): void => {
    this.#budget.bytes += bytes;
  };

  constructor(engine: Engine<Doc>, bytesMax: number = NODE_BYTES_MAX) {
    this.#engine = engine;
    this.#budget = new NodeBudget(bytesMax, (held) => this.#forget(held));
    this.#texts = new TextCache(bytesMax, this.#budget);
  }

  get counters(): NodeCounters {
    return { ...this.#counts, textsMade: this.#texts.made, forgotten: this.#budget.forgotten };
  }

  /** What is held now; bytes are estimated. */
  get size(): { readonly nodes: number; readonly bytes: number } {
    return { nodes: this.#budget.size, bytes: this.#budget.bytes };
  }

  knows(call: NodeCall): boolean {
    return this.#rows.has(keyOf(call));
  }

  rows(call: NodeCall): NodeRows {
    const key = keyOf(call);
    const stored = this.#rows.get(key);
    if (stored !== undefined) {
      this.#counts.found += 1;
      stored.node.isUsed = true;
      if (call.isPage && stored.page === undefined) this.#notePage(stored);
      return stored.node;
    }
    this.#counts.made += 1;
    const begun = call.isPage ? this.#pages.get(pageKeyOf(call)) : undefined;
    const narrowed = begun?.node.narrowed(call);
    const node = narrowed ?? new RangeNode(call, this.#engine, this.#grew);
    const added: StoredRows = { key, number: this.#numbers++, node, page: undefined };
    this.#budget.add(added.node);
    if (call.isPage && narrowed === undefined) this.#notePage(added);
    this.#rows.set(key, added);
    this.#byNumber.set(added.number, added);
    this.#byNode.set(added.node, added);
    const interval = this.#tree(call.collection, call.index).ensure(call.range.start, call.range.end);
    interval.subscribers = withSubscriber(interval.subscribers, added.number);
    return added.node;
  }

  point(collection: number, id: Key): NodePoint {
    let points = this.#points.get(collection);
    if (points === undefined) this.#points.set(collection, (points = new Map<Key, PointNode>()));
    const known = points.get(id);
    if (known !== undefined) {
      this.#counts.found += 1;
      known.isUsed = true;
      known.isVisited = known.isFresh;
      known.isFresh = false;
      return known;
    }
    this.#counts.made += 1;
    const point = new PointNode(collection, id, this.#engine.get(collection, id));
    this.#budget.add(point);
    points.set(id, point);
    return point;
  }

  textOf(row: Doc): RowText | undefined {
    return this.#texts.ofRow(row);
  }

  madeTextOf(part: object): RowText | undefined {
    return this.#texts.madeOf(part);
  }

  longTextOf(text: string): string | undefined {
    return this.#texts.ofString(text)?.text;
  }

  /** Patches every node that `commit` concerns. */
  apply(commit: Commit): void {
    if (this.#budget.size === 0) return;
    if (commit.names.includes("schema")) return this.clear();
    for (const change of commit.changes) this.#applyChange(change);
  }

  /** Forgets everything: each read reads again. */
  clear(): void {
    this.#budget.clear();
  }

  /** Forgets what was read of some tables. Looks at every node. */
  forget(collections: ReadonlySet<number>): void {
    for (const collection of collections) {
      for (const point of this.#points.get(collection)?.values() ?? []) this.#budget.remove(point);
    }
    for (const { node } of this.#rows.values()) {
      if (collections.has(node.call.collection)) this.#budget.remove(node);
    }
  }

  #applyChange(change: DocumentChange): void {
    const { collection, id, before, after } = change;
    if (before !== undefined) this.#texts.drop(before);
    const bytes = after === undefined ? 0 : sizeOfDocument(after);
    const point = this.#points.get(collection)?.get(id);
    if (point !== undefined) this.#patchPoint(point, after, bytes);
    const trees = this.#trees.get(collection);
    if (trees === undefined) return;
    this.#patchRows(trees.get(PRIMARY), before && id, after && id, after, bytes);
    for (const { index, remove, add } of change.moves) {
      if (index !== PRIMARY) this.#patchRows(trees.get(index), remove, add, after, bytes);
    }
  }

  #patchPoint(point: PointNode, after: Doc | undefined, bytes: number): void {
    this.#counts.patched += 1;
    this.#budget.bytes += bytes - point.documentBytes;
    point.documentBytes = bytes;
    point.document = after;
    point.isFresh = after !== undefined;
  }

  #patchRows(
    tree: IntervalTree | undefined,
    remove: Key | undefined,
    add: Key | undefined,
    after: Doc | undefined,
    bytes: number,
  ): void {
    if (tree === undefined) return;
    const hits = this.#hits;
    hits.clear();
    if (remove !== undefined) tree.stab(remove, hits);
    if (add !== undefined && add !== remove) tree.stab(add, hits);
    for (const number of hits) {
      const stored = this.#byNumber.get(number);
      if (stored === undefined) continue;
      this.#counts.patched += 1;
      stored.node.pause();
      if (!stored.node.patch(remove, add, after, bytes)) this.#budget.remove(stored.node);
    }
  }

  #notePage(stored: StoredRows): void {
    stored.page = pageKeyOf(stored.node.call);
    const former = this.#pages.get(stored.page);
    if (former !== undefined) former.page = undefined;
    this.#pages.set(stored.page, stored);
  }

  #forget(held: RangeNode | PointNode | CachedText): void {
    if (held instanceof CachedText) return this.#texts.forget(held);
    if (held instanceof PointNode) {
      this.#points.get(held.collection)?.delete(held.id);
      return;
    }
    const stored = this.#byNode.get(held);
    if (stored === undefined) return;
    this.#byNode.delete(held);
    this.#byNumber.delete(stored.number);
    this.#rows.delete(stored.key);
    if (stored.page !== undefined) this.#pages.delete(stored.page);
    const { collection, index, range } = held.call;
    const tree = this.#tree(collection, index);
    const interval = tree.ensure(range.start, range.end);
    interval.subscribers = withoutSubscriber(interval.subscribers, stored.number);
    if (interval.subscribers === NOBODY) tree.remove(interval);
  }

  #tree(collection: number, index: number): IntervalTree {
    let trees = this.#trees.get(collection);
    if (trees === undefined) this.#trees.set(collection, (trees = new Map<number, IntervalTree>()));
    let tree = trees.get(index);
    if (tree === undefined) trees.set(index, (tree = new IntervalTree()));
    return tree;
  }
}

/** Equal for equal calls only: lengths stand before what may hold anything. */
function keyOf({ collection, index, range: { start, end }, order, filters }: NodeCall): string {
  const bounds = `${start.length}:${start}${end === undefined ? "-" : `${end.length}:${end}`}`;
  return `${collection}.${index}.${order} ${bounds}${filters.length === 0 ? "" : filters.map(filterText).join(" ")}`;
}

/** Of a page without filters: what is asked, but for the end. */
function pageKeyOf({ collection, index, range: { start, end }, order }: NodeCall): string {
  return `${collection}.${index}.${order} ${order === "asc" ? start : (end ?? "-")}`;
}

/** One text for each expression; encoded literals know where they end. */
function filterText(expression: FilterExpression): string {
  switch (expression.op) {
    case "field":
      return `f${JSON.stringify(expression.path)}`;
    case "literal":
      return `v${encodeKey([expression.value])}`;
    case "and":
    case "or":
      return `${expression.op}${expression.operands.length}(${expression.operands.map(filterText).join("")})`;
    case "not":
    case "neg":
      return `${expression.op}(${filterText(expression.operand)})`;
    default:
      return `${expression.op}(${filterText(expression.left)}${filterText(expression.right)})`;
  }
}
