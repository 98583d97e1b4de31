/**
 * An independent model of tables: plain lists of documents, sorted and filtered the slow way. It shares only the order of
 * values with the real thing.
 *
 * @module
 */
import { compareValues } from "@narrowcast/values";
import type { Doc, Value } from "@narrowcast/values";
import type { FilterExpression, QueryPlan, RangeBound } from "../query-plan.ts";

/** Thrown by the model where the real thing throws a `UserError`. */
export class ModelError extends Error {}

/** Index fields by index name, without the implicit ones. */
export type ModelIndexes = { readonly [index: string]: readonly string[] };

export class ModelTable {
  docs: Doc[] = [];

  get(id: string): Doc | undefined {
    return this.docs.find((doc) => doc._id === id);
  }

  set(doc: Doc): void {
    this.docs = [...this.docs.filter(({ _id }) => _id !== doc._id), doc];
  }

  delete(id: string): void {
    this.docs = this.docs.filter(({ _id }) => _id !== id);
  }

  /** All rows that a plan's range selects, in its order, before its operators. */
  rows(plan: QueryPlan, indexes: ModelIndexes): Doc[] {
    const fields = plan.index === "by_id" ? ["_id"] : [...(indexes[plan.index] ?? []), "_creationTime", "_id"];
    const rows = this.docs.filter((doc) => plan.range.every((bound) => holds(doc, bound)));
    rows.sort((a, b) => {
      for (const field of fields) {
        const order = compareValues(at(a, field), at(b, field));
        if (order !== 0) return order;
      }
      return 0;
    });
    return plan.order === "asc" ? rows : rows.toReversed();
  }

  /** What the plan gives. */
  query(plan: QueryPlan, indexes: ModelIndexes): Doc[] {
    let rows = this.rows(plan, indexes);
    for (const operator of plan.operators) {
      rows =
        "limit" in operator
          ? rows.slice(0, operator.limit)
          : rows.filter((row) => truth(evaluate(operator.filter, row)));
    }
    return rows;
  }
}

function at(doc: Doc, path: string): Value | undefined {
  let value: unknown = doc;
  for (const step of path.split(".")) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof ArrayBuffer)
      return undefined;
    value = Object.entries(value).find(([name]) => name === step)?.[1];
  }
  return value as Value | undefined;
}

function holds(doc: Doc, { type, fieldPath, value }: RangeBound): boolean {
  const order = compareValues(at(doc, fieldPath), value);
  if (type === "eq") return order === 0;
  if (type === "lt") return order < 0;
  if (type === "lte") return order <= 0;
  return type === "gt" ? order > 0 : order >= 0;
}

function truth(value: Value | undefined): boolean {
  if (value === true) return true;
  if (value === false || value === null || value === undefined) return false;
  throw new ModelError("not a boolean");
}

/** A filter expression by plain recursion. */
export function evaluate(expression: FilterExpression, doc: Doc): Value | undefined {
  switch (expression.op) {
    case "literal":
      return expression.value;
    case "field":
      return at(doc, expression.path.join("."));
    case "not":
      return !truth(evaluate(expression.operand, doc));
    case "and": {
      for (const operand of expression.operands) if (!truth(evaluate(operand, doc))) return false;
      return true;
    }
    case "or": {
      for (const operand of expression.operands) if (truth(evaluate(operand, doc))) return true;
      return false;
    }
    case "neg": {
      const value = evaluate(expression.operand, doc);
      if (typeof value === "number") return -value;
      if (typeof value === "bigint") return -value;
      throw new ModelError("neg");
    }
    default:
      return binary(expression.op, evaluate(expression.left, doc), evaluate(expression.right, doc));
  }
}

function binary(op: string, a: Value | undefined, b: Value | undefined): Value {
  const order = compareValues(a, b);
  if (op === "eq") return order === 0;
  if (op === "neq") return order !== 0;
  if (op === "lt") return order < 0;
  if (op === "lte") return order <= 0;
  if (op === "gt") return order > 0;
  if (op === "gte") return order >= 0;
  if (typeof a === "number" && typeof b === "number") {
    return { add: a + b, sub: a - b, mul: a * b, div: a / b, mod: a % b }[op] ?? 0;
  }
  if (typeof a === "bigint" && typeof b === "bigint") {
    if (op === "add") return a + b;
    if (op === "sub") return a - b;
    if (op === "mul") return a * b;
    if (b === 0n) throw new ModelError("division");
    return op === "div" ? a / b : a % b;
  }
  throw new ModelError("types");
}
