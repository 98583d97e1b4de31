import { cronJobs } from "convex/server";
import { internal } from "./_generated/api.js";

const crons = cronJobs();
crons.interval("tidy", { minutes: 10 }, internal.maintenance.tidy, { keep: 5n });
crons.weekly("report", { dayOfWeek: "monday", hourUTC: 6, minuteUTC: 30 }, internal.maintenance.tidy, { keep: 1n });
crons.cron("nightly", "0 3 * * *", internal.maintenance.tidy, { keep: 2n });

export default crons;
