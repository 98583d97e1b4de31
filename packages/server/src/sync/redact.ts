/**
 * What a public client may see of failures and logs when the deployment does not show them.
 *
 * Kept: that it failed, the request id (it finds the whole text in the server's log), and the data of a `ConvexError`, which is meant
 * for the client. Removed: messages, stack traces, log lines.
 *
 * @module
 */
import type { RunResult } from "../protocol/live-types.ts";
import type { CallOutcome } from "../protocol/deployment-types.ts";

const REQUEST_PREFIX = /^\[Request ID: [0-9a-zA-Z]+\] /;

/** Redacted results are shared as the results are. */
const redactedResults = new WeakMap<RunResult, RunResult>();

export function redactOutcome(outcome: CallOutcome): CallOutcome {
  if (outcome.ok) return { ...outcome, logLines: [] };
  return { ...outcome, errorMessage: redactedMessage(outcome.errorMessage), logLines: [] };
}

export function redactResult(result: RunResult): RunResult {
  let redacted = redactedResults.get(result);
  if (redacted === undefined) {
    redacted = result.ok
      ? { ...result, logLines: [] }
      : { ...result, errorMessage: redactedMessage(result.errorMessage), logLines: [] };
    redactedResults.set(result, redacted);
  }
  return redacted;
}

function redactedMessage(message: string): string {
  return `${REQUEST_PREFIX.exec(message)?.[0] ?? ""}Server Error`;
}
