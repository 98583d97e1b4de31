/**
 * Prints a deployment's log entries in the server's own terminal.
 *
 * @module
 */
import { streamedEntry, type Deployment } from "@narrowcast/server";
import type { CommandContext } from "./context.ts";
import { printEntries } from "./logs.ts";

const WAIT_MS = 30_000;

/** Starts printing. @returns A function that stops it, resolving when the last entry is out. */
export function followLogs(context: CommandContext, deployment: Deployment): () => Promise<void> {
  const stopping = new AbortController();
  const follow = async (): Promise<void> => {
    let { cursor } = await deployment.logs(0, 0);
    while (!stopping.signal.aborted) {
      const page = await deployment.logs(cursor, WAIT_MS);
      cursor = page.cursor;
      printEntries(context, page.entries.map(streamedEntry), { success: false, jsonl: false });
    }
  };
  const running = follow().catch((error: unknown) => {
    if (!stopping.signal.aborted) context.stderr.write(`Cannot follow the log: ${String(error)}\n`);
  });
  return async () => {
    stopping.abort();
    await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 0))]);
  };
}
