/**
 * Checks around a call: which function a path means, whether the caller may call it so, its arguments and its result.
 *
 * All failures are `CallError`s with Convex's texts.
 *
 * @module
 */
import {
  checkWithText,
  matchesValidator,
  parseValue,
  printFunction,
  stringifyAround,
  stringifyValue,
  validateValue,
} from "@narrowcast/values";
import type { FunctionAddress, Limits, TableNames, ValidatorJson, Value } from "@narrowcast/values";
import type { ResultTexts } from "../tx/result-texts.ts";
import { ChainedQuery, QueryStart } from "./ctx-query.ts";
import { isSimpleObject } from "../isolate/function-reference.ts";
import type { FunctionInfo, FunctionKind } from "../app/types.ts";
import { CallError } from "../isolate/user-error.ts";

/** Arguments of a call as the handler gets them. */
export interface Arguments {
  readonly [name: string]: Value;
}

const KIND_NAMES: { readonly [kind in FunctionKind]: string } = {
  query: "Query",
  mutation: "Mutation",
  action: "Action",
  http: "HttpAction",
};

/** Text for a path that means no function the caller may see: internal functions are not disclosed to the public. */
export function functionNotFound(address: FunctionAddress, allowInternal: boolean): CallError {
  const what = allowInternal ? "function" : "public function";
  return new CallError(
    `Could not find ${what} for '${displayName(address)}'. Did you forget to run \`npx convex dev\`?`,
  );
}

/**
 * @returns `info`, if it exists, is visible to the caller and has the asked kind.
 * @throws {CallError} Otherwise.
 */
export function requireFunction(
  info: FunctionInfo | undefined,
  address: FunctionAddress,
  kind: FunctionKind,
  allowInternal: boolean,
): FunctionInfo {
  if (info === undefined || (info.visibility === "internal" && !allowInternal)) {
    throw functionNotFound(address, allowInternal);
  }
  if (info.kind !== kind) {
    throw new CallError(
      `Trying to execute ${displayName(address)} as ${KIND_NAMES[kind]}, but it is defined as ${KIND_NAMES[info.kind]}.`,
    );
  }
  return info;
}

/**
 * Parses and validates the arguments of a call.
 *
 * @param text Convex JSON text of an object.
 * @throws {CallError} If they are too large, no object, no Convex values, or not what the function declares.
 */
export function parseArguments(text: string, info: FunctionInfo, tables: TableNames, limits: Limits): Arguments {
  checkSize(text, limits.argumentsBytesMax, `Function ${displayPath(info.path)} arguments size`);
  let value: Value;
  try {
    value = parseValue(text);
  } catch (error) {
    throw new CallError(`ArgumentValidationError: ${(error as Error).message}`, { cause: error });
  }
  if (!isSimpleObject(value)) {
    throw new CallError(
      `ArgumentValidationError: The arguments to a Convex function must be an object. Received: ${text.slice(0, 100)}`,
    );
  }
  const form = checkWithText(value, text, limits);
  if (form !== undefined) throw new CallError(`ArgumentValidationError: ${form}`);
  const failure = isAny(info.args) ? undefined : validateValue(info.args, value, tables);
  if (failure !== undefined) throw new CallError(`ArgumentValidationError: ${failure.message}`);
  return value as Arguments;
}

/**
 * The result of a handler as Convex JSON text.
 *
 * @param known Rows in it whose texts need not be made.
 * @throws {Error} If it is no Convex value, too large, or not what the function declares.
 */
export function renderResult(
  result: unknown,
  info: FunctionInfo,
  tables: TableNames,
  limits: Limits,
  known?: ResultTexts,
): string {
  if (result === undefined || result === null) result = null;
  if (result instanceof QueryStart || result instanceof ChainedQuery) {
    throw new Error(
      "Return value is a Query. Results must be retrieved with `.collect()`, `.take(n), `.unique()`, or `.first()`.",
    );
  }
  const joined = known === undefined ? undefined : stringifyAround(result as Value, known);
  const text = joined?.text ?? stringifyValue(result as Value);
  const isChecked = known === undefined ? undefined : (part: object) => known.part(part) !== undefined;
  const form = checkWithText(result as Value, text, limits, isChecked, joined?.hasSurrogates);
  if (form !== undefined) throw new CallError(`Function ${displayPath(info.path)} return value invalid: ${form}`);
  // Reading a large text again would cost as much as making it: a result that does not match as it is is looked at as its text.
  const { returns } = info;
  if (returns !== null && !isAny(returns) && !matchesValidator(returns, result as Value, tables, known)) {
    const failure = validateValue(returns, parseValue(text), tables);
    if (failure !== undefined) throw new CallError(`ReturnsValidationError: ${failure.message}`);
  }
  checkSize(text, limits.resultBytesMax, `Function ${displayPath(info.path)} return value`);
  return text;
}

/** A function as messages name it. */
function displayName({ component, path }: FunctionAddress): string {
  return printFunction({ component, path: displayPath(path) });
}

/** `mod:default` is written `mod` by developers and clients. */
export function displayPath(path: string): string {
  return path.endsWith(":default") ? path.slice(0, -":default".length) : path;
}

function checkSize(text: string, bytesMax: number, what: string): void {
  // A UTF-16 unit has at most 3 bytes in UTF-8.
  if (text.length * 3 <= bytesMax) return;
  const bytes = Buffer.byteLength(text);
  if (bytes > bytesMax) throw new CallError(`${what} is too large (actual: ${bytes}, limit: ${bytesMax} bytes)`);
}

function isAny(validator: ValidatorJson): boolean {
  return validator.type === "any";
}
