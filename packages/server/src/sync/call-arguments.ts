/**
 * Arguments of a query or call as canonical text: equal arguments have equal text, so that they are one run.
 *
 * @module
 */
import { ROOT_COMPONENT, jsonToValue, stringifyValue, type JsonValue } from "@narrowcast/values";

/**
 * The text of the arguments object. What is no Convex value is passed on as it is: the call then fails alone, with the error that
 * the function's own check gives, and the socket lives.
 *
 * @throws {RangeError} If `args` is nested too deep to be written at all.
 */
export function argumentsText(args: readonly JsonValue[]): string {
  const json = args[0] ?? {};
  try {
    return stringifyValue(jsonToValue(json));
  } catch {
    // Parts of `json` may have become values by now; the part that is wrong has not.
    return JSON.stringify(json, (_key, part: unknown) => (typeof part === "bigint" ? String(part) : part));
  }
}

/** Why no function of this component can be called; `undefined` for the app itself. */
export function componentRefusal(componentPath: string | null, isAdmin: boolean): string | undefined {
  if (componentPath === null || componentPath === ROOT_COMPONENT) return undefined;
  return isAdmin
    ? `Component "${componentPath}" does not exist`
    : "Only admins may call functions of a component by path";
}
