/**
 * Rules for names: tables, indexes, fields, function paths.
 *
 * Each rule is a function that returns the error text, or `undefined` when the name is good.
 *
 * @module
 */
import { CONVEX_LIMITS } from "./limits.ts";
import type { Limits } from "./limits.ts";

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names of the indexes that every table has. */
export const BUILT_IN_INDEXES: readonly string[] = ["by_id", "by_creation_time"];

/** What is wrong with the name of a user's table. */
export function tableNameError(name: string, limits: Limits = CONVEX_LIMITS): string | undefined {
  return userNameError("Table", name, limits);
}

/** What is wrong with the name of a user's index. */
export function indexNameError(name: string, limits: Limits = CONVEX_LIMITS): string | undefined {
  if (BUILT_IN_INDEXES.includes(name)) return `In table indexes, "${name}" is a reserved index name.`;
  return userNameError("Index", name, limits);
}

/** What is wrong with a top-level field of a document. */
export function fieldNameError(name: string, limits: Limits = CONVEX_LIMITS): string | undefined {
  if (name === "") return "Field name cannot be empty.";
  if (name.startsWith("$")) return `Field name ${name} starts with a '$', which is reserved.`;
  if (name.startsWith("_"))
    return `Field '${name}' starts with an underscore, which is only allowed for system fields like '_id'.`;
  return identifierError("Field", name, limits.fieldNameCharsMax);
}

/** What is wrong with a name of an object's field below the top level, or of an argument's. */
export function nestedKeyError(name: string, limits: Limits = CONVEX_LIMITS): string | undefined {
  if (name === "") return "Field name cannot be empty.";
  if (name.length > limits.nestedKeyCharsMax) {
    return `Field name ${name} exceeds maximum field name length ${limits.nestedKeyCharsMax}.`;
  }
  if (name.startsWith("$")) return `Field name ${name} starts with a '$', which is reserved.`;
  const wrong = /[^ -~]/u.exec(name)?.[0];
  if (wrong === undefined) return undefined;
  return `Field name ${name} has invalid character '${wrong}': Field names can only contain non-control ASCII characters`;
}

/** Whether a user may name a table so. */
export function isValidTableName(name: string): boolean {
  return tableNameError(name) === undefined;
}

/** Whether a user may name an index so. */
export function isValidIndexName(name: string): boolean {
  return indexNameError(name) === undefined;
}

/** Whether a user may name a document's top-level field so. */
export function isValidFieldName(name: string): boolean {
  return fieldNameError(name) === undefined;
}

/**
 * The one form of a function's path, `dir/mod:fn`. `mod`, `mod.js`, `mod:default` and `mod.js:default` are the same.
 */
export function canonicalFunctionPath(path: string): string {
  const colon = path.lastIndexOf(":");
  const module = colon < 0 ? path : path.slice(0, colon);
  const name = colon < 0 ? "default" : path.slice(colon + 1);
  return `${module.endsWith(".js") ? module.slice(0, -3) : module}:${name}`;
}

function userNameError(kind: string, name: string, limits: Limits): string | undefined {
  if (name === "") return `${kind} name cannot be empty.`;
  if (name.startsWith("_"))
    return `${kind} name ${name} starts with an underscore, which is reserved for system names.`;
  return identifierError(kind, name, limits.identifierCharsMax);
}

function identifierError(kind: string, name: string, charsMax: number): string | undefined {
  if (name.length > charsMax) return `${kind} name ${name} is too long (${name.length} > maximum ${charsMax}).`;
  if (IDENTIFIER.test(name)) return undefined;
  return `${kind} name '${name}' is not a valid identifier: it must start with a letter and contain only letters, digits and underscores.`;
}
