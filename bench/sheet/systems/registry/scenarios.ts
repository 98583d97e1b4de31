/**
 * The scenarios of the registry: a look at the scan queue, the list and its herd, the worst filter, the leaderboard, the count.
 *
 * @module
 */
import type { Stage } from "../../stage.ts";
import type { SheetSize } from "../../size.ts";
import type { Scenario } from "../../system.ts";
import type { Facts } from "./facts.ts";
import {
  addToToday,
  countersOf,
  moderate,
  patchStats,
  pathIn,
  settleForm,
  spread,
  suspectAllBut,
  syncCounters,
} from "./writes.ts";

const PAGE = 25;
const MODERATED_A_DAY = 500;
/** Skills with new counters in the five minutes between two runs of a cron: 500 in six hours. */
const COUNTED_IN_FIVE_MINUTES = 7;
const COUNTED_AN_HOUR = 83;
const COUNTED_IN_SIX_HOURS = 500;
const DAILY_ROWS_AN_HOUR = 188;
const HERD = { full: 500, quick: 20 };
/** Events younger than ten seconds wait for the next run of the statistics. */
const SETTLE_MS = 11_000;

const many = ({ plays }: SheetSize): number => Math.min(plays, 5);
const once = (): number => 1;

const LIST = "skills:listPublicPageV2";
/** The first page of the list, as the home page shows it. */
const FIRST_PAGE = { paginationOpts: { numItems: PAGE, cursor: null } };

/** One person looks at the first page while a skill's counters change. */
function listScenario(
  name: string,
  about: string,
  skillOf: (facts: Facts) => Facts["skills"][number],
): Scenario<Facts> {
  return {
    name,
    about,
    plays: many,
    open: async (stage) => {
      await settleForm(stage);
      await stage.socket().modify([{ path: pathIn(stage.form, LIST), args: FIRST_PAGE }]);
      const skillId = skillOf(stage.facts);
      await patchStats(stage, skillId);
      return async () => await patchStats(stage, skillId);
    },
  };
}

export const SCENARIOS: readonly Scenario<Facts>[] = [
  {
    name: "scan health",
    about: "what happens in five minutes (2 decisions, 7 skills with new counters), then the look at the scan queue",
    original: "16,000 documents and 16 MB a look, 288 times a day; then what waits",
    perDay: 288,
    plays: many,
    open: async (stage) => {
      let round = 0;
      const next = async () => {
        await moderate(stage, 2, round++);
        await countersOf(stage, COUNTED_IN_FIVE_MINUTES);
        await stage.call("query", pathIn(stage.form, "scans:getScanQueueHealthInternal"));
      };
      await next();
      return next;
    },
  },
  {
    ...listScenario(
      "list page, a skill on it",
      "counters of a skill on the open page change",
      ({ skills }) => skills[3]!,
    ),
    original: "25 skills, 25 versions (160 kB) and owners; then 25 digests (24 kB), which this form does not have",
  },
  listScenario(
    "list page, a skill off it",
    "counters of a skill that the open page does not show change",
    ({ skills }) => skills.at(-1)!,
  ),
  {
    name: "without suspicious, worst",
    about:
      "counters of 500 skills are synced, then somebody looks until 25 skills are shown; all but the oldest 40 are suspicious",
    original: "16,000 documents, 62,500 times a day; then 25",
    plays: ({ plays }) => Math.min(plays, 2),
    open: async (stage) => {
      await suspectAllBut(stage, 40);
      await settleForm(stage);
      const next = async () => {
        await syncCounters(stage, COUNTED_IN_SIX_HOURS);
        await lookForClean(stage);
      };
      await next();
      return next;
    },
  },
  {
    name: "trending",
    about: "an hour's 188 rows of statistics, then the leaderboard of the week",
    original: "31,500 documents in one transaction, which fails from 32,000 on; then 4,500 in each of seven",
    perDay: 24,
    plays: ({ plays }) => Math.min(plays, 3),
    open: async (stage) => {
      const next = async () => {
        await addToToday(stage, DAILY_ROWS_AN_HOUR);
        if (stage.form === "before") {
          await stage.call("mutation", "before/leaderboards:rebuildTrendingLeaderboardInternal");
        } else await stage.call("action", "leaderboards:rebuildTrendingLeaderboardAction");
      };
      await next();
      return next;
    },
  },
  {
    name: "recount",
    about: "a day's decisions and counters; public skills are counted every hour in the first form, once in the other",
    original: "16 MB 24 times a day; then once, in 1,000-row pages",
    perDay: 1,
    plays: once,
    open: async (stage) => {
      await recount(stage);
      return async () => await recountForADay(stage);
    },
  },
  {
    name: "herd",
    about:
      "500 people look at the first page; events of ten skills, three of them on it, and the cron that adds them up",
    original: "500 x 25 x (1 + 6.4) kB 288 times a day; then nothing until the sync every six hours",
    perDay: 288,
    plays: many,
    open: openHerd,
  },
];

interface Page {
  readonly page: readonly unknown[];
  readonly isDone: boolean;
  readonly continueCursor: string;
}

/** Asks for page after page until there are as many skills as a page has. */
async function lookForClean(stage: Stage<Facts>): Promise<void> {
  let cursor: string | null = null;
  for (let shown = 0, isDone = false; shown < PAGE && !isDone;) {
    const args = { nonSuspiciousOnly: true, paginationOpts: { numItems: PAGE, cursor } };
    const page = (await stage.ask(pathIn(stage.form, LIST), args)) as unknown as Page;
    shown += page.page.length;
    ({ isDone, continueCursor: cursor } = page);
  }
}

async function recountForADay(stage: Stage<Facts>): Promise<void> {
  for (let hour = 0; hour < 24; hour++) {
    await moderate(stage, Math.round(MODERATED_A_DAY / 24), hour);
    await countersOf(stage, COUNTED_AN_HOUR);
    if (stage.form === "before") await recount(stage);
  }
  if (stage.form === "after") await recount(stage);
}

async function recount(stage: Stage<Facts>): Promise<void> {
  if (stage.form === "before") await stage.call("mutation", "before/globalStats:recountActiveSkillsInternal");
  else await stage.call("action", "globalStats:recountActiveSkillsAction");
}

async function openHerd(stage: Stage<Facts>): Promise<() => Promise<void>> {
  await settleForm(stage);
  const path = pathIn(stage.form, LIST);
  for (let person = 0; person < (stage.size.isQuick ? HERD.quick : HERD.full); person++) {
    await stage.socket().modify([{ path, args: FIRST_PAGE }]);
  }
  const { skills } = stage.facts;
  const counted = [...skills.slice(0, 3), ...spread(skills.slice(PAGE * 2), 7)];
  const cron =
    stage.form === "before"
      ? "before/statEvents:processSkillStatEventsInternal"
      : "statEvents:processDailyStatsInternal";
  const next = async (): Promise<void> => {
    for (const skillId of counted)
      await stage.call("mutation", "engagement:recordEvent", { skillId, kind: "download" });
    await stage.advance(SETTLE_MS);
    await stage.call("mutation", cron);
  };
  await next();
  return next;
}
