/**
 * The count of public skills on the one `globalStats` document.
 *
 * Writes keep it current by differences (`skillWrites.ts`), a daily recount takes out whatever went wrong. A recount reads in many
 * transactions, so a write may overtake it: `changes` tells, and the recount starts again.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";

const KEY = "default";

/** The document, null before the first recount. */
export async function readGlobalStats(ctx: QueryCtx): Promise<Doc<"globalStats"> | null> {
  return await ctx.db
    .query("globalStats")
    .withIndex("by_key", (q) => q.eq("key", KEY))
    .unique();
}

/** Adds a difference. Nothing is kept before the first recount has found out where to start. */
export async function addToActiveSkills(ctx: MutationCtx, difference: number): Promise<void> {
  if (difference === 0) return;
  const row = await readGlobalStats(ctx);
  if (row === null) return;
  await ctx.db.patch("globalStats", row._id, {
    activeSkillsCount: Math.max(0, row.activeSkillsCount + difference),
    changes: (row.changes ?? 0) + 1,
    updatedAt: Date.now(),
  });
}

/** Writes a counted number. */
export async function setActiveSkills(ctx: MutationCtx, activeSkillsCount: number): Promise<void> {
  const row = await readGlobalStats(ctx);
  const fields = { activeSkillsCount, updatedAt: Date.now() };
  if (row === null) await ctx.db.insert("globalStats", { key: KEY, changes: 0, ...fields });
  else await ctx.db.patch("globalStats", row._id, fields);
}
