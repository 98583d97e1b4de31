/**
 * Operator commands that make the derived numbers true, on a deployment of any size and beside live traffic.
 *
 *   initializeStats, backfillMessageCounts, verifyMessageCounts, fixMessageCounts   the commands
 *
 * Each is an action that does one bounded transaction after the other and logs how far it is. Stopped at any place, it goes on there when it
 * is called again. Counts beside live writers are exact: `model/statsRun.ts` and `model/tally.ts` say why.
 */
import { v, type Infer } from "convex/values";
import { internal } from "./_generated/api.js";
import { type ActionCtx, internalAction, internalMutation, internalQuery } from "./_generated/server.js";
import { beginChatRun, findChatRun, noteChat, type ChatRunName } from "./model/chatRuns.ts";
import { mustExist } from "./model/errors.ts";
import {
  backfillArgs,
  backfillResult,
  fixResult,
  initializeArgs,
  initializeResult,
  verifyResult,
  type CountSample,
} from "./model/migrationShapes.ts";
import { beginStatsCount, statsResult, stepStatsCount } from "./model/statsCount.ts";
import { stepCount } from "./model/tally.ts";

const chatRunName = v.union(
  v.literal("backfillMessageCounts"),
  v.literal("verifyMessageCounts"),
  v.literal("fixMessageCounts"),
);
const BATCH_SIZE = 100;

/** Counts the tables for the deployment's counters. What was counted before stands, unless `force`. */
export const initializeStats = internalAction({
  args: initializeArgs,
  returns: initializeResult,
  handler: async (ctx, { force = false }): Promise<Infer<typeof initializeResult>> => {
    await ctx.runMutation(internal.migrations.beginStats, { force });
    for (;;) {
      const step: { isDone: boolean; table: string; documents: number } = await ctx.runMutation(
        internal.migrations.stepStats,
        {},
      );
      console.log(`Statistics: ${step.documents} documents counted, up to ${step.table}`);
      if (step.isDone) return await ctx.runQuery(internal.migrations.statsValues, {});
    }
  },
});

/**
 * Compares every chat's counter with its messages, and writes what is missing or wrong: a counter that is there is no proof that it is right.
 * With `skipExisting` (the default) chats that an earlier call has compared are not compared again.
 */
export const backfillMessageCounts = internalAction({
  args: backfillArgs,
  returns: backfillResult,
  handler: async (ctx, { batchSize = BATCH_SIZE, skipExisting = true }): Promise<Infer<typeof backfillResult>> => {
    const { processed, changed } = await walkChats(ctx, "backfillMessageCounts", batchSize, skipExisting);
    return { success: true, processed, updated: changed };
  },
});

/** Compares, and changes nothing. */
export const verifyMessageCounts = internalAction({
  args: {},
  returns: verifyResult,
  handler: async (ctx): Promise<Infer<typeof verifyResult>> => {
    const { processed, inconsistencies, samples } = await walkChats(ctx, "verifyMessageCounts", BATCH_SIZE, false);
    return { success: true, totalChats: processed, inconsistencies, samples };
  },
});

/** Compares, and writes what is wrong. */
export const fixMessageCounts = internalAction({
  args: {},
  returns: fixResult,
  handler: async (ctx): Promise<Infer<typeof fixResult>> => {
    const { processed, changed } = await walkChats(ctx, "fixMessageCounts", BATCH_SIZE, false);
    return { success: true, totalChats: processed, fixed: changed };
  },
});

interface ChatsWalked {
  readonly processed: number;
  readonly changed: number;
  readonly inconsistencies: number;
  readonly samples: readonly CountSample[];
}

/** Does a job from where it is to the end. One transaction counts one chat, or a part of a large one. */
async function walkChats(
  ctx: ActionCtx,
  name: ChatRunName,
  batchSize: number,
  isResumed: boolean,
): Promise<ChatsWalked & { samples: CountSample[] }> {
  await ctx.runMutation(internal.migrations.beginChats, { name, isResumed });
  for (;;) {
    const chatIds = await ctx.runQuery(internal.migrations.nextChats, { name, batchSize });
    for (const chatId of chatIds) {
      while (!(await ctx.runMutation(internal.migrations.stepChat, { name, chatId })));
    }
    const state = await ctx.runMutation(internal.migrations.noteBatch, {
      name,
      isComplete: chatIds.length < batchSize,
    });
    console.log(`${name}: ${state.processed} chats compared, ${state.inconsistencies} counters were wrong or missing`);
    if (chatIds.length < batchSize) return state;
  }
}

