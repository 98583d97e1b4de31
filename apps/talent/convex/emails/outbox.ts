/**
 * The outbox, and what mails say: what the sending action asks the database, one call each for a whole chunk.
 */
import { v } from "convex/values";
import { internalMutation, internalQuery, query } from "../_generated/server.js";
import { mailFields, mailKind } from "../model/fields.ts";
import { mailEvent, mailMatch, newestMatches, showMailMatch, upcomingEvents } from "../model/mailContents.ts";
import { mailKey, outboxRow } from "../model/outbox.ts";
import { demoViewer, viewerId } from "../model/viewer.ts";

/** Mails that the page shows. */
const SHOWN = 20;

const mailShown = v.object({ _id: v.id("mails"), _creationTime: v.number(), ...mailFields });

/** The viewer's newest mails. */
export const listMine = query({
  args: demoViewer,
  returns: v.array(mailShown),
  handler: async (ctx, { userId }) => {
    const viewer = await viewerId(ctx, userId);
    if (viewer === null) return [];
    return await ctx.db
      .query("mails")
      .withIndex("by_user", (q) => q.eq("userId", viewer))
      .order("desc")
      .take(SHOWN);
  },
});

/** Claims mails before they are sent. @returns The users whose mail of this kind and day nobody else sends or has sent. */
export const claim = internalMutation({
  args: {
    kind: mailKind,
    now: v.number(),
    recipients: v.array(v.object({ userId: v.string(), email: v.string() })),
  },
  returns: v.array(v.string()),
  handler: async (ctx, { kind, now, recipients }) => {
    const claimed: string[] = [];
    for (const { userId, email } of recipients) {
      const key = mailKey(kind, userId, now);
      const row = await outboxRow(ctx, key);
      if (row !== null && row.status !== "failed") continue;
      const claimedAt = Date.now();
      if (row !== null) await ctx.db.patch("mails", row._id, { status: "sending", tries: row.tries + 1, claimedAt });
      else {
        const fields = { key, kind, userId, to: email, subject: "", claimedAt };
        await ctx.db.insert("mails", { ...fields, status: "sending", tries: 1 });
      }
      claimed.push(userId);
    }
    return claimed;
  },
});

/** How a chunk ended, mail by mail. */
export const settle = internalMutation({
  args: {
    kind: mailKind,
    now: v.number(),
    outcomes: v.array(
      v.object({
        userId: v.string(),
        subject: v.string(),
        status: v.union(v.literal("sent"), v.literal("failed"), v.literal("nothing to say")),
        messageId: v.optional(v.string()),
        error: v.optional(v.string()),
      }),
    ),
  },
  returns: v.null(),
  handler: async (ctx, { kind, now, outcomes }) => {
    for (const { userId, status, ...outcome } of outcomes) {
      const row = await outboxRow(ctx, mailKey(kind, userId, now));
      if (row === null) continue;
      const { error: _, ...rest } = outcome;
      const end = status === "failed" ? outcome : rest;
      await ctx.db.patch("mails", row._id, { ...end, status, ...(status === "sent" ? { sentAt: Date.now() } : {}) });
    }
    return null;
  },
});

/** What the mails of a chunk say: one call for all matches of all recipients, or for the events that everybody shares. */
export const contents = internalQuery({
  args: { kind: mailKind, now: v.number(), profileIds: v.array(v.id("profiles")) },
  returns: v.object({
    matches: v.array(v.object({ profileId: v.id("profiles"), matches: v.array(mailMatch) })),
    events: v.array(mailEvent),
  }),
  handler: async (ctx, { kind, now, profileIds }) => {
    if (kind === "daily-event-digest") return { matches: [], events: await upcomingEvents(ctx, now, 1) };
    if (kind === "weekly-event-digest") return { matches: [], events: await upcomingEvents(ctx, now, 7) };
    const matches = await Promise.all(
      profileIds.map(async (profileId) => {
        const newest = await newestMatches(ctx, profileId);
        const shown = await Promise.all(
          newest.map(async (match) => showMailMatch(match, await ctx.db.get("opportunities", match.opportunityId))),
        );
        return { profileId, matches: shown.flat() };
      }),
    );
    return { matches, events: [] };
  },
});
