/**
 * What happens by itself. None of it at the full hour, where everybody else's crons are.
 *
 * The import of opportunities and of events from elsewhere is not this app's.
 */
import { cronJobs } from "convex/server";
import { internal } from "./_generated/api.js";

const crons = cronJobs();

crons.hourly("send-match-alerts", { minuteUTC: 7 }, internal.emails.send.planMails, { kind: "match-alert" });
crons.weekly(
  "send-weekly-digest",
  { dayOfWeek: "sunday", hourUTC: 22, minuteUTC: 11 },
  internal.emails.send.planMails,
  {
    kind: "weekly-digest",
  },
);
crons.hourly("send-daily-event-digest", { minuteUTC: 37 }, internal.emails.send.planMails, {
  kind: "daily-event-digest",
});
crons.weekly(
  "send-weekly-event-digest",
  { dayOfWeek: "sunday", hourUTC: 22, minuteUTC: 41 },
  internal.emails.send.planMails,
  { kind: "weekly-event-digest" },
);
crons.interval("check-ended-events", { minutes: 10 }, internal.events.checkEndedEvents, {});
crons.daily(
  "compute-engagement-scores",
  { hourUTC: 4, minuteUTC: 19 },
  internal.engagement.computeEngagementScores,
  {},
);

export default crons;