/** Begins or continues a job. */
export const beginChats = internalMutation({
  args: { name: chatRunName, isResumed: v.boolean() },
  returns: v.null(),
  handler: async (ctx, { name, isResumed }) => {
    await beginChatRun(ctx, name, isResumed);
    return null;
  },
});

/** The chats that a job comes to next, by creation time. */
export const nextChats = internalQuery({
  args: { name: chatRunName, batchSize: v.number() },
  returns: v.array(v.id("chats")),
  handler: async (ctx, { name, batchSize }) => {
    const run = mustExist(await findChatRun(ctx, name), "Job");
    const chats = await ctx.db
      .query("chats")
      .withIndex("by_creation_time", (q) => q.gt("_creationTime", run.through))
      .take(batchSize);
    return chats.map((chat) => chat._id);
  },
});

/** Counts one chat on; true when it is done, or gone. */
export const stepChat = internalMutation({
  args: { name: chatRunName, chatId: v.id("chats") },
  returns: v.boolean(),
  handler: async (ctx, { name, chatId }) => {
    const chat = await ctx.db.get("chats", chatId);
    if (chat === null) return true;
    const { stored, actual, isChanged } = await stepCount(ctx, chat, name !== "verifyMessageCounts");
    if (actual === undefined) return false;
    const run = mustExist(await findChatRun(ctx, name), "Job");
    await noteChat(ctx, run, { chat, stored, actual, isChanged });
    return true;
  },
});

/** Where a job is; ends it when that was the last batch. */
export const noteBatch = internalMutation({
  args: { name: chatRunName, isComplete: v.boolean() },
  returns: v.object({
    processed: v.number(),
    changed: v.number(),
    inconsistencies: v.number(),
    samples: verifyResult.fields.samples,
  }),
  handler: async (ctx, { name, isComplete }) => {
    const run = mustExist(await findChatRun(ctx, name), "Job");
    if (isComplete) await ctx.db.patch("migrationRuns", run._id, { isComplete });
    const { processed = 0, changed = 0, inconsistencies = 0 } = run.found;
    return { processed, changed, inconsistencies, samples: run.samples };
  },
});

/** The rest of a count that a writer began in a large chat. */
export const continueMessageCount = internalMutation({
  args: { chatId: v.id("chats") },
  returns: v.null(),
  handler: async (ctx, { chatId }) => {
    const chat = await ctx.db.get("chats", chatId);
    if (chat?.recount === undefined) return null;
    const { actual } = await stepCount(ctx, chat, true);
    if (actual === undefined) await ctx.scheduler.runAfter(0, internal.migrations.continueMessageCount, { chatId });
    return null;
  },
});

/** Begins a count of the tables; see `initializeStats`. */
export const beginStats = internalMutation({
  args: { force: v.boolean() },
  returns: v.null(),
  handler: async (ctx, { force }) => {
    await beginStatsCount(ctx, force);
    return null;
  },
});

/** One step of a count of the tables. */
export const stepStats = internalMutation({
  args: {},
  returns: v.object({ isDone: v.boolean(), table: v.string(), documents: v.number() }),
  handler: async (ctx) => ({ ...(await stepStatsCount(ctx)) }),
});

/** A count of the tables that somebody's first write began goes on by itself. */
export const continueStatsCount = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const { isDone, documents, table } = await stepStatsCount(ctx);
    console.log(`Statistics: ${documents} documents counted, up to ${table}`);
    if (!isDone) await ctx.scheduler.runAfter(0, internal.migrations.continueStatsCount, {});
    return null;
  },
});

/** The counters, in the shape of `initializeStats`. */
export const statsValues = internalQuery({
  args: {},
  returns: initializeResult,
  handler: async (ctx) => await statsResult(ctx),
});
