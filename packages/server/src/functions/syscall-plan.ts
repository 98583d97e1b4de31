/**
 * What `convex/server` sends through the global `Convex`, read from JSON: queries as plans of the transaction layer, and plain arguments.
 *
 * @module
 */
import { jsonToValue } from "@narrowcast/values";
import type { JsonValue, Value } from "@narrowcast/values";
import type { FilterExpression, QueryOperator, QueryPlan, RangeBound } from "../tx/query-plan.ts";
import { notAvailable } from "./ctx-arguments.ts";

interface QueryJson {
  readonly source:
    | { readonly type: "FullTableScan"; readonly tableName: string; readonly order: "asc" | "desc" | null }
    | {
        readonly type: "IndexRange";
        readonly indexName: string;
        readonly range: readonly { readonly type: string; readonly fieldPath: string; readonly value: JsonValue }[];
        readonly order: "asc" | "desc" | null;
      }
    | { readonly type: "Search"; readonly indexName: string };
  readonly operators: readonly ({ readonly filter: JsonValue } | { readonly limit: number })[];
}

const BINARY = ["eq", "neq", "lt", "lte", "gt", "gte", "add", "sub", "mul", "div", "mod"] as const;

/** @throws {Error} If it asks for a search, or for an operator that does not exist. */
export function parsePlan(json: JsonValue | undefined): { readonly plan: QueryPlan; readonly isSystem: boolean } {
  const { source, operators } = json as unknown as QueryJson;
  if (source.type === "Search") throw notAvailable(`Text search (index "${source.indexName}")`);
  const isScan = source.type === "FullTableScan";
  const [table = "", index = ""] = isScan ? [source.tableName, "by_creation_time"] : source.indexName.split(".");
  const range = isScan ? [] : source.range.map(parseBound);
  return {
    plan: { table, index, range, order: source.order ?? "asc", operators: operators.map(parseOperator) },
    isSystem: table.startsWith("_"),
  };
}

function parseBound(json: {
  readonly type: string;
  readonly fieldPath: string;
  readonly value: JsonValue;
}): RangeBound {
  const type = json.type.toLowerCase() as RangeBound["type"];
  return { type, fieldPath: json.fieldPath, value: optionalValue(json.value) };
}

function parseOperator(json: { readonly filter: JsonValue } | { readonly limit: number }): QueryOperator {
  return "limit" in json ? json : { filter: parseExpression(json.filter) };
}

function parseExpression(json: JsonValue): FilterExpression {
  const [[name, operand] = ["", null]] = Object.entries(json as { readonly [operator: string]: JsonValue });
  const op = name.slice(1);
  if (name === "$literal") return { op: "literal", value: optionalValue(operand) };
  if (name === "$field") return { op: "field", path: (operand as string).split(".") };
  if (op === "neg" || op === "not") return { op, operand: parseExpression(operand) };
  const operands = (operand as readonly JsonValue[]).map(parseExpression);
  if (op === "and" || op === "or") return { op, operands };
  const binary = BINARY.find((known) => known === op);
  const [left, right] = operands;
  if (binary === undefined || left === undefined || right === undefined) throw new Error(`Unknown operator "${name}"`);
  return { op: binary, left, right };
}

/** `{"$undefined": null}` stands for a missing value. */
function optionalValue(json: JsonValue): Value | undefined {
  return typeof json === "object" && json !== null && "$undefined" in json ? undefined : jsonToValue(json);
}

/** Arguments of an operation, as JSON. */
export type SyscallArguments = { readonly [name: string]: JsonValue | undefined };

/** @throws {Error} If the argument is not a text. */
export function textArgument(args: SyscallArguments, name: string): string {
  const value = args[name];
  if (typeof value !== "string")
    throw new Error(`Invalid argument \`${name}\`, expected string but got '${typeof value}'`);
  return value;
}
