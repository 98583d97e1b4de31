/**
 * Skills as the public sees and changes them, as first written.
 *
 * A page is what the index gives, minus what a filter drops afterwards: it may be short or empty although more is there. Each entry reads its badges, its
 * version's whole document and its owner.
 */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Doc } from "../_generated/dataModel.js";
import { internalMutation, mutation, query, type QueryCtx } from "../_generated/server.js";
import { readDetail, skillDetail } from "../model/detail.ts";
import { listArgs, listPage, readLatestVersion, toEntry, type ListEntry, type ListPage } from "../model/listEntries.ts";
import { ACTIVE_INDEXES, directionOf } from "../model/listKeys.ts";
import { report as takeReport, reportArgs } from "../model/moderation.ts";
import {
  insertVersion as writeVersion,
  insertVersionArgs,
  insertVersionResult,
  publishArgs,
  updateTags as moveTags,
  updateTagsArgs,
} from "../model/publishing.ts";
import { isPublic, isSuspicious } from "../model/rules.ts";
import { plainWrites } from "../model/skillWrites.ts";
import { requireCaller, requireOwner } from "../model/users.ts";

export const listPublicPageV2 = query({
  args: listArgs,
  returns: listPage,
  handler: async (ctx, args): Promise<ListPage> => {
    const sort = args.sort ?? "newest";
    const { page, ...rest } = await ctx.db
      .query("skills")
      .withIndex(ACTIVE_INDEXES[sort], (q) => q.eq("softDeletedAt", undefined))
      .order(directionOf(sort, args.dir))
      .paginate(args.paginationOpts);
    const entries: ListEntry[] = [];
    for (const skill of page) {
      if (!isPublic(skill) || (args.nonSuspiciousOnly === true && isSuspicious(skill))) continue;
      const isHighlighted = await hasHighlight(ctx, skill);
      if (args.highlightedOnly === true && !isHighlighted) continue;
      const owner = await ctx.db.get("users", skill.ownerUserId);
      entries.push(toEntry(skill, await readLatestVersion(ctx, skill), owner));
    }
    return { page: entries, ...rest };
  },
});

async function hasHighlight(ctx: QueryCtx, skill: Doc<"skills">): Promise<boolean> {
  const badges = await ctx.db
    .query("skillBadges")
    .withIndex("by_skill", (q) => q.eq("skillId", skill._id))
    .collect();
  return badges.some(({ kind }) => kind === "highlighted");
}

export const getBySlug = query({
  args: { slug: v.string() },
  returns: v.nullable(skillDetail),
  handler: async (ctx, { slug }) => await readDetail(ctx, slug),
});

export const publishVersion = mutation({
  args: publishArgs,
  returns: insertVersionResult,
  handler: async (ctx, args) => {
    const caller = await requireCaller(ctx, "publish");
    const published = await writeVersion(ctx, plainWrites, { ...args, ownerUserId: caller._id });
    if (args.sha256hash !== undefined) {
      const { sha256hash } = args;
      await ctx.scheduler.runAfter(0, internal.before.vt.scanVersion, { ...published, sha256hash });
    }
    return published;
  },
});

export const insertVersion = internalMutation({
  args: insertVersionArgs,
  returns: insertVersionResult,
  handler: async (ctx, args) => await writeVersion(ctx, plainWrites, args),
});

export const updateTags = mutation({
  args: updateTagsArgs,
  returns: v.null(),
  handler: async (ctx, args) => {
    await requireOwner(ctx, args.skillId, "move tags");
    return await moveTags(ctx, plainWrites, args);
  },
});

export const report = mutation({
  args: reportArgs,
  returns: v.object({ reported: v.boolean(), isHidden: v.boolean() }),
  handler: async (ctx, args) => {
    const caller = await requireCaller(ctx, "report");
    return await takeReport(ctx, plainWrites, caller._id, args);
  },
});
