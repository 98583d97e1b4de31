/**
 * `narrowcast logs`: what functions of the running deployment print and how they end, as it happens.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Colours } from "../terminal/colours.ts";
import type { CommandContext } from "./context.ts";
import { ServerClient, UnreachableError } from "./server-client.ts";

const AGAIN_MS = 250;

export interface LogsOptions {
  readonly url: string;
  readonly adminKey: string;
  /** Also shows entries from before the command. */
  readonly history: boolean;
  /** Shows one line for successful calls too, not only those that printed or failed. */
  readonly success: boolean;
  readonly jsonl: boolean;
}

interface Line {
  readonly messages: readonly string[];
  readonly level: string;
  readonly timestamp: number;
}

/** The parts of a streamed entry that are shown. Times in seconds. */
export interface StreamedEntry {
  readonly kind: "Completion" | "Progress";
  readonly udfType: string;
  readonly identifier: string;
  readonly timestamp: number;
  readonly executionTime?: number;
  readonly logLines: readonly Line[];
  readonly error?: string | null;
  readonly cachedResult?: boolean;
}

export async function logsCommand(context: CommandContext, options: LogsOptions): Promise<number> {
  const client = new ServerClient(options.url, options.adminKey);
  let cursor = 0;
  let isFirst = true;
  let isLost = false;
  while (!context.signal.aborted) {
    let page: { entries: readonly StreamedEntry[]; newCursor: number };
    try {
      page = (await client.get(`/api/stream_function_logs?cursor=${cursor}`, context.signal)) as typeof page;
    } catch (error) {
      if (context.signal.aborted) return 0;
      // A server that was there once comes back, and goes on after the last entry that was seen.
      if (isFirst || !(error instanceof UnreachableError)) throw error;
      if (!isLost) context.stderr.write("The server is gone; waiting until it is back.\n");
      isLost = true;
      await sleep(AGAIN_MS, undefined, { signal: context.signal }).catch(() => undefined);
      continue;
    }
    if (isLost) context.stderr.write("The server is back.\n");
    isLost = false;
    const isShown = options.history || !isFirst || cursor !== 0;
    isFirst = false;
    cursor = page.newCursor;
    if (isShown) printEntries(context, page.entries, { ...options, hasDates: options.history });
  }
  return 0;
}

/** Writes entries as text, or one JSON object a line. */
export function printEntries(
  context: Pick<CommandContext, "stdout" | "colours">,
  entries: readonly StreamedEntry[],
  options: Pick<LogsOptions, "success" | "jsonl"> & { readonly hasDates: boolean },
): void {
  for (const entry of entries) {
    if (options.jsonl) context.stdout.write(`${JSON.stringify(entry)}\n`);
    else for (const line of entryLines(entry, context.colours, options)) context.stdout.write(`${line}\n`);
  }
}

function entryLines(
  entry: StreamedEntry,
  colours: Colours,
  { success: withSuccess, hasDates }: { readonly success: boolean; readonly hasDates: boolean },
): string[] {
  const clock = (ms: number): string => new Date(ms).toISOString().slice(hasDates ? 0 : 11, hasDates ? undefined : 23);
  const prefix = `${colours.dim(clock(entry.timestamp * 1000))} ${colours.cyan(
    `${entry.udfType[0] ?? "?"}(${entry.identifier.replace(".js:", ":")})`,
  )}`;
  const lines = entry.logLines.map(
    ({ level, messages, timestamp }) =>
      `${colours.dim(clock(timestamp))} ${colours.cyan(`${entry.udfType[0] ?? "?"}(${entry.identifier.replace(".js:", ":")})`)} ${levelText(level, colours)} ${messages.join(" ")}`,
  );
  if (entry.kind === "Progress") return lines;
  if (typeof entry.error === "string") lines.push(`${prefix} ${colours.red(entry.error)}`);
  else if (withSuccess) {
    const ms = Math.round((entry.executionTime ?? 0) * 1000);
    lines.push(`${prefix} ${colours.dim(entry.cachedResult === true ? "cached" : `${ms} ms`)}`);
  }
  return lines;
}

function levelText(level: string, colours: Colours): string {
  if (level === "ERROR") return colours.red("[ERROR]");
  if (level === "WARN") return colours.yellow("[WARN]");
  return colours.dim(`[${level}]`);
}
