/**
 * Answers that arrive piece by piece, from a model inside the app (`model/script.ts`).
 *
 * `ask` writes the question and an empty answer in one transaction and starts the action that fills it. Whoever reads the chat sees it
 * grow; `messages.stop` ends it, and the action notices at its next piece. An action that died (they run at most once) leaves
 * an answer that would stream for ever, so a look is scheduled that ends it.
 */
import { v } from "convex/values";
import { api, internal } from "./_generated/api.js";
import type { Id } from "./_generated/dataModel.js";
import { env, internalAction, internalMutation, mutation } from "./_generated/server.js";
import { attachment } from "./model/fields.ts";
import { ANSWER_PIECES, answerTo, growing } from "./model/script.ts";

/** Milliseconds between two pieces, unless ANSWER_DELAY_MS says otherwise. */
const DELAY_MS = 120;
/** An answer that is still being streamed then has lost its action. */
const LOST_AFTER_MS = 120_000;

/** Asks, and starts the answer. */
export const ask = mutation({
  args: {
    chatId: v.id("chats"),
    userId: v.id("users"),
    content: v.string(),
    clientMessageId: v.optional(v.string()),
    attachments: v.optional(v.array(attachment)),
  },
  returns: v.object({ userMessageId: v.id("messages"), assistantMessageId: v.id("messages") }),
  handler: async (ctx, { chatId, userId, ...userMessage }): Promise<Asked> => {
    const { userMessageId, assistantMessageId } = await ctx.runMutation(api.messages.send, {
      chatId,
      userId,
      userMessage,
      assistantMessage: { content: "", status: "streaming", createdAt: Date.now() + 1 },
    });
    if (userMessageId === undefined || assistantMessageId === undefined)
      throw new Error("Cannot ask: send gave no ids; it should give both");
    const answer = { chatId, userId, messageId: assistantMessageId, question: userMessage.content };
    await ctx.scheduler.runAfter(0, internal.answers.generate, answer);
    await ctx.scheduler.runAfter(LOST_AFTER_MS, internal.answers.endLost, { messageId: assistantMessageId });
    return { userMessageId, assistantMessageId };
  },
});

interface Asked {
  readonly userMessageId: Id<"messages">;
  readonly assistantMessageId: Id<"messages">;
}

/** Writes the answer in about twenty pieces; ends early when its reader has stopped it or deleted the chat. */
export const generate = internalAction({
  args: { chatId: v.id("chats"), userId: v.id("users"), messageId: v.id("messages"), question: v.string() },
  returns: v.null(),
  handler: async (ctx, { question, ...message }) => {
    const delayMs = Number(env["ANSWER_DELAY_MS"] ?? DELAY_MS);
    const startMs = Date.now();
    const pieces = growing(answerTo(question, question.length));
    for (const [index, content] of pieces.entries()) {
      if (index > 0 && delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      const isLast = index + 1 === ANSWER_PIECES;
      const { ok } = await ctx.runMutation(api.messages.streamUpsert, {
        ...message,
        role: "assistant",
        content,
        ...(isLast ? { status: "completed", thinkingTimeMs: Date.now() - startMs } : {}),
      });
      if (!ok) return null;
    }
    return null;
  },
});

/** Ends an answer whose action is gone. */
export const endLost = internalMutation({
  args: { messageId: v.id("messages") },
  returns: v.null(),
  handler: async (ctx, { messageId }) => {
    const message = await ctx.db.get("messages", messageId);
    if (message?.status === "streaming") await ctx.db.patch("messages", messageId, { status: "failed" });
    return null;
  },
});
