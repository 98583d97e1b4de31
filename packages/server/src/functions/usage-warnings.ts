/**
 * Warnings in a run's log when it came near a limit, so that developers learn of it before their users do.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import type { TransactionUsage } from "../tx/types.ts";
import type { ConsoleCapture } from "../isolate/console.ts";

/** Adds a warning for every limit of which more than `limits.warnShare` is used. Returns whether there was one. */
export function noteLimitsNear(console: ConsoleCapture, usage: TransactionUsage, limits: Limits): boolean {
  let isNear = false;
  const note = (what: string, used: number, max: number) => {
    if (used <= max * limits.warnShare) return;
    isNear = true;
    console.note("WARN", `${what} in a single function execution (actual: ${used}, limit: ${max})`);
  };
  note("Many documents read", usage.documentsRead, limits.documentsReadMax);
  note("Many bytes read", usage.bytesRead, limits.bytesReadMax);
  note("Many reads", usage.rangesRead, limits.rangesReadMax);
  note("Many writes", usage.documentsWritten, limits.documentsWrittenMax);
  note("Many bytes written", usage.bytesWritten, limits.bytesWrittenMax);
  note("Many functions scheduled", usage.functionsScheduled, limits.functionsScheduledMax);
  note("Many bytes of scheduled functions' arguments", usage.scheduledArgsBytes, limits.scheduledArgsBytesMax);
  return isNear;
}
