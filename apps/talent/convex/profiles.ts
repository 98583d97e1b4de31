/**
 * Profiles: the viewer's own, and its mail settings.
 */
import { ConvexError, v } from "convex/values";
import { internalQuery, mutation } from "./_generated/server.js";
import { isTimezone, offsetWithEnd } from "./model/mailHours.ts";
import { profileDoc } from "./model/matchReads.ts";
import { viewerProfile } from "./model/matchShapes.ts";
import { notificationPreferences } from "./model/profileFields.ts";
import { demoViewer, profileOf, requireViewer } from "./model/viewer.ts";

/** The profile of whoever asks, for actions. */
export const mine = internalQuery({
  args: demoViewer,
  returns: v.nullable(profileDoc),
  handler: async (ctx, { userId }) => await viewerProfile(ctx, userId),
});

/** Which mails somebody wants, and where they live. The index key of the mail hours moves along. */
export const setNotificationPreferences = mutation({
  args: { ...demoViewer, preferences: notificationPreferences },
  returns: v.null(),
  handler: async (ctx, { userId, preferences }) => {
    const profile = await profileOf(ctx, await requireViewer(ctx, userId));
    if (profile === null) throw new ConvexError("Cannot change settings: you have no profile; create it first");
    if (!isTimezone(preferences.timezone)) {
      throw new ConvexError(
        `Cannot change settings: "${preferences.timezone}" is no time zone; use a name such as "Europe/Berlin"`,
      );
    }
    const now = Date.now();
    const offset = offsetWithEnd(preferences.timezone, now);
    await ctx.db.patch("profiles", profile._id, { notificationPreferences: preferences, ...offset, updatedAt: now });
    return null;
  },
});
