/**
 * What a query asks for: a range of an index, an order, filters and limits, as data.
 *
 * @module
 */
import type { Value } from "@narrowcast/values";

/** A filter expression tree, as `convex/server`'s `q.eq(q.field("a"), 1)` builds it, with decoded literals. */
export type FilterExpression =
  | {
      readonly op: "eq" | "neq" | "lt" | "lte" | "gt" | "gte" | "add" | "sub" | "mul" | "div" | "mod";
      readonly left: FilterExpression;
      readonly right: FilterExpression;
    }
  | { readonly op: "neg" | "not"; readonly operand: FilterExpression }
  | { readonly op: "and" | "or"; readonly operands: readonly FilterExpression[] }
  | { readonly op: "field"; readonly path: readonly string[] }
  | { readonly op: "literal"; readonly value: Value | undefined };

/** One bound of an index range, in the order the user wrote them. */
export interface RangeBound {
  readonly type: "eq" | "gt" | "gte" | "lt" | "lte";
  readonly fieldPath: string;
  readonly value: Value | undefined;
}

export type QueryOperator = { readonly filter: FilterExpression } | { readonly limit: number };

/** What `db.query(...)…` asks for. `index` defaults to `by_creation_time`. */
export interface QueryPlan {
  readonly table: string;
  readonly index: string;
  readonly range: readonly RangeBound[];
  readonly order: "asc" | "desc";
  readonly operators: readonly QueryOperator[];
}
