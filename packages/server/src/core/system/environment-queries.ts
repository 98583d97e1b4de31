/**
 * System queries about environment variables.
 *
 * @module
 */
import { readEnvironment } from "../../functions/environment.ts";
import type { SystemQuery } from "./system-types.ts";

/** `[{name, value}]`, sorted by name. */
export const environmentVariables: SystemQuery = (tx) =>
  readEnvironment(tx).map(({ name, value }) => ({ name, value }));

/** `{name}` → `{name, value}` or null. */
export const environmentVariable: SystemQuery = (tx, args) => {
  const found = readEnvironment(tx).find(({ name }) => name === args["name"]);
  return found === undefined ? null : { name: found.name, value: found.value };
};
