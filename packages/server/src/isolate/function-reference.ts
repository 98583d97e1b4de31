/**
 * Which function a reference means: a path text, `api.x.y`, `makeFunctionReference("x:y")`, or a handle `function://…`.
 *
 * The rules and texts are those of `getFunctionName` in `convex/server`; its symbols are shared by all copies of it.
 *
 * @module
 */
import { canonicalFunctionPath, parseFunction, printFunction, stringifyValue } from "@narrowcast/values";
import type { FunctionAddress, Value } from "@narrowcast/values";

const FUNCTION_NAME = Symbol.for("functionName");
const REFERENCE_PATH = Symbol.for("toReferencePath");
const HANDLE_PREFIX = "function://";

/**
 * The function that `reference` means.
 *
 * @param component Whose code holds the reference: names mean functions of the same.
 * @throws {Error} If it is no reference, or one into a component.
 */
export function functionOf(reference: unknown, component: string): FunctionAddress {
  if (typeof reference === "string") {
    return reference.startsWith(HANDLE_PREFIX) ? addressOfHandle(reference) : named(component, reference);
  }
  if (reference === undefined || reference === null) throw new Error(`${String(reference)} is not a functionReference`);
  const parts = reference as { readonly [FUNCTION_NAME]?: unknown; readonly [REFERENCE_PATH]?: unknown };
  const name = parts[FUNCTION_NAME];
  if (typeof name === "string") return named(component, name);
  const inComponent = parts[REFERENCE_PATH];
  if (typeof inComponent === "string") {
    throw new Error(`Cannot call "${inComponent}": it is a function of a component; components are not available`);
  }
  throw new Error(`${describe(reference)} is not a functionReference`);
}

/** The address forms of the syscalls: exactly one of `name`, `reference`, `functionHandle`. */
export function addressedFunction(address: { readonly [form: string]: unknown }, component: string): FunctionAddress {
  if (typeof address["name"] === "string") return named(component, address["name"]);
  if (typeof address["functionHandle"] === "string") return addressOfHandle(address["functionHandle"]);
  throw new Error(
    `Cannot call "${String(address["reference"])}": it is a function of a component; components are not available`,
  );
}

/** A text that names the function and stays valid across pushes as long as the function exists. */
export function functionHandle(address: FunctionAddress): string {
  return `${HANDLE_PREFIX};${printFunction(address)}`;
}

function addressOfHandle(handle: string): FunctionAddress {
  const text = handle.slice(HANDLE_PREFIX.length + 1);
  if (!handle.startsWith(`${HANDLE_PREFIX};`) || text === "") {
    throw new Error(`Cannot call "${handle}": it is not a function handle of this deployment`);
  }
  const { component, path } = parseFunction(text);
  return named(component, path);
}

function named(component: string, path: string): FunctionAddress {
  return { component, path: canonicalFunctionPath(path) };
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
