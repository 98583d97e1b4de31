/**
 * `chats.messageCount`, kept right: the number of a chat's messages that are not deleted.
 *
 * A counter is never begun from nothing. Whoever finds it missing counts the chat's messages first: at once when they fit one
 * transaction, otherwise in steps (`recount` on the chat) that go on by themselves. So there is no window between
 * a deployment of this code and a backfill in which a count could begin at 1.
 *
 * While a chat is counted in steps, `recount.counted` is the number of undeleted messages with creation times up to `recount.through`. A writer
 * that changes a message up to there changes `counted`; the rest the steps will see. Both live on the chat's row, which every writer
 * reads, so each change is before or after each step. The same steps serve the backfill, the check and the repair of counters.
 */
import { internal } from "../_generated/api.js";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { Budget, walk } from "./budget.ts";
import { refuse } from "./errors.ts";
import { MESSAGES_PER_CHAT_MAX } from "./limits.ts";

/** A step of a count. `actual` is there once all messages have been seen. */
export interface CountStep {
  readonly stored: number;
  readonly actual: number | undefined;
  readonly isChanged: boolean;
}

/**
 * Counts on, for one transaction. When everything has been seen and `isWritten`, the chat gets the number; a chat that has it
 * already is not written.
 */
export async function stepCount(ctx: MutationCtx, chat: Doc<"chats">, isWritten: boolean): Promise<CountStep> {
  let counted = chat.recount?.counted ?? 0;
  const messages = ctx.db
    .query("messages")
    .withIndex("by_chat_creation", (q) => q.eq("chatId", chat._id).gt("_creationTime", chat.recount?.through ?? 0));
  const { isDone, through } = await walk(messages, new Budget(), (message) => {
    if (message.deletedAt === undefined) counted += 1;
  });
  const stored = chat.messageCount ?? 0;
  if (!isDone) {
    await ctx.db.patch("chats", chat._id, { recount: { through: through ?? 0, counted } });
    return { stored, actual: undefined, isChanged: false };
  }
  const isChanged = isWritten && chat.messageCount !== counted;
  if (isChanged) await ctx.db.patch("chats", chat._id, { messageCount: counted, recount: undefined });
  else if (chat.recount !== undefined) await ctx.db.patch("chats", chat._id, { recount: undefined });
  return { stored, actual: counted, isChanged };
}

/** The chat with its counter. It is still missing when the chat is too large for one transaction; then the count goes on by itself. */
export async function countedChat(ctx: MutationCtx, chat: Doc<"chats">): Promise<Doc<"chats">> {
  if (chat.messageCount !== undefined || chat.recount !== undefined) return chat;
  const { actual } = await stepCount(ctx, chat, true);
  if (actual === undefined)
    await ctx.scheduler.runAfter(0, internal.migrations.continueMessageCount, { chatId: chat._id });
  return (await ctx.db.get("chats", chat._id)) ?? chat;
}

/** Refuses when the chat is full. In a chat that is being counted, what has been counted so far decides. */
export function checkRoom(chat: Doc<"chats">, inserted: number): void {
  const count = (chat.messageCount ?? chat.recount?.counted ?? 0) + inserted;
  if (count >= MESSAGES_PER_CHAT_MAX) {
    refuse("add the message", `the chat has ${count} messages`, `at most ${MESSAGES_PER_CHAT_MAX} are allowed`);
  }
}

/** The part of a patch of the chat that says that messages came (1) or went (-1). Documents of this transaction are looked up by id. */
export async function countChange(
  ctx: MutationCtx,
  chat: Doc<"chats">,
  sign: 1 | -1,
  messages: readonly (Id<"messages"> | Doc<"messages">)[],
): Promise<Partial<Pick<Doc<"chats">, "messageCount" | "recount">>> {
  const { messageCount, recount } = chat;
  const change = messageCount === undefined ? {} : { messageCount: messageCount + sign * messages.length };
  if (recount === undefined) return change;
  let counted = recount.counted;
  for (const each of messages) {
    const message = typeof each === "string" ? await ctx.db.get("messages", each) : each;
    if (message !== null && message._creationTime <= recount.through) counted += sign;
  }
  return { ...change, recount: { ...recount, counted } };
}
