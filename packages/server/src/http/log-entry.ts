/**
 * Log entries as `/api/stream_function_logs` writes them.
 *
 * @module
 */
import { ROOT_COMPONENT } from "@narrowcast/values";
import type { LogEntry } from "../protocol/deployment-types.ts";

const KIND_NAMES = { query: "Query", mutation: "Mutation", action: "Action", http: "HttpAction" } as const;

/** One entry of the stream; times in seconds, except those of lines. */
export type StreamedLogEntry = ReturnType<typeof streamedEntry>;

export function streamedEntry(entry: LogEntry) {
  const logLines = entry.lines.map((line) => ({
    messages: [line.text],
    level: line.level,
    timestamp: line.timestampMs,
    isTruncated: line.isTruncated,
    systemMetadata: null,
  }));
  const common = {
    udfType: KIND_NAMES[entry.functionKind],
    identifier: entry.functionKind === "http" ? entry.path : entry.path.replace(/:([^:]*)$/, ".js:$1"),
    componentPath: entry.component === ROOT_COMPONENT ? null : entry.component,
    logLines,
    timestamp: entry.startedMs / 1000,
    requestId: entry.requestId,
    executionId: entry.executionId,
  };
  if (entry.kind === "progress") return { kind: "Progress" as const, ...common };
  const { usage } = entry;
  return {
    kind: "Completion" as const,
    ...common,
    executionTime: entry.durationMs / 1000,
    success: entry.error === null ? {} : null,
    error: entry.error,
    caller: entry.caller,
    parentExecutionId: null,
    identityType: null,
    environment: entry.environment,
    cachedResult: entry.cached,
    returnBytes: entry.returnBytes,
    usageStats: {
      databaseReadDocuments: usage.documentsRead,
      databaseReadBytes: usage.bytesRead,
      databaseWriteDocuments: usage.documentsWritten,
      databaseWriteBytes: usage.bytesWritten,
      storageReadBytes: 0,
      storageWriteBytes: 0,
      vectorIndexReadBytes: 0,
      vectorIndexWriteBytes: 0,
      memoryUsedMb: 0,
    },
    occInfo: null,
    willRetry: false,
  };
}
