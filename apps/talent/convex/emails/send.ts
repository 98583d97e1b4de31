/**
 * Who gets which mail, and the outbox.
 *
 *   cron ─▶ planMails ─(a page of due profiles)─▶ sendChunk ×n   the node action of `emails/batchActions.ts`
 *               └─▶ planMails, next page          checkChunk     ten minutes later: what was lost or failed goes out again
 *
 * Due profiles come from indexes; nobody else is read. Every mail is claimed under a key of kind, user and day before it is sent: whatever
 * is started twice sends once.
 */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import { internalMutation, internalQuery, type MutationCtx, type QueryCtx } from "../_generated/server.js";
import type { Doc } from "../_generated/dataModel.js";
import { mailKind, type MailKind } from "../model/fields.ts";
import {
  alertRecipient,
  dailyEventRecipient,
  digestRecipient,
  hourArguments,
  MAIL_HOUR,
  MAILS,
  recipient,
  timezoneOf,
  toRecipients,
  weeklyEventRecipient,
  type Recipient,
  type RecipientOf,
} from "../model/mailBatches.ts";
import { offsetRanges, offsetWithEnd } from "../model/mailHours.ts";
import { mailKey, outboxRow } from "../model/outbox.ts";
import { userRow } from "../model/viewer.ts";

/** Profiles of one planning step; each is up to 10 KB. */
const PAGE = 200;
/** Mails of one sending action. */
const CHUNK = 25;
/** Profiles whose offset is renewed in one transaction. */
const OFFSETS = 200;
/** When a chunk is looked at again: an action lasts at most this long. */
const CHECK_MS = 10 * 60_000;
/** How often one mail is tried. */
const TRIES_MAX = 3;

export const getUsersForMatchAlertBatch = internalQuery({
  args: hourArguments,
  returns: v.array(alertRecipient),
  handler: async (ctx, { targetLocalHour }) => await recipients(ctx, "match-alert", targetLocalHour),
});

export const getUsersForWeeklyDigestBatch = internalQuery({
  args: {},
  returns: v.array(digestRecipient),
  handler: async (ctx) => await recipients(ctx, "weekly-digest"),
});

export const getUsersForDailyEventDigestBatch = internalQuery({
  args: hourArguments,
  returns: v.array(dailyEventRecipient),
  handler: async (ctx, { targetLocalHour }) => await recipients(ctx, "daily-event-digest", targetLocalHour),
});

export const getUsersForWeeklyEventDigestBatch = internalQuery({
  args: {},
  returns: v.array(weeklyEventRecipient),
  handler: async (ctx) => await recipients(ctx, "weekly-event-digest"),
});

/** Starts a mail: everybody who is due, page by page. `now` is the moment that decides who is. */
export const planMails = internalMutation({
  args: {
    kind: mailKind,
    now: v.optional(v.number()),
    range: v.optional(v.number()),
    cursor: v.optional(v.nullable(v.string())),
  },
  returns: v.null(),
  handler: async (ctx, { kind, now = Date.now(), range = 0, cursor = null }) => {
    if (!(await renewOffsets(ctx, now))) {
      // Profiles with an outdated offset are not in their range yet.
      await ctx.scheduler.runAfter(0, internal.emails.send.planMails, { kind, now, range, cursor });
      return null;
    }
    const ranges = dueRanges(kind, MAILS[kind].isHourly ? MAIL_HOUR : undefined, now);
    const page = await dueProfiles(ctx, kind, ranges[range]).paginate({ cursor, numItems: PAGE });
    const found = await withUsers(ctx, kind, page.page);
    for (let start = 0; start < found.length; start += CHUNK) {
      await startChunk(ctx, { kind, now, recipients: found.slice(start, start + CHUNK) });
    }
    const next = page.isDone ? { range: range + 1, cursor: null } : { range, cursor: page.continueCursor };
    if (next.range < ranges.length) {
      await ctx.scheduler.runAfter(0, internal.emails.send.planMails, { kind, now, ...next });
    }
    return null;
  },
});

