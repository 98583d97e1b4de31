/**
 * Emptying the bin: what is in it for too long is deleted for good, a bounded number of documents a transaction.
 *
 * Messages go before chats. A chat goes only when no message of it is left, with its files.
 */
import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { decrementStat } from "../lib/dbStats.ts";
import { WALK_BYTES_MAX } from "./budget.ts";
import { deleteBytes } from "./fileRules.ts";
import { DAY_MS } from "./limits.ts";

const RETENTION_DAYS = 90;
/** Rows of files that go with one chat. A user has at most 150 that are not deleted; rows of deleted ones are small. */
const FILES_MAX = 1_000;

export const cleanupArgs = {
  retentionDays: v.optional(v.number()),
  batchSize: v.optional(v.number()),
  dryRun: v.optional(v.boolean()),
};
export const cleanupResult = v.object({
  success: v.boolean(),
  deleted: v.number(),
  dryRun: v.boolean(),
  cutoffDate: v.string(),
});

/** The order in which tables are emptied. */
export const PURGED_TABLES = ["messages", "chats"] as const;

/** What was deleted before this goes. */
export function cutoffOf(retentionDays = RETENTION_DAYS, now: number): { cutoff: number; cutoffDate: string } {
  const cutoff = now - retentionDays * DAY_MS;
  return { cutoff, cutoffDate: new Date(cutoff).toISOString() };
}

interface PurgeStep {
  readonly table: (typeof PURGED_TABLES)[number];
  readonly cursor: string | null;
  readonly cutoff: number;
  readonly batchSize: number;
  readonly dryRun: boolean;
}

/** What one step deleted, and where the next goes on. */
export interface PurgedStep {
  readonly deleted: number;
  readonly cursor: string | null;
}

/** See `crons.cleanupStep`. */
export async function purgeStep(
  ctx: MutationCtx,
  { table, cursor, cutoff, batchSize, dryRun }: PurgeStep,
): Promise<PurgedStep> {
  const due = await ctx.db
    .query(table)
    .withIndex("by_deleted", (q) => q.gt("deletedAt", 0).lt("deletedAt", cutoff))
    .paginate({ numItems: batchSize, cursor, maximumBytesRead: WALK_BYTES_MAX });
  let deleted = 0;
  for (const document of due.page) {
    const isChat = "title" in document;
    if (isChat && !dryRun && (await hasMessages(ctx, document._id))) continue;
    deleted += 1;
    if (dryRun) continue;
    if (isChat) await purgeChat(ctx, document);
    else await purgeMessage(ctx, document);
  }
  return { deleted, cursor: due.isDone ? null : due.continueCursor };
}

/** A chat that still has messages is being moved right now; it is met again tomorrow. */
async function hasMessages(ctx: MutationCtx, chatId: Id<"chats">): Promise<boolean> {
  const message = await ctx.db
    .query("messages")
    .withIndex("by_chat_creation", (q) => q.eq("chatId", chatId))
    .first();
  return message !== null;
}

/** `messageCount` is not touched: it lost this message when the message was put into the bin. */
async function purgeMessage(ctx: MutationCtx, { _id, _creationTime }: Doc<"messages">): Promise<void> {
  const counted = [{ table: "messages" as const, id: _id, creationTime: _creationTime }];
  await ctx.db.delete("messages", _id);
  await decrementStat(ctx, "messages_total", counted);
  await decrementStat(ctx, "messages_soft_deleted", counted);
}

async function purgeChat(ctx: MutationCtx, { _id, _creationTime, userId }: Doc<"chats">): Promise<void> {
  const counted = [{ table: "chats" as const, id: _id, creationTime: _creationTime }];
  const files = await ctx.db
    .query("fileUploads")
    .withIndex("by_chat", (q) => q.eq("chatId", _id))
    .take(FILES_MAX);
  const live = files.filter((file) => file.deletedAt === undefined);
  for (const file of live) await deleteBytes(ctx, file.storageId);
  for (const file of files) await ctx.db.delete("fileUploads", file._id);
  const user = live.length === 0 ? null : await ctx.db.get("users", userId);
  if (user !== null)
    await ctx.db.patch("users", userId, { fileUploadCount: (user.fileUploadCount ?? 0) - live.length });
  await ctx.db.delete("chats", _id);
  await decrementStat(ctx, "chats_total", counted);
  await decrementStat(ctx, "chats_soft_deleted", counted);
}
