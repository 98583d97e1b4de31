/**
 * `narrowcast replay <trace>`: does the work of a trace again in memory and prints what it costs by Convex's rules and by ours.
 *
 * @module
 */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { replayTrace, type ReplayRules } from "@narrowcast/server";
import { CommandError, type CommandContext } from "./context.ts";
import { replayText } from "./replay-view.ts";

export interface ReplayOptions {
  readonly rules: ReplayRules;
  readonly json: boolean;
}

export async function replayCommand(context: CommandContext, file: string, options: ReplayOptions): Promise<number> {
  const path = resolve(context.directory, file);
  const lines: string[] = [];
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) lines.push(line);
  } catch (cause) {
    throw new CommandError(`Cannot read trace "${path}": ${(cause as Error).message}`, { cause });
  }
  try {
    const report = await replayTrace(lines, options.rules);
    context.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : replayText(report)}\n`);
    return 0;
  } catch (cause) {
    throw new CommandError(`Cannot replay "${path}": ${(cause as Error).message}`, { cause });
  }
}
