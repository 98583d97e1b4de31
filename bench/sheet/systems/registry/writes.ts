/**
 * What happens in the registry between two runs of a job, at the rates of the original app: 500 decisions of moderators a day, 500 skills with new
 * counters in six hours, 4,500 rows of statistics a day.
 *
 * @module
 */
import type { DataModel, Doc, Id } from "../../../../apps/registry/convex/_generated/dataModel.js";
import type { Stage } from "../../stage.ts";
import type { Form } from "../../size.ts";
import type { Facts } from "./facts.ts";

/** Skills that one transaction marks. */
const MARK_BATCH = 1_000;
/** Skills that one transaction of the sync writes. */
const SYNC_BATCH = 50;

/** A function's path in a form. */
export function pathIn(form: Form, path: string): string {
  return form === "before" ? `before/${path}` : path;
}

/** Opens a deployment as it runs for a while: crons have been there, and the after form's backfills are through. */
export async function settleForm(stage: Stage<Facts>): Promise<void> {
  await stage.advance(0);
  if (stage.form !== "after") return;
  await stage.call("mutation", "maintenance:backfillIsSuspiciousInternal", { batchSize: 200 });
  await stage.call("mutation", "maintenance:backfillLatestVersionSummaryInternal", { batchSize: 200 });
  await stage.advance(0);
}

/** The counters of one skill go up by one download. */
export async function patchStats(stage: Stage<Facts>, skillId: Id<"skills">): Promise<void> {
  await addDownloads(stage, [skillId]);
}

/** Counters of `count` skills all over the table go up, 50 a transaction. */
export async function syncCounters(stage: Stage<Facts>, count: number): Promise<void> {
  const ids = spread(stage.facts.all, count);
  for (let from = 0; from < ids.length; from += SYNC_BATCH) {
    await addDownloads(stage, ids.slice(from, from + SYNC_BATCH));
  }
}

async function addDownloads(stage: Stage<Facts>, skillIds: readonly Id<"skills">[]): Promise<void> {
  await stage.world.app.run<void, DataModel>(async ({ db }) => {
    for (const skillId of skillIds) {
      const { stats } = (await db.get("skills", skillId))!;
      const downloads = stats.downloads + 1;
      await db.patch("skills", skillId, { stats: { ...stats, downloads }, statsDownloads: downloads });
    }
  });
  await stage.settle();
}

/** Moderators decide about `count` skills: the reason changes, and with every second round changes back. */
export async function moderate(stage: Stage<Facts>, count: number, round: number): Promise<void> {
  const path = pathIn(stage.form, "moderation:updateSkillModerationReason");
  const reason = round % 2 === 0 ? "scanner.static.clean" : "scanner.vt.clean";
  for (const skillId of spread(stage.facts.skills, count)) await stage.call("mutation", path, { skillId, reason });
}

/** Counters of `count` skills all over the list. */
export async function countersOf(stage: Stage<Facts>, count: number): Promise<void> {
  for (const skillId of spread(stage.facts.skills, count)) await patchStats(stage, skillId);
}

/** `count` rows of today's statistics go up. */
export async function addToToday(stage: Stage<Facts>, count: number): Promise<void> {
  const ids = spread(stage.facts.dailyRows, count);
  await stage.world.app.run<void, DataModel>(async ({ db }) => {
    for (const id of ids) {
      const row: Doc<"skillDailyStats"> | null = await db.get("skillDailyStats", id);
      await db.patch("skillDailyStats", id, { downloads: row!.downloads + 1, installs: row!.installs + 1 });
    }
  });
  await stage.settle();
}

/** All but the oldest `kept` skills become suspicious: the worst that a list without suspicious skills can meet. */
export async function suspectAllBut(stage: Stage<Facts>, kept: number): Promise<void> {
  const ids = stage.facts.all.slice(kept);
  for (let from = 0; from < ids.length; from += MARK_BATCH) {
    await stage.world.app.run<void, DataModel>(async ({ db }) => {
      for (const id of ids.slice(from, from + MARK_BATCH)) {
        await db.patch("skills", id, { moderationReason: "scanner.vt.suspicious" });
      }
    });
  }
}

/** Evenly from the whole list, the first one included. */
export function spread<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, Math.floor(items.length / count));
  return Array.from({ length: Math.min(count, items.length) }, (_, at) => items[at * step]!);
}
