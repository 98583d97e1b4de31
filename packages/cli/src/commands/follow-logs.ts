/**
 * Prints a deployment's log in the server's own terminal: what functions print, how they fail, and what the server does.
 *
 * @module
 */
import { streamedEntry, type Deployment } from "@narrowcast/server";
import type { CommandContext } from "./context.ts";
import { printEntries } from "./logs.ts";

/** How the log is written; `off` says only what the server does. */
export type LogForm = "off" | "text" | "json";

/** Starts printing. @returns A function that stops it. */
export function followLogs(
  context: CommandContext,
  deployment: Deployment,
  form: LogForm,
  hasDates: boolean,
): () => void {
  if (form === "off") return () => undefined;
  return deployment.onLogs((entries) =>
    printEntries(context, entries.map(streamedEntry), { success: false, jsonl: form === "json", hasDates }),
  );
}

/** One line about the server itself, with the date. */
export function printEvent(context: CommandContext, form: LogForm, event: string, text: string): void {
  const date = new Date().toISOString();
  const line =
    form === "json"
      ? JSON.stringify({ kind: "Server", event, message: text, timestamp: Date.parse(date) / 1000, pid: process.pid })
      : `${context.colours.dim(date)} ${text}`;
  context.stdout.write(`${line}\n`);
}
