/**
 * Chats on their way into the bin and out of it again, with their messages.
 *
 * The messages that go with a chat carry the chat's own `deletedAt`, so the way back knows which they are: one that was deleted by itself
 * before stays deleted. A chat of any size goes in steps of one transaction each (`work` on the chat); until the last one no second
 * removal or restoration of it begins. The chat is invisible from the first step of a removal to the last of a restoration.
 */
import { internal } from "../_generated/api.js";
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { decrementStat, incrementStat } from "../lib/dbStats.ts";
import { Budget, walk } from "./budget.ts";
import { refuse } from "./errors.ts";
import { countChange } from "./tally.ts";

/** Messages that one step moves. Each is read twice by Convex's rules and written once. */
const STEP_MESSAGES_MAX = 1_000;

/** Puts a live chat into the bin. */
export async function removeChat(ctx: MutationCtx, chat: Doc<"chats">): Promise<void> {
  const begun = { deletedAt: Date.now(), work: "removing" } as const;
  await ctx.db.patch("chats", chat._id, begun);
  await incrementStat(ctx, "chats_soft_deleted", [counted(chat)]);
  await stepWork(ctx, { ...chat, ...begun });
}

/** Takes a chat out of the bin, with the messages that went in with it. */
export async function restoreChat(ctx: MutationCtx, chat: Doc<"chats">): Promise<void> {
  if (chat.deletedAt === undefined) refuse("restore the chat", "it is not deleted", "restore one from the bin");
  if (chat.work !== undefined) {
    refuse("restore the chat", `it is still ${chat.work}`, "try again when its messages have been moved");
  }
  await ctx.db.patch("chats", chat._id, { work: "restoring" });
  await stepWork(ctx, { ...chat, work: "restoring" });
}

/** Moves some messages; calls for the next step when there are more. */
export async function stepWork(ctx: MutationCtx, chat: Doc<"chats">): Promise<void> {
  const { work, deletedAt } = chat;
  if (work === undefined || deletedAt === undefined) return;
  const isRemoving = work === "removing";
  const batch: Doc<"messages">[] = [];
  const messages = ctx.db
    .query("messages")
    .withIndex("by_chat_not_deleted", (q) =>
      q.eq("chatId", chat._id).eq("deletedAt", isRemoving ? undefined : deletedAt),
    );
  const { isDone } = await walk(messages, new Budget(STEP_MESSAGES_MAX), (message) => batch.push(message));
  for (const { _id } of batch) await ctx.db.patch("messages", _id, { deletedAt: isRemoving ? deletedAt : undefined });
  const change = await countChange(ctx, chat, isRemoving ? -1 : 1, batch);
  const moved = batch.map(({ _id, _creationTime }) => ({
    table: "messages" as const,
    id: _id,
    creationTime: _creationTime,
  }));
  if (isRemoving) await incrementStat(ctx, "messages_soft_deleted", moved);
  else await decrementStat(ctx, "messages_soft_deleted", moved);
  if (!isDone) {
    await ctx.db.patch("chats", chat._id, change);
    await ctx.scheduler.runAfter(0, internal.chats.continueWork, { chatId: chat._id });
    return;
  }
  if (!isRemoving) {
    await ctx.db.patch("chats", chat._id, { ...change, deletedAt: undefined, work: undefined });
    await decrementStat(ctx, "chats_soft_deleted", [counted(chat)]);
    return;
  }
  const left = change.messageCount ?? 0;
  if (left !== 0) console.warn(`Counter of chat ${chat._id} had drifted by ${left}; it is 0 now, like its messages`);
  // No message is left, so the number is known, whatever it was and however far a count of them had come.
  await ctx.db.patch("chats", chat._id, { messageCount: 0, recount: undefined, work: undefined });
}

function counted({ _id, _creationTime }: Doc<"chats">) {
  return { table: "chats" as const, id: _id, creationTime: _creationTime };
}
