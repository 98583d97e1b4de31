/**
 * Makes log entries: the same shape, whoever executes.
 *
 * @module
 */
import type { LogEntry } from "./deployment-types.ts";

const NO_USAGE: LogEntry["usage"] = {
  documentsRead: 0,
  bytesRead: 0,
  storageDocuments: 0,
  storageBytes: 0,
  documentsWritten: 0,
  bytesWritten: 0,
};

/** What is known of an execution when it begins. */
export type EntryFacts = Pick<LogEntry, "component" | "path" | "functionKind" | "requestId" | "caller" | "startedMs">;

/** What an execution came to; nothing where it is left out. */
export type EntryEnd = Partial<Pick<LogEntry, "durationMs" | "lines" | "error" | "cached" | "returnBytes" | "usage">>;

/**
 * The entry of one execution.
 *
 * @param number Tells it from others of the same process.
 */
export function completionEntry(facts: EntryFacts, end: EntryEnd, number: number): LogEntry {
  const { component, path, functionKind, requestId, caller, startedMs } = facts;
  return {
    kind: "completion",
    component,
    path,
    functionKind,
    requestId,
    executionId: `${requestId}-${number}`,
    caller,
    startedMs,
    durationMs: end.durationMs ?? 0,
    lines: end.lines ?? [],
    error: end.error ?? null,
    cached: end.cached ?? false,
    environment: "isolate",
    returnBytes: end.returnBytes ?? 0,
    usage: end.usage ?? NO_USAGE,
  };
}
