/**
 * Validators as JSON: what `convex/values`' `v.…` builders export, parsed strictly and printed back as source.
 *
 * Not here: checking values against them (`validate.ts`).
 *
 * @module
 */
import { jsonToValue } from "./json.ts";
import { isPlainObject, setField } from "./value.ts";
import type { JsonValue, Value } from "./value.ts";

/** A field of an object validator. */
export interface ObjectFieldJson {
  readonly fieldType: ValidatorJson;
  readonly optional: boolean;
}

/** A validator. Literals stay in Convex JSON, so that a parsed validator is what was exported. */
export type ValidatorJson =
  | { readonly type: "null" | "number" | "bigint" | "boolean" | "string" | "bytes" | "any" | "commitTs" | "function" }
  | { readonly type: "literal"; readonly value: JsonValue }
  | { readonly type: "id"; readonly tableName: string }
  | { readonly type: "array"; readonly value: ValidatorJson }
  | { readonly type: "record"; readonly keys: ValidatorJson; readonly values: ObjectFieldJson }
  | { readonly type: "union"; readonly value: readonly ValidatorJson[] }
  | { readonly type: "object"; readonly value: { readonly [field: string]: ObjectFieldJson } };

/** Nesting beyond which a validator is refused: far above what a value may have. */
const DEPTH_MAX = 64;

/**
 * Checks a validator's JSON and returns a copy with nothing else in it.
 *
 * @throws {Error} That names what is wrong and where.
 */
export function parseValidator(json: unknown): ValidatorJson {
  return parseAt(json, "validator", 0);
}

/** A literal validator's value. */
export function literalValue(validator: { readonly type: "literal"; readonly value: JsonValue }): Value {
  return jsonToValue(validator.value);
}

function parseAt(json: unknown, place: string, depth: number): ValidatorJson {
  if (depth > DEPTH_MAX) throw new Error(`Cannot parse ${place}: it is nested more than ${DEPTH_MAX} deep`);
  if (!isPlainObject(json)) throw new Error(`Cannot parse ${place}: should be an object`);
  const { type } = json;
  switch (type) {
    case "null":
    case "number":
    case "bigint":
    case "boolean":
    case "string":
    case "bytes":
    case "any":
    case "commitTs":
    case "function":
      // What kind of function it names, and what that takes and gives, is for the type checker only.
      return { type };
    case "literal":
      return { type, value: parseLiteral(json["value"], place) };
    case "id":
      if (typeof json["tableName"] !== "string") throw new Error(`Cannot parse ${place}.tableName: should be a string`);
      return { type, tableName: json["tableName"] };
    case "array":
      return { type, value: parseAt(json["value"], `${place}.value`, depth + 1) };
    case "union":
      return { type, value: parseMembers(json["value"], place, depth) };
    case "record":
      return parseRecord(json, place, depth);
    case "object":
      return { type, value: parseFields(json["value"], `${place}.value`, depth) };
    default:
      throw new Error(`Cannot parse ${place}: unknown type ${JSON.stringify(type)}`);
  }
}

function parseLiteral(json: unknown, place: string): JsonValue {
  const value = json === undefined ? null : jsonToValue(json as JsonValue);
  if (value === null || typeof value === "object") {
    throw new Error(`Cannot parse ${place}.value: a literal should be a string, number, boolean or int64`);
  }
  return json as JsonValue;
}

function parseMembers(json: unknown, place: string, depth: number): ValidatorJson[] {
  if (!Array.isArray(json)) throw new Error(`Cannot parse ${place}.value: should be an array`);
  return json.map((member, at) => parseAt(member, `${place}.value[${at}]`, depth + 1));
}

function parseRecord(json: { [key: string]: unknown }, place: string, depth: number): ValidatorJson {
  const keys = parseAt(json["keys"], `${place}.keys`, depth + 1);
  if (!isRecordKey(keys)) throw new Error(`Cannot parse ${place}.keys: should be strings, ids or a union of them`);
  const values = parseField(json["values"], `${place}.values`, depth);
  if (values.optional) throw new Error(`Cannot parse ${place}.values: record values cannot be optional`);
  return { type: "record", keys, values };
}

function isRecordKey(validator: ValidatorJson): boolean {
  if (validator.type === "union") return validator.value.every(isRecordKey);
  return validator.type === "string" || validator.type === "id";
}

function parseFields(json: unknown, place: string, depth: number): { [field: string]: ObjectFieldJson } {
  if (!isPlainObject(json)) throw new Error(`Cannot parse ${place}: should be an object`);
  const fields: { [field: string]: ObjectFieldJson } = {};
  for (const [name, field] of Object.entries(json))
    setField(fields, name, parseField(field, `${place}.${name}`, depth));
  return fields;
}

function parseField(json: unknown, place: string, depth: number): ObjectFieldJson {
  if (!isPlainObject(json)) throw new Error(`Cannot parse ${place}: should be an object`);
  const optional = json["optional"] ?? false;
  if (typeof optional !== "boolean") throw new Error(`Cannot parse ${place}.optional: should be a boolean`);
  return { fieldType: parseAt(json["fieldType"], `${place}.fieldType`, depth + 1), optional };
}

const SIMPLE_SOURCE = {
  null: "v.null()",
  number: "v.float64()",
  bigint: "v.int64()",
  boolean: "v.boolean()",
  string: "v.string()",
  bytes: "v.bytes()",
  any: "v.any()",
  commitTs: "v.commitTs()",
  function: "v.function()",
} as const;

/** A validator as the source text that would build it, as Convex prints it in errors. */
export function printValidator(validator: ValidatorJson): string {
  switch (validator.type) {
    case "literal":
      return `v.literal(${printLiteral(literalValue(validator))})`;
    case "id":
      return `v.id("${validator.tableName}")`;
    case "array":
      return `v.array(${printValidator(validator.value)})`;
    case "record":
      return `v.record(${printValidator(validator.keys)}, ${printField(validator.values)})`;
    case "union":
      return `v.union(${validator.value.map(printValidator).join(", ")})`;
    case "object":
      return `v.object({${Object.keys(validator.value)
        .sort()
        .map((name) => `${name}: ${printField(validator.value[name] as ObjectFieldJson)}`)
        .join(", ")}})`;
    default:
      return SIMPLE_SOURCE[validator.type];
  }
}

function printField(field: ObjectFieldJson): string {
  const source = printValidator(field.fieldType);
  return field.optional ? `v.optional(${source})` : source;
}

function printLiteral(value: Value): string {
  return typeof value === "bigint" ? `${value}n` : JSON.stringify(value);
}
