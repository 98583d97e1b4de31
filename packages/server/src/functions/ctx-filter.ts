/**
 * The builder that `.filter(q => …)` hands to user code; builds the transaction layer's expressions.
 *
 * Every operand is an expression made by the builder or a plain value, which is taken as a literal.
 *
 * @module
 */
import { valueToJson } from "@narrowcast/values";
import type { Value } from "@narrowcast/values";
import type { FilterExpression } from "../tx/query-plan.ts";

/** What the builder's methods return; opaque to user code. */
export class Expression {
  readonly node: FilterExpression;
  constructor(node: FilterExpression) {
    this.node = node;
  }
}

type BinaryOperator = Extract<FilterExpression, { readonly left: FilterExpression }>["op"];

/**
 * The expression of whatever a predicate returned.
 *
 * @throws {Error} If it is a literal that is no Convex value.
 */
export function toFilterExpression(operand: unknown): FilterExpression {
  if (operand instanceof Expression) return operand.node;
  // Refuses what cannot be stored (functions, dates, …), with Convex's text.
  if (operand !== undefined) valueToJson(operand as Value);
  return { op: "literal", value: operand as Value | undefined };
}

function binary(op: BinaryOperator) {
  return (left: unknown, right: unknown) =>
    new Expression({ op, left: toFilterExpression(left), right: toFilterExpression(right) });
}

/** The `q` of a filter. Without state: one for all. */
export const filterBuilder = {
  eq: binary("eq"),
  neq: binary("neq"),
  lt: binary("lt"),
  lte: binary("lte"),
  gt: binary("gt"),
  gte: binary("gte"),
  add: binary("add"),
  sub: binary("sub"),
  mul: binary("mul"),
  div: binary("div"),
  mod: binary("mod"),
  neg: (operand: unknown) => new Expression({ op: "neg", operand: toFilterExpression(operand) }),
  not: (operand: unknown) => new Expression({ op: "not", operand: toFilterExpression(operand) }),
  and: (...operands: readonly unknown[]) => new Expression({ op: "and", operands: operands.map(toFilterExpression) }),
  or: (...operands: readonly unknown[]) => new Expression({ op: "or", operands: operands.map(toFilterExpression) }),
  field: (path: string) => new Expression({ op: "field", path: path.split(".") }),
} as const;
