/**
 * Names of runs: what the core is running, for the watchdog, the list of suspects and the quarantine.
 *
 * Inside they are values of {@linkcode RunKey}. As text they exist in the memory that the core shares with the watchdog, nowhere else:
 *
 *   call:17            a mutation, by the id of main's request
 *   query:<request>   a query, whoever asked: function, identity, arguments
 *   job:<id>           a scheduled mutation
 *   cron:<name>        a cron's mutation
 *   load:17, load:start   evaluation of an app's modules, for a request of main or when the core starts
 *
 * @module
 */
import { createHash } from "node:crypto";
import { printFunction, type FunctionAddress } from "@narrowcast/values";
import { unknownKind } from "./unknown-kind.ts";

/** Longer requests are hashed; well below what the shared memory of the watchdog holds. */
const KEY_CHARS_MAX = 512;

/** See the module comment. */
export type RunKey =
  | { readonly kind: "call"; readonly request: number }
  | { readonly kind: "query"; readonly request: string }
  | { readonly kind: "job"; readonly id: string }
  | { readonly kind: "cron"; readonly name: string }
  | { readonly kind: "load"; readonly request: number | "start" };

/** The evaluation of the stored code when a core opens. */
export const LOAD_AT_START: RunKey = { kind: "load", request: "start" };

/** What a query's run is known by: equal for every asker of the same request. */
export function queryKey(address: FunctionAddress, args: string, identityKey: string): string {
  const name = printFunction(address);
  const key = `${name}\n${identityKey}\n${args}`;
  return key.length <= KEY_CHARS_MAX ? key : `${name}\n#${createHash("sha256").update(key).digest("hex")}`;
}

/** The text of a key. Equal keys have equal texts, others have others. */
export function runKeyText(key: RunKey): string {
  switch (key.kind) {
    case "call":
    case "load":
      return `${key.kind}:${key.request}`;
    case "query":
      return `query:${key.request}`;
    case "job":
      return `job:${key.id}`;
    case "cron":
      return `cron:${key.name}`;
    default:
      return unknownKind("a run's key", key);
  }
}

/**
 * Reads what {@linkcode runKeyText} wrote.
 *
 * @throws When it did not write that.
 */
export function parseRunKey(text: string): RunKey {
  const at = text.indexOf(":");
  const [kind, rest] = [text.slice(0, at), text.slice(at + 1)];
  const request = Number(rest);
  if (kind === "query") return { kind, request: rest };
  if (kind === "job") return { kind, id: rest };
  if (kind === "cron") return { kind, name: rest };
  if (kind === "load" && rest === "start") return LOAD_AT_START;
  if ((kind === "call" || kind === "load") && rest !== "" && Number.isInteger(request)) return { kind, request };
  throw new Error(`Cannot read what the core runs: it is ${JSON.stringify(text.slice(0, 100))}; should be a run's key`);
}
