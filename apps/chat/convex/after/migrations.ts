/**
 * The *after* form of the operator commands, as the original has them: each is one transaction over whole tables, whatever its batches are
 * called, and `force` is not looked at.
 */
import type { Doc } from "../_generated/dataModel.js";
import { internalMutation, type QueryCtx } from "../_generated/server.js";
import { SAMPLES_MAX } from "../model/chatRuns.ts";
import {
  backfillArgs,
  backfillResult,
  fixResult,
  initializeArgs,
  initializeResult,
  verifyResult,
} from "../model/migrationShapes.ts";
import { allMessages } from "../model/reading.ts";
import { ALL_STAT_KEYS, initializedOf } from "../model/statKeys.ts";
import { setStat } from "./lib/dbStats.ts";

export const initializeStats = internalMutation({
  args: initializeArgs,
  returns: initializeResult,
  handler: async (ctx) => {
    const chats = await ctx.db.query("chats").collect();
    const messages = await ctx.db.query("messages").collect();
    const users = await ctx.db.query("users").collect();
    const values = {
      chats_total: chats.length,
      chats_soft_deleted: chats.filter((chat) => chat.deletedAt !== undefined).length,
      messages_total: messages.length,
      messages_soft_deleted: messages.filter((message) => message.deletedAt !== undefined).length,
      users_total: users.length,
    };
    for (const key of ALL_STAT_KEYS) await setStat(ctx, key, values[key]);
    return initializedOf(values);
  },
});

export const backfillMessageCounts = internalMutation({
  args: backfillArgs,
  returns: backfillResult,
  handler: async (ctx, { batchSize = 100, skipExisting = true }) => {
    const chats = await ctx.db.query("chats").collect();
    let [processed, updated] = [0, 0];
    for (let start = 0; start < chats.length; start += batchSize) {
      for (const chat of chats.slice(start, start + batchSize)) {
        processed += 1;
        if (skipExisting && chat.messageCount !== undefined) continue;
        await ctx.db.patch("chats", chat._id, { messageCount: await countOf(ctx, chat) });
        updated += 1;
      }
    }
    return { success: true, processed, updated };
  },
});

export const verifyMessageCounts = internalMutation({
  args: {},
  returns: verifyResult,
  handler: async (ctx) => {
    const chats = await ctx.db.query("chats").collect();
    const samples = [];
    for (const chat of chats) {
      const [storedCount, actualCount] = [chat.messageCount ?? 0, await countOf(ctx, chat)];
      if (storedCount !== actualCount) samples.push({ chatId: chat._id, storedCount, actualCount });
    }
    return {
      success: true,
      totalChats: chats.length,
      inconsistencies: samples.length,
      samples: samples.slice(0, SAMPLES_MAX),
    };
  },
});

export const fixMessageCounts = internalMutation({
  args: {},
  returns: fixResult,
  handler: async (ctx) => {
    const chats = await ctx.db.query("chats").collect();
    let fixed = 0;
    for (const chat of chats) {
      const messageCount = await countOf(ctx, chat);
      if (messageCount === (chat.messageCount ?? 0)) continue;
      await ctx.db.patch("chats", chat._id, { messageCount });
      fixed += 1;
    }
    return { success: true, totalChats: chats.length, fixed };
  },
});

async function countOf(ctx: QueryCtx, chat: Doc<"chats">): Promise<number> {
  return (await allMessages(ctx, chat._id)).length;
}
