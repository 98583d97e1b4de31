/**
 * The herd: 500 people look at the first page of the list while the statistics of skills come in.
 *
 * Ten skills get events in five minutes, three of them on the page. As first written a cron adds them to the skills every five minutes; then
 * the page runs again for everybody, who read 25 skills, versions of 6 KB, badges and owners. The other form adds them to days, which
 * no list reads, and to skills every six hours. Figures of the README come from here.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestDeployment, TestSubscription, WorkCost } from "@narrowcast/server";
import type { Id } from "../convex/_generated/dataModel.js";
import { backfillAll, inside, openRegistry, seedRegistry } from "../testing/registry.ts";

const SUBSCRIBERS = 500;
const PAGE = 25;
const MINUTE = 60_000;

interface Herd {
  readonly app: TestDeployment;
  readonly crowd: readonly TestSubscription[];
  readonly path: string;
}

async function gather(form: "skills" | "before/skills", tracking: "document" | "field"): Promise<Herd> {
  const app = await openRegistry(tracking === "document" ? { tracking } : {});
  await seedRegistry(app, 0.02);
  if (form === "skills") await backfillAll(app);
  const path = `${form}:listPublicPageV2`;
  const crowd: TestSubscription[] = [];
  for (let person = 0; person < SUBSCRIBERS; person++) {
    crowd.push(await app.subscribe(path, { paginationOpts: { numItems: PAGE, cursor: null } }));
  }
  return { app, crowd, path };
}

/** Downloads of ten skills: three at the top of the list, seven far below. */
async function downloadSome(app: TestDeployment): Promise<void> {
  const ids = await inside(app, async (ctx) => {
    const newest = await ctx.db
      .query("skills")
      .withIndex("by_active_created", (q) => q.eq("softDeletedAt", undefined))
      .order("desc")
      .collect();
    const visible = newest.filter(({ moderationStatus }) => moderationStatus === "active");
    return [...visible.slice(0, 3), ...visible.slice(100, 107)].map(({ _id }): Id<"skills"> => _id);
  });
  for (const skillId of ids) await app.mutation("engagement:recordEvent", { skillId, kind: "download" });
  await app.advance(20_000);
}

const CRONS = {
  before: "before/statEvents:processSkillStatEventsInternal",
  days: "statEvents:processDailyStatsInternal",
  skills: "statEvents:syncSkillStatsInternal",
} as const;

describe.each(["document", "field"] as const)("tracking by %s", (tracking) => {
  let before: Herd;
  let after: Herd;

  beforeAll(async () => {
    before = await gather("before/skills", tracking);
    after = await gather("skills", tracking);
  }, 120_000);
  afterAll(async () => {
    await before.app.close();
    await after.app.close();
  });

  async function costOf({ app, path }: Herd, cron: string): Promise<WorkCost["functions"][string]> {
    await downloadSome(app);
    const cost = await app.expectCost(() => app.mutation(cron, {}));
    const none = {
      reruns: 0,
      convexCalls: 0,
      convexDocuments: 0,
      convexBytes: 0,
      documents: 0,
      bytes: 0,
      bytesSent: 0,
    };
    return { ...none, ...cost.functions[path] } as WorkCost["functions"][string];
  }

  test("as first written the five-minute cron makes every page run again", async () => {
    const page = await costOf(before, CRONS.before);
    expect(page.reruns).toBe(1);
    expect(page.convexCalls).toBe(SUBSCRIBERS);
    // One execution is shared; 25 skills and versions with their owners and badges by Convex's rules.
    expect(page.convexDocuments).toBeGreaterThanOrEqual(3 * PAGE);
    expect(page.convexBytes).toBeGreaterThan(PAGE * 7_000);
    if (tracking === "field") expect(page.documents).toBeLessThanOrEqual(10);
    expect(page.bytesSent).toBeGreaterThan(SUBSCRIBERS * 100);
    expect(before.crowd.every(({ updates }) => updates === 2)).toBe(true);
  });

  test("the fifteen-minute cron of days wakes nobody", async () => {
    const page = await costOf(after, CRONS.days);
    expect(page).toMatchObject({ reruns: 0, convexCalls: 0, convexDocuments: 0, bytesSent: 0 });
    expect(after.crowd.every(({ updates }) => updates === 1)).toBe(true);
  });

  test("the six-hour sync wakes them once, and reads no version", async () => {
    const page = await costOf(after, CRONS.skills);
    expect(page.reruns).toBe(1);
    expect(page.convexDocuments).toBeLessThanOrEqual(3 * PAGE);
    expect(page.convexBytes).toBeLessThan(PAGE * 2_500);
    expect(after.crowd.every(({ updates }) => updates === 2)).toBe(true);
  });

  test("a skill off the page that is written makes no page run", async () => {
    for (const { app, path } of [before, after]) {
      const cost = await app.expectCost(async () => {
        await inside(app, async (ctx) => {
          const oldest = await ctx.db
            .query("skills")
            .withIndex("by_active_created", (q) => q.eq("softDeletedAt", undefined))
            .first();
          await ctx.db.patch("skills", oldest!._id, { statsDownloads: 123_456 });
        });
      });
      expect(cost.functions[path]?.reruns ?? 0).toBe(0);
    }
  });

  test("a day of crons by the clock costs the list one run in six hours", async () => {
    const { app, path } = after;
    const cost = await app.expectCost(async () => {
      for (let quarter = 0; quarter < 24; quarter++) {
        await downloadSome(app);
        await app.advance(15 * MINUTE - 20_000);
      }
    });
    expect(cost.functions[CRONS.days]!.runs).toBeGreaterThanOrEqual(24);
    expect(cost.functions[path]?.reruns).toBe(1);
  });
});
