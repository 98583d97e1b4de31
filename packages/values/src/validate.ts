/**
 * Checking values against validators, with Convex's messages.
 *
 *   Value does not match validator.        Object contains extra field `x` that is not in the validator.
 *   Path: .address.zip                      (a blank line)
 *   Value: 12345.0                          Object: {x: 1.0}
 *   Validator: v.string()                   Validator: v.object({})
 *
 * Not here: what a caller puts before the message ("Failed to insert …", "ArgumentValidationError: …").
 *
 * @module
 */
import { valuesEqual } from "./compare.ts";
import { tableNumberOfId, tryDecodeId } from "./id.ts";
import { printValue } from "./print-value.ts";
import { literalValue, printValidator } from "./validator-json.ts";
import type { ObjectFieldJson, ValidatorJson } from "./validator-json.ts";
import type { ObjectValue, Value } from "./value.ts";

/** How the handle of a function begins: what `createFunctionHandle` gives. */
const FUNCTION_HANDLE = "function://";

/** Finds a table's name by its number. */
export interface TableNames {
  tableNameOf(tableNumber: number): string | undefined;
}

/** Keeps objects that were found to match a validator, and stay as they are. */
export interface MatchCache {
  has(validator: ValidatorJson, value: object): boolean;
  add(validator: ValidatorJson, value: object): void;
}

/** Why a value does not match. `message` is the whole text, several lines. */
export interface ValidationFailure {
  readonly message: string;
}

/**
 * The first reason why `value` does not match, or `undefined` when it does.
 *
 * Hot: every write and every call. Texts are made only for the failure that is reported; guarded by `codec.bench.ts`.
 */
export function validateValue(
  validator: ValidatorJson,
  value: Value,
  tables: TableNames,
): ValidationFailure | undefined {
  const failure = check(validator, value, tables, undefined);
  return failure === undefined ? undefined : { message: describe(failure) };
}

/** Whether `value` matches. Fields that are `undefined` count as absent. @param known Objects in it that need not be looked at again. */
export function matchesValidator(
  validator: ValidatorJson,
  value: Value,
  tables: TableNames,
  known?: MatchCache,
): boolean {
  return check(validator, value, tables, known) === undefined;
}

/** A failure while its path is built from the inside out. */
interface Failure {
  readonly detail: (failure: Failure) => string;
  /** Outermost last. */
  readonly path: string[];
  readonly label: "Value" | "Object";
  readonly value: Value;
  readonly validator: ValidatorJson;
}

function describe(failure: Failure): string {
  const lines = [failure.detail(failure)];
  if (failure.path.length > 0) lines.push(`Path: ${failure.path.toReversed().join("")}`);
  if (failure.label === "Object") lines.push("");
  lines.push(`${failure.label}: ${printValue(failure.value)}`, `Validator: ${printValidator(failure.validator)}`);
  return lines.join("\n");
}

function check(
  validator: ValidatorJson,
  value: Value,
  tables: TableNames,
  known: MatchCache | undefined,
): Failure | undefined {
  switch (validator.type) {
    case "any":
      return undefined;
    case "null":
      return value === null ? undefined : mismatch(validator, value);
    case "number":
    case "bigint":
    case "boolean":
    case "string":
      return typeof value === validator.type ? undefined : mismatch(validator, value);
    case "commitTs":
      return typeof value === "bigint" ? undefined : mismatch(validator, value);
    case "function":
      return typeof value === "string" && value.startsWith(FUNCTION_HANDLE) ? undefined : mismatch(validator, value);
    case "bytes":
      return value instanceof ArrayBuffer ? undefined : mismatch(validator, value);
    case "literal":
      return checkLiteral(validator, value);
    case "id":
      return checkId(validator, value, tables);
    case "array":
      return checkArray(validator, value, tables, known);
    case "record":
      return checkRecord(validator, value, tables, known);
    case "object":
      return checkKnown(validator, value, tables, known);
    case "union":
      return checkUnion(validator, value, tables, known);
    default:
      return validator satisfies never;
  }
}

function plainDetail(): string {
  return "Value does not match validator.";
}

function literalDetail({ value, validator }: Failure): string {
  return `\`${printValue(value)}\` does not match literal validator \`${printValidator(validator)}\`.`;
}

function mismatch(validator: ValidatorJson, value: Value, detail: Failure["detail"] = plainDetail): Failure {
  return { detail, path: [], label: "Value", value, validator };
}

