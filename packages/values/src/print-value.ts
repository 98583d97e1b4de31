/**
 * Values as text for error messages, in the form that Convex's messages have: floats with a point, int64 with an `n`, fields
 * sorted.
 *
 * @module
 */
import { encodeBase64 } from "./base64.ts";
import type { Value } from "./value.ts";

/** Longer texts are cut: a message is for reading. */
const PRINTED_CHARS_MAX = 16_384;

/** `value` for a message, cut to a readable length. */
export function printValue(value: Value): string {
  const text = print(value);
  if (text.length <= PRINTED_CHARS_MAX) return text;
  const end = PRINTED_CHARS_MAX - "[...truncated]".length;
  // A surrogate pair is not cut in two.
  return `${text.slice(0, /[\ud800-\udbff]/.test(text.charAt(end - 1)) ? end - 1 : end)}[...truncated]`;
}

function print(value: Value): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return printNumber(value);
    case "bigint":
      return `${value}n`;
    case "object":
      break;
    default:
      return String(value);
  }
  if (value === null) return "null";
  if (value instanceof ArrayBuffer) return `Bytes("${encodeBase64(new Uint8Array(value))}")`;
  if (Array.isArray(value)) return `[${value.map(print).join(", ")}]`;
  const fields = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
    .map((name) => `${printName(name)}: ${print(value[name] as Value)}`);
  return `{${fields.join(", ")}}`;
}

function printName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : JSON.stringify(name);
}

/** Convex's server tells floats from int64 by the point: `1.0`, `-0.0`, `1e100`. */
function printNumber(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value).replace("e+", "e");
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
