/**
 * Ids of the seeded data that the scenarios need.
 *
 * @module
 */
import type { DataModel, Doc, Id } from "../../../../apps/registry/convex/_generated/dataModel.js";
import { isPublic, isSuspicious } from "../../../../apps/registry/convex/model/rules.ts";
import type { World } from "../../world.ts";

/** Rows of one transaction: by Convex's limits, and more than any state has in a batch of writes. */
const PAGE = 2_000;

/** See the module comment. */
export interface Facts {
  /** Public skills that nothing suspects, the newest first. */
  readonly skills: readonly Id<"skills">[];
  /** Every skill of the table, in the order of its creation. */
  readonly all: readonly Id<"skills">[];
  /** Rows of the newest day of statistics. */
  readonly dailyRows: readonly Id<"skillDailyStats">[];
}

/** Looks them up. */
export async function lookUp(world: World): Promise<Facts> {
  const skills: Doc<"skills">[] = [];
  for (let after = -1, isDone = false; !isDone;) {
    const rows = await world.app.run<Doc<"skills">[], DataModel>(
      async ({ db }) =>
        await db
          .query("skills")
          .withIndex("by_creation_time", (q) => q.gt("_creationTime", after))
          .take(PAGE),
    );
    skills.push(...rows);
    after = rows.at(-1)?._creationTime ?? after;
    isDone = rows.length < PAGE;
  }
  const shown = skills
    .filter((skill) => isPublic(skill) && !isSuspicious(skill) && skill.moderationStatus === "active")
    .toSorted((a, b) => b.createdAt - a.createdAt);
  return {
    skills: shown.map(({ _id }) => _id),
    all: skills.map(({ _id }) => _id),
    dailyRows: await newestDay(world),
  };
}

async function newestDay(world: World): Promise<Id<"skillDailyStats">[]> {
  return await world.app.run<Id<"skillDailyStats">[], DataModel>(async ({ db }) => {
    const newest = await db.query("skillDailyStats").withIndex("by_day").order("desc").first();
    const rows = await db
      .query("skillDailyStats")
      .withIndex("by_day", (q) => q.eq("day", newest!.day))
      .collect();
    return rows.map(({ _id }) => _id);
  });
}
