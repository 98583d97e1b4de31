/**
 * What the page and the runner subscribe to, part by part, in both forms of the app.
 *
 * *before* is the first version: whole graphs, one query for many parts. *after* is the version that was optimised by hand. The page shows one
 * namespace with its ten threads, one assignment's chain and one thread.
 *
 * @module
 */
import type { QueryRequest } from "../../socket.ts";
import type { Form } from "../../size.ts";
import { PASSWORD, type Facts } from "./facts.ts";

/** A part of the page, or of what the runner waits for. */
export type Part = "sidebar" | "threads" | "badges" | "chain" | "messages" | "typing" | "readyJobs" | "readyChats";

export const PAGE_PARTS: readonly Part[] = ["sidebar", "threads", "badges", "chain", "messages", "typing"];
export const RUNNER_PARTS: readonly Part[] = ["readyJobs", "readyChats"];

/** What of the data is shown; the chain moves on as the day goes. */
export interface Shown extends Pick<Facts, "namespaceId" | "linked" | "threadId"> {
  readonly openId: string;
  readonly groupIds: readonly string[];
}

/** A function's path in a form. */
export function pathIn(form: Form, path: string): string {
  return form === "before" ? `before/${path}` : path;
}

/** The subscriptions of some parts, each once: two parts that ask the same share it, as the client does. */
export function requestsOf(form: Form, parts: readonly Part[], shown: Shown): QueryRequest[] {
  const requests = new Map<string, QueryRequest>();
  for (const part of parts) {
    for (const request of form === "before" ? partBefore(part, shown) : partAfter(part, shown)) {
      requests.set(JSON.stringify(request), request);
    }
  }
  return [...requests.values()];
}

function partBefore(part: Part, shown: Shown): QueryRequest[] {
  const { namespaceId } = shown;
  switch (part) {
    case "sidebar":
      return [ask("before/scheduler:getAllNamespaces", {})];
    case "badges":
    case "chain":
      return [ask("before/scheduler:getAllAssignments", { namespaceId })];
    case "typing":
      return [ask("before/chatJobs:getActiveForThread", { threadId: shown.threadId })];
    case "readyJobs":
      return [ask("before/scheduler:getReadyJobs", { namespaceId })];
    default:
      return unchanged(part, shown, "before");
  }
}

function partAfter(part: Part, shown: Shown): QueryRequest[] {
  switch (part) {
    case "sidebar":
      return [ask("namespaces:list", {})];
    case "badges":
      return shown.linked.map((id) => ask("assignments:get", { id }));
    case "chain":
      return [
        ask("assignments:getGroupChain", { id: shown.openId }),
        ...shown.groupIds.map((groupId) => ask("jobs:list", { groupId })),
      ];
    case "typing":
      return [ask("chatJobs:getActiveForThread", { threadId: shown.threadId })];
    case "readyJobs":
      return [ask("scheduler:getReadyJobs", { namespaceId: shown.namespaceId })];
    default:
      return unchanged(part, shown, "after");
  }
}

/** Parts whose functions are the same in both forms. */
function unchanged(part: Part, { namespaceId, threadId }: Shown, form: Form): QueryRequest[] {
  switch (part) {
    case "threads":
      return [ask(pathIn(form, "chatThreads:list"), { namespaceId })];
    case "messages":
      return [ask(pathIn(form, "chatMessages:list"), { threadId })];
    case "readyChats":
      return [ask(pathIn(form, "scheduler:getReadyChatJobs"), { namespaceId })];
    default:
      throw new Error(`Cannot subscribe to ${part}: it differs between the forms`);
  }
}

function ask(path: string, args: { readonly [name: string]: string }): QueryRequest {
  return { path, args: { password: PASSWORD, ...args } };
}
