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

/** Makes entries, and numbers the executions that they are of. */
export class LogEntries {
  #executions = 0;

  /** The entry of an execution of which nothing is known but that it was begun. */
  begin(facts: Pick<LogEntry, "component" | "path" | "functionKind" | "requestId" | "caller" | "startedMs">): LogEntry {
    this.#executions += 1;
    return {
      kind: "completion",
      ...facts,
      executionId: `${facts.requestId}-${this.#executions}`,
      durationMs: 0,
      lines: [],
      error: null,
      cached: false,
      environment: "isolate",
      returnBytes: 0,
      usage: NO_USAGE,
    };
  }
}
