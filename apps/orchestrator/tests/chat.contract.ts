/**
 * Threads, messages, chat jobs and the typing indicator.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import type { ChatContext } from "../convex/model/chatContext.ts";
import type { Backend, BackendDriver } from "../testing/backend.ts";
import { makeChain, makeNamespace } from "../testing/world.ts";

/** The suite. */
export function chatContract(driver: BackendDriver): void {
  describe(`chat on ${driver.name}`, () => {
    let backend: Backend;
    let namespaceId: Id<"namespaces">;
    let threadId: Id<"chatThreads">;
    const say = (role: "user" | "assistant" | "pm", content: string) =>
      backend.mutation(api.chatMessages.add, { threadId, role, content });
    const contextOf = async (id: Id<"chatJobs">): Promise<ChatContext> =>
      JSON.parse((await backend.query(api.chatJobs.get, { id }))!.context) as ChatContext;

    beforeEach(async () => {
      backend = await driver.open();
      namespaceId = await makeNamespace(backend);
      threadId = await backend.mutation(api.chatThreads.create, { namespaceId });
    });
    afterEach(async () => await backend.close());

    test("a new thread has a title and a mode", async () => {
      expect(await backend.query(api.chatThreads.get, { id: threadId })).toMatchObject({
        title: "New Chat",
        mode: "jam",
      });
    });

    test("messages come oldest first, and a message moves its thread to the top", async () => {
      const later = await backend.mutation(api.chatThreads.create, { namespaceId, title: "Later" });
      await new Promise((resolve) => setTimeout(resolve, 2));
      await say("user", "one");
      await say("assistant", "two");
      const messages = await backend.query(api.chatMessages.list, { threadId });
      expect(messages.map((message) => message.content)).toEqual(["one", "two"]);
      const order = (await backend.query(api.chatThreads.list, { namespaceId })).map((thread) => thread._id);
      expect(order).toEqual([threadId, later]);
      expect((await backend.query(api.chatThreads.listAll, {})).map((thread) => thread._id)).toEqual(order);
    });

    test("a thread's small changes", async () => {
      const id = threadId;
      await backend.mutation(api.chatThreads.updateTitle, { id, title: "Checkout" });
      await backend.mutation(api.chatThreads.updateMode, { id, mode: "cook" });
      await backend.mutation(api.chatThreads.updateSessionId, { id, claudeSessionId: "s-1" });
      await backend.mutation(api.chatThreads.updateLastPromptMode, { id, lastPromptMode: "jam" });
      expect(await backend.query(api.chatThreads.get, { id })).toMatchObject({
        title: "Checkout",
        mode: "cook",
        claudeSessionId: "s-1",
        lastPromptMode: "jam",
      });
    });

    test("enableGuardianMode links, watches and starts aligned, all at once", async () => {
      const { id: assignmentId } = await makeChain(backend, namespaceId, ["plan"]);
      await backend.mutation(api.assignments.update, { id: assignmentId, alignmentStatus: "misaligned" });
      expect(await backend.query(api.chatThreads.getGuardianThread, { assignmentId })).toBeNull();
      await backend.mutation(api.chatThreads.enableGuardianMode, { threadId, assignmentId });
      const guardian = await backend.query(api.chatThreads.getGuardianThread, { assignmentId });
      expect(guardian).toMatchObject({ _id: threadId, mode: "guardian", assignmentId });
      expect((await backend.query(api.assignments.get, { id: assignmentId }))?.alignmentStatus).toBe("aligned");
    });

    test("a thread links to assignments of its own namespace only; the raw link can be cleared", async () => {
      const other = await makeNamespace(backend, "elsewhere");
      const foreign = await makeChain(backend, other, ["plan"]);
      const own = await makeChain(backend, namespaceId, ["plan"]);
      const link = (assignmentId: Id<"assignments">) =>
        backend.mutation(api.chatThreads.linkAssignment, { threadId, assignmentId });
      await expect(link(foreign.id)).rejects.toThrow("another namespace");
      await link(own.id);
      await backend.mutation(api.chatThreads.linkAssignmentRaw, { threadId });
      expect(await backend.query(api.chatThreads.get, { id: threadId })).not.toHaveProperty("assignmentId");
    });

    test("removing a thread takes its messages and chat jobs with it", async () => {
      await say("user", "hello");
      const { jobId } = await backend.mutation(api.chatJobs.trigger, { threadId });
      await backend.mutation(api.chatThreads.remove, { id: threadId });
      expect(await backend.query(api.chatMessages.list, { threadId })).toEqual([]);
      expect(await backend.query(api.chatJobs.get, { id: jobId })).toBeNull();
    });

    test("trigger needs something to answer", async () => {
      const trigger = (isGuardianEvaluation = false) =>
        backend.mutation(api.chatJobs.trigger, { threadId, isGuardianEvaluation });
      await expect(trigger()).rejects.toThrow("No messages in thread");
      await say("assistant", "Hello?");
      await expect(trigger()).rejects.toThrow("No user message in thread");
      await say("user", "Hello!");
      await expect(trigger(true)).rejects.toThrow("No pm message in thread");
      expect(await trigger()).toMatchObject({ mode: "jam" });
      await backend.mutation(api.chatThreads.remove, { id: threadId });
      await expect(trigger()).rejects.toThrow("Thread not found");
    });

    test("a chat job's context holds the whole history and where it comes from", async () => {
      await say("user", "What is slow?");
      await say("assistant", "The report.");
      await say("user", "Fix it");
      const { jobId } = await backend.mutation(api.chatJobs.trigger, { threadId, harness: "codex" });
      const context = await contextOf(jobId);
      expect(context).toMatchObject({
        threadId,
        namespaceId,
        mode: "jam",
        effectivePromptMode: "jam",
        lastPromptMode: null,
        latestUserMessage: "Fix it",
        claudeSessionId: null,
        assignmentId: null,
        isGuardianEvaluation: false,
        messagesOmitted: 0,
      });
      expect(context.messages.map((message) => message.content)).toEqual(["What is slow?", "The report.", "Fix it"]);
      expect((await backend.query(api.chatJobs.get, { id: jobId }))?.harness).toBe("codex");
    });

    test("a guardian is prompted to act and evaluates the latest report", async () => {
      const { id: assignmentId } = await makeChain(backend, namespaceId, ["plan"]);
      await backend.mutation(api.chatThreads.enableGuardianMode, { threadId, assignmentId });
      await say("user", "Watch it");
      await say("pm", "First report");
      await say("pm", "Second report");
      const { jobId, mode } = await backend.mutation(api.chatJobs.trigger, { threadId, isGuardianEvaluation: true });
      expect(mode).toBe("guardian");
      expect(await contextOf(jobId)).toMatchObject({
        mode: "guardian",
        effectivePromptMode: "cook",
        latestUserMessage: "Second report",
        assignmentId,
        isGuardianEvaluation: true,
      });
    });

    test("a history beyond the limit keeps its newest part and says what is missing", async () => {
      for (let n = 0; n < 6; n++) await say("user", `${n}${"x".repeat(120_000)}`);
      const { jobId } = await backend.mutation(api.chatJobs.trigger, { threadId });
      const context = await contextOf(jobId);
      expect(context.messages.map((message) => message.content[0])).toEqual(["2", "3", "4", "5"]);
      expect(context.messagesOmitted).toBe(2);
    });

    test("ready chat jobs are the pending ones, oldest first; the pending list is the same", async () => {
      await say("user", "hello");
      const one = await backend.mutation(api.chatJobs.trigger, { threadId });
      const two = await backend.mutation(api.chatJobs.trigger, { threadId });
      const three = await backend.mutation(api.chatJobs.trigger, { threadId });
      await backend.mutation(api.chatJobs.start, { id: two.jobId });
      const ready = await backend.query(api.scheduler.getReadyChatJobs, { namespaceId });
      expect(ready.map(({ chatJob }) => chatJob._id)).toEqual([one.jobId, three.jobId]);
      expect(await backend.query(api.chatJobs.getPending, { namespaceId })).toEqual(
        ready.map(({ chatJob }) => chatJob),
      );
      expect(await backend.query(api.before.scheduler.getReadyChatJobs, { namespaceId })).toEqual(ready);
    });

    test("a chat job runs once and finishes once", async () => {
      await say("user", "hello");
      const { jobId: id } = await backend.mutation(api.chatJobs.trigger, { threadId });
      await backend.mutation(api.chatJobs.start, { id, prompt: "Answer" });
      await expect(backend.mutation(api.chatJobs.start, { id })).rejects.toThrow("running");
      await backend.mutation(api.chatJobs.updateMetrics, { id, toolCallCount: 2 });
      await backend.mutation(api.chatJobs.complete, { id, result: "Hi", totalTokens: 12 });
      await expect(backend.mutation(api.chatJobs.fail, { id })).rejects.toThrow("finishes once");
      expect(await backend.query(api.chatJobs.get, { id })).toMatchObject({
        status: "complete",
        prompt: "Answer",
        result: "Hi",
        toolCallCount: 2,
        totalTokens: 12,
      });
    });

    test("typing: the oldest pending job, else the oldest running one; before, the newest of both", async () => {
      const active = async () => [
        (await backend.query(api.chatJobs.getActiveForThread, { threadId }))?._id,
        (await backend.query(api.before.chatJobs.getActiveForThread, { threadId }))?._id,
      ];
      await say("user", "hello");
      expect(await active()).toEqual([undefined, undefined]);
      const ids: Id<"chatJobs">[] = [];
      for (let n = 0; n < 3; n++) ids.push((await backend.mutation(api.chatJobs.trigger, { threadId })).jobId);
      expect(await active()).toEqual([ids[0], ids[2]]);
      await backend.mutation(api.chatJobs.start, { id: ids[0]! });
      expect(await active()).toEqual([ids[1], ids[2]]);
      for (const id of ids.slice(1)) await backend.mutation(api.chatJobs.start, { id });
      expect(await active()).toEqual([ids[0], ids[2]]);
      for (const id of ids) await backend.mutation(api.chatJobs.complete, { id, result: "done" });
      expect(await active()).toEqual([undefined, undefined]);
    });
  });
}
