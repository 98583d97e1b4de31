/**
 * System query `_system/cli/modules:apiSpec`: every function of the app with its validators.
 *
 * @module
 */
import type { Value, ValidatorJson } from "@narrowcast/values";
import type { FunctionInfo } from "../../app/types.ts";
import type { SystemQuery } from "./system-types.ts";

const KINDS = { query: "Query", mutation: "Mutation", action: "Action", http: "HttpAction" } as const;
const ANY: Value = { type: "any" };

/** `[{identifier: "mod.js:fn", functionType, visibility: {kind}, args, returns} | {functionType: "HttpAction", method, path}]`. */
export const apiSpec: SystemQuery = (_tx, _args, { analysis }) => [
  ...(analysis?.functions ?? []).map(functionSpec),
  ...(analysis?.httpRoutes ?? []).map(({ path, method }) => ({ functionType: "HttpAction", method, path })),
];

function functionSpec({ path, kind, visibility, args, returns }: FunctionInfo): Value {
  return {
    identifier: identifierOf(path),
    functionType: KINDS[kind],
    visibility: { kind: visibility },
    args: plain(args),
    returns: returns === null ? ANY : plain(returns),
  };
}

/** `dir/mod:fn` → `dir/mod.js:fn`. */
export function identifierOf(path: string): string {
  const colon = path.lastIndexOf(":");
  return colon < 0 ? `${path}.js:default` : `${path.slice(0, colon)}.js${path.slice(colon)}`;
}

/** Validators are JSON already; their literals are Convex JSON and are shown as such, but for the `$` of special objects. */
function plain(validator: ValidatorJson): Value {
  return JSON.parse(JSON.stringify(validator), (key, value: unknown) =>
    isSpecial(value) ? JSON.stringify(value) : value,
  ) as Value;
}

function isSpecial(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).some((name) => name.startsWith("$"));
}
