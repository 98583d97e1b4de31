/**
 * What a person reads when a command fails: one sentence for what they can cause, everything for what only we can.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BundleError, StateFileError } from "@narrowcast/server";
import { CommandError } from "./context.ts";

const UNRESOLVED_PACKAGE = /Could not resolve "[^."/][^"]*"/;
/** The push's code for a variable that `auth.config` needs. */
const MISSING_VARIABLE = "AuthConfigMissingEnvironmentVariable";
const OFFICIAL_ADVICE = /npx convex (?:dev|deploy)/;

/** @returns The text, without a stack unless the failure is a defect. */
export function failureText(error: unknown): string {
  const isTold = [CommandError, BundleError, StateFileError].some((kind) => error instanceof kind);
  if (isTold) return (error as Error).message;
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (code !== undefined && syscall !== undefined) return `Cannot go on: ${systemText(error as Error, code, path)}`;
  return `Narrowcast has a defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** Why a push was refused, and what to do about it where that is one command. */
export function refusalText({ code, message }: { readonly code: string; readonly message: string }): string {
  const [, variable] = code === MISSING_VARIABLE ? (/^Environment variable (\S+)/.exec(message) ?? []) : [];
  return variable === undefined ? message : `${message}; set it: narrowcast env set ${variable} <value>`;
}

function systemText(error: Error, code: string, path: string | undefined): string {
  const place = path === undefined ? "" : ` "${path}"`;
  switch (code) {
    case "EACCES":
    case "EPERM":
      return `this user may not use${place}; change its owner or its mode`;
    case "EROFS":
      return `${place.trim()} is on a file system that is read-only`;
    case "ENOSPC":
      return `there is no space left on the disk${place === "" ? "" : ` of${place}`}`;
    case "ENOTDIR":
    case "EEXIST":
      return `a part of${place} is a file where a folder is needed`;
    default:
      return error.message;
  }
}

/** Why a push failed, with what to do about it here. */
export function pushFailureText(directory: string, error: unknown): string {
  const text = failureText(error);
  if (!UNRESOLVED_PACKAGE.test(text) || existsSync(join(directory, "node_modules"))) return text;
  return `${text}\nThere is no node_modules in "${directory}": run "npm install" there first.`;
}

/** What the commands that Convex's texts name are called here; empty for a text that names none. */
export function adviceFor(text: string): string {
  return OFFICIAL_ADVICE.test(text)
    ? 'With Narrowcast, functions are pushed by "narrowcast dev" or "narrowcast start --push".'
    : "";
}