/** Sends again what a chunk did not: its action was lost with the server, or the mail server refused. */
export const checkChunk = internalMutation({
  args: { kind: mailKind, now: v.number(), recipients: v.array(recipient), round: v.number() },
  returns: v.null(),
  handler: async (ctx, { kind, now, recipients: asked, round }) => {
    const open: typeof asked = [];
    for (const each of asked) {
      const row = await outboxRow(ctx, mailKey(kind, each.userId, now));
      if (row === null || (row.status === "failed" && row.tries < TRIES_MAX)) open.push(each);
      // Claimed and never settled: it may have gone out, and nobody wants it twice.
      if (row?.status === "sending") {
        await ctx.db.patch("mails", row._id, {
          status: "failed",
          tries: TRIES_MAX,
          error: "The server ended while sending",
        });
      }
    }
    if (open.length > 0 && round < TRIES_MAX) await startChunk(ctx, { kind, now, recipients: open }, round + 1);
    return null;
  },
});

/** Brings outdated offsets up to date, and gives profiles that never had one theirs. `isDone` when none is left. */
export const refreshMailHours = internalMutation({
  args: {},
  returns: v.object({ isDone: v.boolean() }),
  handler: async (ctx) => ({ isDone: await renewOffsets(ctx, Date.now()) }),
});

async function startChunk(
  ctx: MutationCtx,
  chunk: { readonly kind: MailKind; readonly now: number; readonly recipients: Recipient[] },
  round = 1,
): Promise<void> {
  await ctx.scheduler.runAfter(0, internal.emails.batchActions.sendChunk, chunk);
  await ctx.scheduler.runAfter(CHECK_MS, internal.emails.send.checkChunk, { ...chunk, round });
}

async function recipients<K extends MailKind>(ctx: QueryCtx, kind: K, hour?: number): Promise<RecipientOf<K>[]> {
  const pages = await Promise.all(
    dueRanges(kind, hour, Date.now()).map(async (range) => await dueProfiles(ctx, kind, range).collect()),
  );
  return await withUsers(ctx, kind, pages.flat());
}

interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

/** What to read: a range of offsets for mails that wait for an hour, everybody who wants the mail for the others. */
function dueRanges(kind: MailKind, hour: number | undefined, now: number): readonly (OffsetRange | undefined)[] {
  return MAILS[kind].isHourly && hour !== undefined ? offsetRanges(hour, now) : [undefined];
}

function dueProfiles(ctx: QueryCtx, kind: MailKind, range: OffsetRange | undefined) {
  const profiles = ctx.db.query("profiles");
  const { from, to } = range ?? { from: -Infinity, to: Infinity };
  switch (kind) {
    case "match-alert":
      return profiles.withIndex("by_match_alert", (q) =>
        q
          .eq("notificationPreferences.matchAlerts.enabled", true)
          .gte("utcOffsetMinutes", from)
          .lte("utcOffsetMinutes", to),
      );
    case "daily-event-digest":
      return profiles.withIndex("by_event_digest", (q) =>
        q
          .eq("eventNotificationPreferences.frequency", "daily")
          .gte("utcOffsetMinutes", from)
          .lte("utcOffsetMinutes", to),
      );
    case "weekly-event-digest":
      return profiles.withIndex("by_event_digest", (q) => q.eq("eventNotificationPreferences.frequency", "weekly"));
    default:
      return profiles.withIndex("by_weekly_digest", (q) => q.eq("notificationPreferences.weeklyDigest.enabled", true));
  }
}

/** A user id that names nobody costs its owner the mail, and only its owner. */
async function withUsers<K extends MailKind>(
  ctx: QueryCtx,
  kind: K,
  profiles: readonly Doc<"profiles">[],
): Promise<RecipientOf<K>[]> {
  const rows = await Promise.all(profiles.map(async ({ userId }) => [userId, await userRow(ctx, userId)] as const));
  const users = new Map(rows);
  return toRecipients(kind, profiles, ({ userId }) => users.get(userId));
}

/** @returns Whether all offsets are right now. Absent ends sort first, so profiles without an offset are among those read. */
async function renewOffsets(ctx: MutationCtx, now: number): Promise<boolean> {
  const outdated = await ctx.db
    .query("profiles")
    .withIndex("by_offset_until", (q) => q.lte("utcOffsetUntil", now))
    .take(OFFSETS);
  const known = new Map<string, ReturnType<typeof offsetWithEnd>>();
  for (const profile of outdated) {
    const timezone = timezoneOf(profile);
    const offset = known.get(timezone) ?? offsetWithEnd(timezone, now);
    known.set(timezone, offset);
    await ctx.db.patch("profiles", profile._id, offset);
  }
  return outdated.length < OFFSETS;
}
