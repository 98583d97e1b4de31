/**
 * Badges: one document each, and a copy on the skill.
 *
 * Few skills are highlighted, chosen by hand. `HIGHLIGHTED_MAX` is kept by the writer, so a reader may take them all.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { mustExist, refuse } from "./errors.ts";
import type { BadgeKind } from "./fields.ts";
import type { SkillWrites } from "./skillWrites.ts";

/** At most this many skills are highlighted. */
export const HIGHLIGHTED_MAX = 500;

/** Gives or takes a badge. */
export async function setBadge(
  ctx: MutationCtx,
  writes: SkillWrites,
  args: {
    readonly skillId: Id<"skills">;
    readonly kind: BadgeKind;
    readonly byUserId: Id<"users">;
    readonly isSet: boolean;
  },
): Promise<null> {
  const { skillId, kind, byUserId } = args;
  const skill = mustExist(await ctx.db.get("skills", skillId), "Skill");
  const badge = await ctx.db
    .query("skillBadges")
    .withIndex("by_skill_kind", (q) => q.eq("skillId", skillId).eq("kind", kind))
    .unique();
  if ((badge !== null) === args.isSet) return null;
  const { [kind]: _former, ...others } = skill.badges ?? {};
  if (badge !== null) {
    await ctx.db.delete("skillBadges", badge._id);
    await writes.patch(ctx, skill, { badges: others });
    return null;
  }
  if (kind === "highlighted") await refuseTooMany(ctx);
  const at = Date.now();
  await ctx.db.insert("skillBadges", { skillId, kind, byUserId, at });
  await writes.patch(ctx, skill, { badges: { ...others, [kind]: { byUserId, at } } });
  return null;
}

async function refuseTooMany(ctx: MutationCtx): Promise<void> {
  const highlighted = await highlightedBadges(ctx).take(HIGHLIGHTED_MAX);
  if (highlighted.length < HIGHLIGHTED_MAX) return;
  refuse(
    "highlight this skill",
    `${HIGHLIGHTED_MAX} skills are highlighted`,
    "take the badge from another skill first",
  );
}

/** All highlighted skills. */
export async function readHighlighted(ctx: QueryCtx): Promise<Doc<"skills">[]> {
  const badges = await highlightedBadges(ctx).take(HIGHLIGHTED_MAX);
  const skills = await Promise.all(badges.map(({ skillId }) => ctx.db.get("skills", skillId)));
  return skills.filter((skill) => skill !== null);
}

function highlightedBadges(ctx: QueryCtx) {
  return ctx.db
    .query("skillBadges")
    .withIndex("by_kind_at", (q) => q.eq("kind", "highlighted"))
    .order("desc");
}
