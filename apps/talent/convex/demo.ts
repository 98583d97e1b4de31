/**
 * What the page needs beyond the app: somebody to be, and levers that make the system move. Refused unless the deployment's environment
 * variable DEMO is set.
 */
import { ConvexError, v } from "convex/values";
import { internal } from "./_generated/api.js";
import type { Id } from "./_generated/dataModel.js";
import { internalQuery, mutation, query, type QueryCtx } from "./_generated/server.js";
import { mailKind } from "./model/fields.ts";
import { MAILS, toRecipients } from "./model/mailBatches.ts";
import { mailKey, outboxRow } from "./model/outbox.ts";
import { isDemo, profileOf, userRow } from "./model/viewer.ts";

/** People to choose from. */
const PEOPLE_MAX = 24;
const BUSY_MAX_SECONDS = 600;

/** People, the busiest in the demo first; empty unless DEMO is set. */
export const people = query({
  args: {},
  returns: v.array(
    v.object({
      userId: v.string(),
      name: v.string(),
      headline: v.string(),
      adminOf: v.nullable(v.id("organizations")),
    }),
  ),
  handler: async (ctx) => {
    if (!isDemo()) return [];
    const profiles = await ctx.db.query("profiles").take(PEOPLE_MAX);
    return await Promise.all(
      profiles.map(async ({ userId, name, headline }) => ({
        userId,
        name: name ?? "Somebody",
        headline: headline ?? "",
        adminOf: await organizationOf(ctx, userId),
      })),
    );
  },
});

/** The app's own model endpoint answers 429 for this long; 0 ends it. */
export const makeModelBusy = mutation({
  args: { seconds: v.number() },
  returns: v.null(),
  handler: async (ctx, { seconds }) => {
    requireDemo();
    const busyUntil = Date.now() + Math.min(Math.max(0, seconds), BUSY_MAX_SECONDS) * 1_000;
    const settings = await ctx.db.query("modelSettings").first();
    if (settings === null) await ctx.db.insert("modelSettings", { busyUntil });
    else await ctx.db.patch("modelSettings", settings._id, { busyUntil });
    return null;
  },
});

/** Until when the model is busy; 0 when it never was. */
export const modelBusy = query({
  args: {},
  returns: v.number(),
  handler: async (ctx) => (isDemo() ? await busyUntil(ctx) : 0),
});

/** The same for the endpoint. */
export const modelBusyUntil = internalQuery({
  args: {},
  returns: v.number(),
  handler: async (ctx) => await busyUntil(ctx),
});

/** Sends one mail of a kind to one person now, as if their hour had come; one a day. */
export const sendMail = mutation({
  args: { userId: v.string(), kind: mailKind },
  returns: v.null(),
  handler: async (ctx, { userId, kind }) => {
    requireDemo();
    const profile = await profileOf(ctx, userId);
    if (profile === null) throw new ConvexError("Cannot send the mail: this person has no profile; choose another");
    const user = await userRow(ctx, userId);
    const recipients = MAILS[kind].wants(profile) ? toRecipients(kind, [profile], () => user) : [];
    if (recipients.length === 0) {
      throw new ConvexError("Cannot send the mail: this person does not want it or has no address; choose another");
    }
    const now = Date.now();
    const row = await outboxRow(ctx, mailKey(kind, userId, now));
    if (row !== null && row.status !== "failed") {
      throw new ConvexError("Cannot send the mail: today's has gone out already; there is one of each kind a day");
    }
    await ctx.scheduler.runAfter(0, internal.emails.batchActions.sendChunk, { kind, now, recipients });
    return null;
  },
});

async function busyUntil(ctx: QueryCtx): Promise<number> {
  return (await ctx.db.query("modelSettings").first())?.busyUntil ?? 0;
}

/** The organisation that somebody administers, or null. */
async function organizationOf(ctx: QueryCtx, userId: string): Promise<Id<"organizations"> | null> {
  const memberships = await ctx.db
    .query("orgMemberships")
    .withIndex("by_user", (q) => q.eq("userId", userId))
    .collect();
  return memberships.find(({ role }) => role === "admin")?.orgId ?? null;
}

function requireDemo(): void {
  if (!isDemo()) throw new ConvexError("Cannot do this: it is for demos; set the environment variable DEMO");
}
