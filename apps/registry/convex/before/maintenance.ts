/**
 * Work for an operator, as first written.
 */
import { internal } from "../_generated/api.js";
import { internalMutation } from "../_generated/server.js";
import { batchResult, cleanupEmpty, maintenanceArgs, nominateEmpty, type Batch } from "../model/skillBatches.ts";
import { plainWrites } from "../model/skillWrites.ts";

export const nominateEmptySkillsInternal = internalMutation({
  args: maintenanceArgs,
  returns: batchResult,
  handler: async (ctx, args): Promise<Batch> => {
    const batch = await nominateEmpty(ctx, plainWrites, args);
    if (!batch.isDone) {
      await ctx.scheduler.runAfter(0, internal.before.maintenance.nominateEmptySkillsInternal, {
        ...args,
        cursor: batch.nextCursor,
      });
    }
    return batch;
  },
});

export const cleanupEmptySkillsInternal = internalMutation({
  args: maintenanceArgs,
  returns: batchResult,
  handler: async (ctx, args): Promise<Batch> => {
    const batch = await cleanupEmpty(ctx, plainWrites, args);
    if (!batch.isDone) {
      await ctx.scheduler.runAfter(0, internal.before.maintenance.cleanupEmptySkillsInternal, {
        ...args,
        cursor: batch.nextCursor,
      });
    }
    return batch;
  },
});
