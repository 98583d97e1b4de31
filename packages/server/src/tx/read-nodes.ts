/**
 * Nodes as the transaction layer sees them: answers to reads that were made before, kept true by commits.
 *
 *   stream ──range, order, leading filters──▶ ReadNodes.rows ──▶ NodeRows: rows so far, then the engine behind them
 *
 * What the implementation guarantees: between two commits every answer equals what the engine would give, rows and counts. What
 * the caller guarantees: it does not ask for what its own transaction wrote, and no commit comes while one of its streams is in use.
 *
 * Not here: keeping nodes (`reactive/`).
 *
 * @module
 */
import type { Doc, PartText, ValidatorJson } from "@narrowcast/values";
import type { Key, KeyRange } from "../engine/types.ts";
import type { FilterExpression } from "./query-plan.ts";

/** What a stream asks for. */
export interface NodeCall {
  readonly collection: number;
  readonly index: number;
  readonly range: KeyRange;
  readonly order: "asc" | "desc";
  readonly filters: readonly FilterExpression[];
  /** The filters in one; `undefined` when there is none. */
  readonly keeps: ((document: Doc) => boolean) | undefined;
  /** The call reads a page, which is later asked for up to where it ended. Calls that differ only in this are the same. */
  readonly isPage: boolean;
}

/** Rows that filters dropped one after the other, as Convex counts them. */
export interface RowCounts {
  rows: number;
  bytes: number;
  keyBytes: number;
}

/** One row that the filters kept. */
export interface NodeRow {
  /** Key in the index. */
  readonly key: Key;
  /** Shared, read-only. */
  readonly document: Doc;
  /** Size of the document. */
  readonly bytes: number;
  /** What was dropped between the kept row before and this one. */
  readonly dropped: Readonly<RowCounts>;
}

/** The rows of one call, in its order. */
export interface NodeRows {
  /** Row `at`, read from the engine if it is the first beyond those known; `undefined` after the last. Reports what it visits. */
  row(at: number, visit: VisitRow): NodeRow | undefined;
  /** All rows from the first on, to the end; like `row` for each of them. */
  all(visit: VisitRow): readonly NodeRow[];
  /** All rows consumed so far, dropped ones too: after `all`, everything. */
  readonly total: Readonly<RowCounts>;
  /** What was dropped behind the last kept row; complete once `row` has given `undefined`. */
  readonly tail: Readonly<RowCounts>;
}

/** One row by primary key. */
export interface NodePoint {
  /** Shared, read-only; `undefined`: there is none. */
  readonly document: Doc | undefined;
  /** Size of the document. */
  readonly documentBytes: number;
  /** Whether the row was really visited for this answer, or is seen for the first time since a commit changed it. */
  readonly isVisited: boolean;
}

/** What was computed from one version of a row. */
export interface RowText extends PartText {
  /** The validator that it was found to match last. */
  matched: ValidatorJson | undefined;
}

/** Told of each row that was really visited in the engine, or is seen for the first time since a commit changed it. */
export type VisitRow = (bytes: number) => void;

/** See the module comment. */
export interface ReadNodes {
  rows(call: NodeCall): NodeRows;
  /** Whether `rows` is kept for this call already. */
  knows(call: NodeCall): boolean;
  point(collection: number, id: Key): NodePoint;
  /** The JSON text of a row that a node gave, made if need be and kept while there is room; `undefined` when there is no room. */
  textOf(row: Doc): RowText | undefined;
  /** The text that `textOf` made of this object, if it was given one and still has it. */
  madeTextOf(part: object): RowText | undefined;
  /** The JSON text of a long string, in the same way: handlers take documents apart and return what was in them. */
  longTextOf(text: string): string | undefined;
}
