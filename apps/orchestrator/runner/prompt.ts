/**
 * Prompts: what an agent is told. Pure text from documents.
 */
import type { ChatContext } from "../convex/model/chatContext.ts";
import type { ReadyJob } from "../convex/model/walk.ts";
import type { ResultItem } from "../convex/model/dispatch.ts";

/** The prompt of a job: the goal, the task, and the results that it builds on. */
export function jobPrompt(ready: ReadyJob): string {
  const { job, assignment } = ready;
  return sections([
    ["North star", assignment.northStar],
    ["Your job", `${instruction(job.jobType)}${job.context === undefined ? "" : `\n\n${job.context}`}`],
    ["Decisions so far", assignment.decisions],
    ["Artifacts so far", assignment.artifacts],
    ...resultsFor(ready),
  ]);
}

/** The prompt of an answer in a chat. */
export function chatPrompt(context: ChatContext): string {
  const history = context.messages.map((message) => `${message.role}: ${message.content}`).join("\n\n");
  const modeChanged = context.lastPromptMode !== null && context.lastPromptMode !== context.effectivePromptMode;
  return sections([
    ["How to answer", chatInstruction(context)],
    ["Change of mode", modeChanged ? `Until now the mode was "${context.lastPromptMode}".` : ""],
    // A resumed session has the history already.
    ["Conversation", context.claudeSessionId === null ? history : ""],
    [context.isGuardianEvaluation ? "Report" : "Message", context.latestUserMessage],
  ]);
}

function resultsFor({
  job,
  accumulatedResults,
  previousNonPmGroupResults,
  r1GroupResults,
}: ReadyJob): [string, string][] {
  if (job.jobType === "pm") return [["Results since the last plan", results(accumulatedResults)]];
  if (job.jobType.endsWith("review")) {
    return [
      ["What to review", results(previousNonPmGroupResults)],
      ["What the earlier review looked at", results(r1GroupResults)],
    ];
  }
  return [["Results of the group before", results(previousNonPmGroupResults)]];
}

function instruction(jobType: string): string {
  if (jobType === "pm") {
    return (
      "You are the project manager. Compare the results with the north star. If something is missing, insert the next group " +
      "of jobs behind your own (insert-job); if the goal is reached, insert nothing. Then report in a few sentences."
    );
  }
  if (jobType.endsWith("review")) return "Review the results below. Name what is wrong, where, and how you know.";
  return `Job type: ${jobType}. Do the job, then report what you did and what remains.`;
}

function chatInstruction({ effectivePromptMode, isGuardianEvaluation }: ChatContext): string {
  if (isGuardianEvaluation) {
    return (
      "You are the guardian of this assignment. Judge whether the report below still serves what the user asked for. " +
      'End with one line: "[alignment] aligned", "[alignment] uncertain" or "[alignment] misaligned".'
    );
  }
  return effectivePromptMode === "cook"
    ? "Do what the message asks for, then say what you did."
    : "Think along: ask, propose, weigh. Change nothing.";
}

function results(items: readonly ResultItem[]): string {
  return items
    .map((item) => `### ${item.jobType} (${item.harness}, group ${item.groupIndex})\n\n${item.result}`)
    .join("\n\n");
}

function sections(parts: readonly (readonly [string, string])[]): string {
  return parts
    .filter(([, text]) => text !== "")
    .map(([heading, text]) => `# ${heading}\n\n${text}`)
    .join("\n\n");
}
