/**
 * Environment variables of a deployment: rules of names and values, and their rows.
 *
 * Stored in the system table `_environment`, one row a variable. Two more are built in and cannot be set: `CONVEX_CLOUD_URL` and
 * `CONVEX_SITE_URL`. A function that reads a variable depends on the name `env:NAME`; a change invalidates exactly those.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import type { Transaction } from "../tx/types.ts";
import { UserError } from "../tx/types.ts";
import type { EnvironmentChange, EnvironmentEntry } from "../protocol/core-protocol.ts";
import { readRows, textOf } from "./system-rows.ts";

export const ENVIRONMENT_TABLE = "_environment";
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const BUILT_IN = new Set(["CONVEX_CLOUD_URL", "CONVEX_SITE_URL"]);
const encoder = new TextEncoder();

/** Variables that a deployment has, sorted by name, without the built-in ones. */
export function readEnvironment(tx: Transaction): readonly EnvironmentEntry[] {
  return environmentRows(tx).map(({ name, value }) => ({ name, value }));
}

function environmentRows(tx: Transaction): readonly (EnvironmentEntry & { readonly _id: string })[] {
  const rows = readRows(tx, ENVIRONMENT_TABLE, "by_name", [], Infinity);
  return rows.map((row) => ({ _id: row._id, name: textOf(row, "name"), value: textOf(row, "value") }));
}

/** What functions see as `process.env`. */
export function environmentMap(
  entries: readonly EnvironmentEntry[],
  cloudUrl: string,
  siteUrl: string,
): ReadonlyMap<string, string> {
  const map = new Map(entries.map(({ name, value }) => [name, value]));
  map.set("CONVEX_CLOUD_URL", cloudUrl);
  map.set("CONVEX_SITE_URL", siteUrl);
  return map;
}

/**
 * Writes changes into `tx`: all of them, or none by throwing.
 *
 * @returns Names whose value differs now.
 * @throws {UserError} For bad names, sizes or counts.
 */
export function writeEnvironment(
  tx: Transaction,
  changes: readonly EnvironmentChange[],
  limits: Limits,
): readonly string[] {
  for (const change of changes) checkChange(change, limits);
  const rows = new Map(environmentRows(tx).map((row) => [row.name, row]));
  const changed = new Set<string>();
  for (const { name, value } of changes) {
    const row = rows.get(name);
    if ((row?.value ?? null) === value) continue;
    changed.add(name);
    if (value === null && row !== undefined) {
      tx.system.delete(row._id);
      rows.delete(name);
    } else if (value !== null && row !== undefined) {
      tx.system.patch(row._id, { value });
      rows.set(name, { ...row, value });
    } else if (value !== null) {
      rows.set(name, { _id: tx.system.insert(ENVIRONMENT_TABLE, { name, value }), name, value });
    }
  }
  checkTotals([...rows.values()], limits);
  return [...changed];
}

function checkChange({ name, value }: EnvironmentChange, limits: Limits): void {
  const shown = JSON.stringify(name.slice(0, 64));
  if (!NAME.test(name)) {
    throw new UserError(
      "EnvVarNameInvalid",
      `Cannot set environment variable ${shown}: the name is not valid; it should begin with a letter or "_" and contain only letters, digits and "_"`,
    );
  }
  if (name.length > limits.environmentNameCharsMax) {
    throw new UserError(
      "EnvVarNameTooLong",
      `Cannot set environment variable ${shown}: the name has ${name.length} characters; it should have at most ${limits.environmentNameCharsMax}`,
    );
  }
  if (BUILT_IN.has(name)) {
    throw new UserError(
      "EnvVarNameForbidden",
      `Cannot set environment variable ${shown}: the name is built in; it should be another one`,
    );
  }
  const bytes = value === null ? 0 : encoder.encode(value).length;
  if (bytes > limits.environmentValueBytesMax) {
    throw new UserError(
      "EnvVarValueTooLarge",
      `Cannot set environment variable ${shown}: the value has ${bytes} bytes; it should have at most ${limits.environmentValueBytesMax}`,
    );
  }
}

function checkTotals(rows: readonly EnvironmentEntry[], limits: Limits): void {
  if (rows.length > limits.environmentVariablesMax) {
    throw new UserError(
      "TooManyEnvVars",
      `Cannot set environment variables: there would be ${rows.length}; there should be at most ${limits.environmentVariablesMax}`,
    );
  }
  let bytes = 0;
  for (const { name, value } of rows) bytes += encoder.encode(name).length + encoder.encode(value).length;
  if (bytes > limits.environmentBytesMax) {
    throw new UserError(
      "EnvVarsTooLarge",
      `Cannot set environment variables: together they would have ${bytes} bytes; they should have at most ${limits.environmentBytesMax}`,
    );
  }
}
