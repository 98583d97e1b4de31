/**
 * Skills as the public sees and changes them.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation, mutation, query } from "./_generated/server.js";
import { isComplete } from "./model/backfills.ts";
import { readDetail, skillDetail } from "./model/detail.ts";
import { chooseList } from "./model/list.ts";
import { buildEntries, listArgs, listPage, type ListPage } from "./model/listEntries.ts";
import { readPage } from "./model/listRead.ts";
import { report as takeReport, reportArgs } from "./model/moderation.ts";
import {
  insertVersion as writeVersion,
  insertVersionArgs,
  insertVersionResult,
  publishArgs,
  updateTags as moveTags,
  updateTagsArgs,
} from "./model/publishing.ts";
import { derivingWrites } from "./model/skillWrites.ts";
import { requireCaller, requireOwner } from "./model/users.ts";

/**
 * A page of public skills, full unless the list ends. A cursor belongs to one order, direction and filter, and to the index
 * that serves them; another one is refused, and `usePaginatedQuery` then begins again.
 */
export const listPublicPageV2 = query({
  args: listArgs,
  returns: listPage,
  handler: async (ctx, { paginationOpts, ...question }): Promise<ListPage> => {
    const { skills, ...rest } = await readPage(await chooseList(ctx, question), paginationOpts);
    return { page: await buildEntries(ctx, skills, await isComplete(ctx, "latestVersionSummary")), ...rest };
  },
});

/** One skill in full; null if there is none that the public may see. */
export const getBySlug = query({
  args: { slug: v.string() },
  returns: v.nullable(skillDetail),
  handler: async (ctx, { slug }) => await readDetail(ctx, slug),
});

/** Publishes a version as the caller. It shows once the scan has cleared it, a moment later. */
export const publishVersion = mutation({
  args: publishArgs,
  returns: insertVersionResult,
  handler: async (ctx, args) => {
    const caller = await requireCaller(ctx, "publish");
    const published = await writeVersion(ctx, derivingWrites, { ...args, ownerUserId: caller._id });
    if (args.sha256hash !== undefined) {
      const { sha256hash } = args;
      await ctx.scheduler.runAfter(0, internal.vt.scanVersion, { ...published, sha256hash });
    }
    return published;
  },
});

/** Publishes for somebody else: imports. */
export const insertVersion = internalMutation({
  args: insertVersionArgs,
  returns: insertVersionResult,
  handler: async (ctx, args) => await writeVersion(ctx, derivingWrites, args),
});

/** Moves tags of one's own skill. */
export const updateTags = mutation({
  args: updateTagsArgs,
  returns: v.null(),
  handler: async (ctx, args) => {
    await requireOwner(ctx, args.skillId, "move tags");
    return await moveTags(ctx, derivingWrites, args);
  },
});

/** Reports a skill; the fourth person's report hides it. */
export const report = mutation({
  args: reportArgs,
  returns: v.object({ reported: v.boolean(), isHidden: v.boolean() }),
  handler: async (ctx, args) => {
    const caller = await requireCaller(ctx, "report");
    return await takeReport(ctx, derivingWrites, caller._id, args);
  },
});
