/**
 * Which function a reference means: a path text, `api.x.y`, `makeFunctionReference("x:y")`, or a handle `function://…`.
 *
 * The rules and texts are those of `getFunctionName` in `convex/server`; its symbols are shared by all copies of it.
 *
 * @module
 */
import { canonicalFunctionPath, stringifyValue } from "@narrowcast/values";
import type { Value } from "@narrowcast/values";

const FUNCTION_NAME = Symbol.for("functionName");
const REFERENCE_PATH = Symbol.for("toReferencePath");
const HANDLE_PREFIX = "function://";

/**
 * Canonical path of the function that `reference` means.
 *
 * @throws {Error} If it is no reference, or one into a component.
 */
export function functionPath(reference: unknown): string {
  if (typeof reference === "string") {
    return reference.startsWith(HANDLE_PREFIX) ? pathOfHandle(reference) : canonicalFunctionPath(reference);
  }
  if (reference === undefined || reference === null) throw new Error(`${String(reference)} is not a functionReference`);
  const named = reference as { readonly [FUNCTION_NAME]?: unknown; readonly [REFERENCE_PATH]?: unknown };
  const name = named[FUNCTION_NAME];
  if (typeof name === "string") return canonicalFunctionPath(name);
  const inComponent = named[REFERENCE_PATH];
  if (typeof inComponent === "string") {
    throw new Error(`Cannot call "${inComponent}": it is a function of a component; components are not available`);
  }
  throw new Error(`${describe(reference)} is not a functionReference`);
}

/** The address forms of the syscalls: exactly one of `name`, `reference`, `functionHandle`. */
export function addressedPath(address: { readonly [form: string]: unknown }): string {
  if (typeof address["name"] === "string") return canonicalFunctionPath(address["name"]);
  if (typeof address["functionHandle"] === "string") return pathOfHandle(address["functionHandle"]);
  throw new Error(
    `Cannot call "${String(address["reference"])}": it is a function of a component; components are not available`,
  );
}

/** A text that names the function and stays valid across pushes as long as the function exists. */
export function functionHandle(path: string): string {
  return `${HANDLE_PREFIX};${path}`;
}

function pathOfHandle(handle: string): string {
  const path = handle.slice(HANDLE_PREFIX.length + 1);
  if (!handle.startsWith(`${HANDLE_PREFIX};`) || path === "") {
    throw new Error(`Cannot call "${handle}": it is not a function handle of this deployment`);
  }
  return canonicalFunctionPath(path);
}

/**
 * The arguments object of a call from user code as Convex JSON text; `undefined` counts as `{}`.
 *
 * @throws {Error} If it is not an object or holds what is no Convex value.
 */
export function argumentsText(args: unknown): string {
  if (args === undefined) return "{}";
  if (!isSimpleObject(args)) {
    throw new Error(`The arguments to a Convex function must be an object. Received: ${describe(args)}`);
  }
  return stringifyValue(args as { [name: string]: Value });
}

export function isSimpleObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
