/**
 * What runs by the clock.
 */
import { cronJobs } from "convex/server";
import { internal } from "./_generated/api.js";

const crons = cronJobs();

crons.interval("poll pending scans", { minutes: 5 }, internal.vt.pollPendingScans, { batchSize: 100 });
crons.interval("fill in missing scan results", { minutes: 30 }, internal.vt.backfillActiveSkillsVTCache, {});
crons.daily("scan active skills again", { hourUTC: 3, minuteUTC: 0 }, internal.vt.rescanActiveSkills, {});
crons.interval("daily statistics", { minutes: 15 }, internal.statEvents.processDailyStatsInternal, {});
crons.interval("counters of skills", { hours: 6 }, internal.statEvents.syncSkillStatsInternal, {});
crons.interval("leaderboard", { hours: 1 }, internal.leaderboards.rebuildTrendingLeaderboardAction, {});
crons.interval("count public skills", { hours: 24 }, internal.globalStats.recountActiveSkillsAction, {});

export default crons;