function checkUnion(
  validator: ValidatorJson & { type: "union" },
  value: Value,
  tables: TableNames,
  known: MatchCache | undefined,
): Failure | undefined {
  for (const member of validator.value) if (check(member, value, tables, known) === undefined) return undefined;
  return mismatch(validator, value);
}

function checkLiteral(validator: ValidatorJson & { type: "literal" }, value: Value): Failure | undefined {
  const literal = validator.value;
  // A literal that is its own JSON needs no decoding.
  const isSame = typeof literal === "object" ? valuesEqual(literalValue(validator), value) : literal === value;
  return isSame ? undefined : mismatch(validator, value, literalDetail);
}

function checkId(validator: ValidatorJson & { type: "id" }, value: Value, tables: TableNames): Failure | undefined {
  if (typeof value !== "string") return mismatch(validator, value);
  const tableNumber = tableNumberOfId(value);
  const name = tableNumber === undefined ? undefined : tables.tableNameOf(tableNumber);
  if (name === undefined || tryDecodeId(value) === undefined) return mismatch(validator, value);
  if (name === validator.tableName) return undefined;
  const detail = () =>
    `Found ID "${value}" from table \`${name}\`, which does not match the table name in validator \`v.id("${validator.tableName}")\`.`;
  return mismatch(validator, value, detail);
}

function checkArray(
  validator: ValidatorJson & { type: "array" },
  value: Value,
  tables: TableNames,
  known: MatchCache | undefined,
): Failure | undefined {
  if (!Array.isArray(value)) return mismatch(validator, value);
  for (let at = 0; at < value.length; at++) {
    const failure = check(validator.value, value[at] as Value, tables, known);
    if (failure !== undefined) return below(failure, `[${at}]`);
  }
  return undefined;
}

function isObjectValue(value: Value): value is ObjectValue {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ArrayBuffer);
}

function checkRecord(
  validator: ValidatorJson & { type: "record" },
  value: Value,
  tables: TableNames,
  known: MatchCache | undefined,
): Failure | undefined {
  if (!isObjectValue(value)) return mismatch(validator, value);
  for (const field in value) {
    const item = value[field];
    if (item === undefined) continue;
    const failure =
      check(validator.keys, field, tables, known) ?? check(validator.values.fieldType, item, tables, known);
    if (failure !== undefined) return below(failure, `.${field}`);
  }
  return undefined;
}

function checkKnown(
  validator: ValidatorJson & { type: "object" },
  value: Value,
  tables: TableNames,
  known: MatchCache | undefined,
): Failure | undefined {
  if (known === undefined || typeof value !== "object" || value === null) {
    return checkObject(validator, value, tables, known);
  }
  if (known.has(validator, value)) return undefined;
  const failure = checkObject(validator, value, tables, known);
  if (failure === undefined) known.add(validator, value);
  return failure;
}

function checkObject(
  validator: ValidatorJson & { type: "object" },
  value: Value,
  tables: TableNames,
  known: MatchCache | undefined,
): Failure | undefined {
  if (!isObjectValue(value)) return mismatch(validator, value);
  const fields = validator.value;
  let matched = 0;
  for (const name in fields) {
    const { fieldType, optional } = fields[name] as ObjectFieldJson;
    const item = Object.hasOwn(value, name) ? value[name] : undefined;
    if (item === undefined) {
      if (!optional) return missing(validator, value, name);
      continue;
    }
    matched++;
    const failure = check(fieldType, item, tables, known);
    if (failure !== undefined) return below(failure, `.${name}`);
  }
  return checkExtra(validator, value, matched);
}

/** Fields that the validator does not have: none when as many fields matched as there are. */
function checkExtra(
  validator: ValidatorJson & { type: "object" },
  value: ObjectValue,
  matched: number,
): Failure | undefined {
  let present = 0;
  for (const name in value) if (value[name] !== undefined) present++;
  if (present === matched) return undefined;
  const extra = Object.keys(value).find((name) => value[name] !== undefined && !Object.hasOwn(validator.value, name));
  const detail = () => `Object contains extra field \`${extra}\` that is not in the validator.`;
  return { detail, path: [], label: "Object", value, validator };
}

function missing(validator: ValidatorJson, value: Value, name: string): Failure {
  const detail = () =>
    `Object is missing the required field \`${name}\`. Consider wrapping the field validator in \`v.optional(...)\` if this is expected.`;
  return { detail, path: [], label: "Object", value, validator };
}

function below(failure: Failure, step: string): Failure {
  failure.path.push(step);
  return failure;
}
