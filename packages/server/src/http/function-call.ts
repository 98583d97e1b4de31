/**
 * Function calls over HTTP: the request's parts into a call, the call's outcome into an answer in the format asked for.
 *
 * @module
 */
import { jsonToValue, parseValue, stringifyValue, valueToCleanJson, type JsonValue } from "@narrowcast/values";
import type { Identity } from "../protocol/live-types.ts";
import type { CallOutcome, CallRequest } from "../protocol/deployment-types.ts";
import { redactOutcome } from "../sync/redact.ts";
import { newRequestId } from "../sync/request-id.ts";
import { jsonTextAnswer, type Answer, type RouteRequest, type RouteWorld } from "./answer.ts";
import { RequestError } from "./request-error.ts";

/** How values are written: all of Convex's types, or plain JSON that loses some. */
export type Format = "encoded" | "clean";

const FORMATS: ReadonlyMap<unknown, Format> = new Map([
  ["convex_encoded_json", "encoded"],
  ["convex_json", "encoded"],
  ["json", "clean"],
  ["convex_clean_json", "clean"],
]);

/** Longer arguments keep the order of their fields. See `ArgumentTexts`. */
const CANONICAL_CHARS_MAX = 262_144;

/** An int64, bytes, or a number that JSON lacks. */
const ENCODED = /\{"\$(?:integer|float|bytes)":"[^"]*"\}/g;

/** A call and how its answer is to be written. */
export interface FormattedCall {
  readonly call: CallRequest;
  readonly format: Format;
}

/** @throws {RequestError} 400 for a missing path, wrong arguments or an unknown format. */
export function parseCall(
  fields: { readonly [field: string]: unknown },
  identity: Identity,
  request: Pick<RouteRequest, "client">,
  defaultFormat: Format = "encoded",
): FormattedCall {
  const { path, args, format, componentPath } = fields;
  if (typeof path !== "string") throw new RequestError(400, "BadRequest", "Invalid request: `path` is not a string");
  if (componentPath !== undefined && componentPath !== null && componentPath !== "") {
    throw new RequestError(400, "BadRequest", `Component ${JSON.stringify(componentPath)} does not exist`);
  }
  return {
    call: {
      path,
      args: parseArgs(args),
      identity,
      allowInternal: identity.kind === "admin",
      requestId: newRequestId(),
      client: request.client,
    },
    format: parseFormat(format, defaultFormat),
  };
}

function parseFormat(format: unknown, defaultFormat: Format): Format {
  if (format === undefined || format === null) return defaultFormat;
  const known = FORMATS.get(format);
  if (known === undefined) {
    throw new RequestError(
      400,
      "BadRequest",
      `Invalid request: format ${JSON.stringify(format)} is not one of ${[...FORMATS.keys()].join(", ")}`,
    );
  }
  return known;
}

/** An object, or an array of exactly one. */
function parseArgs(args: unknown): string {
  const object = Array.isArray(args) && args.length === 1 ? (args[0] as unknown) : (args ?? {});
  if (typeof object !== "object" || object === null || Array.isArray(object)) {
    throw new RequestError(
      400,
      "InvalidArguments",
      "Invalid request: `args` is not an object or an array of exactly one",
    );
  }
  const plain = JSON.stringify(object);
  // Canonical text costs more than reading did; a large one that is no value fails where it is called.
  if (plain.length > CANONICAL_CHARS_MAX) return plain;
  try {
    return stringifyValue(jsonToValue(object as JsonValue));
  } catch (cause) {
    throw new RequestError(400, "InvalidArguments", `Invalid request: ${(cause as Error).message}`, { cause });
  }
}

/** Status 200 also for failures of the function: clients look at `status` in the body. */
export function outcomeAnswer(
  outcome: CallOutcome,
  formatted: FormattedCall,
  world: Pick<RouteWorld, "redacts">,
): Answer {
  return jsonTextAnswer(outcomeText(outcome, formatted, world));
}

/** The outcome as JSON text; the value's own text goes in as it is. */
export function outcomeText(
  whole: CallOutcome,
  { call, format }: FormattedCall,
  world: Pick<RouteWorld, "redacts">,
): string {
  const outcome = world.redacts && call.identity.kind !== "admin" ? redactOutcome(whole) : whole;
  const logLines = outcome.logLines.length === 0 ? "" : `,"logLines":${JSON.stringify(outcome.logLines)}`;
  if (outcome.ok) return `{"status":"success","value":${valueText(outcome.value, format)}${logLines}}`;
  const data = outcome.errorData === null ? "" : `,"errorData":${valueText(outcome.errorData, format)}`;
  return `{"status":"error","errorMessage":${JSON.stringify(outcome.errorMessage)}${data}${logLines}}`;
}

/**
 * Plain JSON is Convex JSON but for what JSON lacks, so it is made without reading the value. The pattern cannot be found inside of a text:
 * there its quotes would have backslashes.
 */
function valueText(encoded: string, format: Format): string {
  if (format === "encoded" || !encoded.includes('{"$')) return encoded;
  return encoded.replaceAll(ENCODED, (text) => JSON.stringify(valueToCleanJson(parseValue(text))));
}
