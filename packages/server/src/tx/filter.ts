/**
 * Filter expressions: `q.and(q.eq(q.field("a"), 1), …)` turned into a predicate over documents.
 *
 * Comparison is Convex's total order over all types, so it never fails and `1n` never equals `1`. Arithmetic works on two
 * numbers or two bigints; anything else is the developer's error. A missing field is `undefined`.
 *
 * @module
 */
import { compareValues } from "@narrowcast/values";
import type { Doc, Value } from "@narrowcast/values";
import { readField } from "./field-path.ts";
import { UserError } from "./types.ts";
import type { FilterExpression } from "./query-plan.ts";

type Evaluate = (document: Doc) => Value | undefined;
type Arithmetic = "add" | "sub" | "mul" | "div" | "mod";

/** Compiles once per query; the predicate runs once per row. */
export function compileFilter(expression: FilterExpression): (document: Doc) => boolean {
  const evaluate = compile(expression);
  return (document) => isTrue(evaluate(document));
}

function compile(expression: FilterExpression): Evaluate {
  switch (expression.op) {
    case "field": {
      const { path } = expression;
      return (document) => readField(document, path);
    }
    case "literal": {
      const { value } = expression;
      return () => value;
    }
    case "and": {
      const operands = expression.operands.map(compile);
      return (document) => operands.every((operand) => isTrue(operand(document)));
    }
    case "or": {
      const operands = expression.operands.map(compile);
      return (document) => operands.some((operand) => isTrue(operand(document)));
    }
    case "not": {
      const operand = compile(expression.operand);
      return (document) => !isTrue(operand(document));
    }
    case "neg": {
      const operand = compile(expression.operand);
      return (document) => negate(operand(document));
    }
    case "add":
    case "sub":
    case "mul":
    case "div":
    case "mod":
      return compileArithmetic(expression.op, compile(expression.left), compile(expression.right));
    default:
      return compileComparison(expression.op, compile(expression.left), compile(expression.right));
  }
}

type Comparison = "eq" | "neq" | "lt" | "lte" | "gt" | "gte";

const COMPARISONS: Record<Comparison, (order: number) => boolean> = {
  eq: (order) => order === 0,
  neq: (order) => order !== 0,
  lt: (order) => order < 0,
  lte: (order) => order <= 0,
  gt: (order) => order > 0,
  gte: (order) => order >= 0,
};

function compileComparison(op: Comparison, left: Evaluate, right: Evaluate): Evaluate {
  const test = COMPARISONS[op];
  return (document) => test(compareValues(left(document), right(document)));
}

function compileArithmetic(op: Arithmetic, left: Evaluate, right: Evaluate): Evaluate {
  return (document) => {
    const a = left(document);
    const b = right(document);
    if (typeof a === "number" && typeof b === "number") return NUMBERS[op](a, b);
    if (typeof a === "bigint" && typeof b === "bigint") return bigints(op, a, b);
    throw typeError(op, a, b);
  };
}

const NUMBERS: Record<Arithmetic, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  mod: (a, b) => a % b,
};

const BIGINTS: Record<Arithmetic, (a: bigint, b: bigint) => bigint> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  mod: (a, b) => a % b,
};

function bigints(op: Arithmetic, a: bigint, b: bigint): bigint {
  if (b === 0n && (op === "div" || op === "mod")) {
    throw new UserError("FilterArithmeticError", `Cannot evaluate filter \`${op}\`: the divisor is 0n`);
  }
  return checkInt64(op, BIGINTS[op](a, b));
}

function checkInt64(op: string, value: bigint): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  throw new UserError("FilterArithmeticError", `Cannot evaluate filter \`${op}\`: ${value} does not fit into 64 bits`);
}

function negate(value: Value | undefined): Value {
  if (typeof value === "number") return -value;
  if (typeof value === "bigint") return checkInt64("neg", -value);
  throw typeError("neg", value);
}

/** A row stays when the expression is `true`; a missing or null value counts as `false`. */
function isTrue(value: Value | undefined): boolean {
  if (typeof value === "boolean") return value;
  if (value === undefined || value === null) return false;
  throw new UserError("FilterTypeError", `Cannot evaluate filter: ${typeName(value)} is not a boolean`);
}

function typeError(op: string, ...operands: readonly (Value | undefined)[]): UserError {
  const types = operands.map(typeName).join(" and ");
  const wanted = op === "neg" ? "a float64 or an int64" : "two float64 or two int64 values";
  return new UserError("FilterTypeError", `Cannot evaluate filter \`${op}\`: got ${types}; should be ${wanted}`);
}

function typeName(value: Value | undefined): string {
  if (value === undefined) return "undefined";
  if (value === null) return "null";
  if (typeof value === "number") return "float64";
  if (typeof value === "bigint") return "int64";
  if (Array.isArray(value)) return "array";
  if (value instanceof ArrayBuffer) return "bytes";
  return typeof value;
}
