/**
 * Ids of the seeded data that the scenarios need.
 *
 * @module
 */
import type { DataModel, Id } from "../../../../apps/talent/convex/_generated/dataModel.js";
import type { World } from "../../world.ts";
import { visitorEmail, VISITORS } from "./data.ts";

/** See the module comment. */
export interface Facts {
  /** People of the app's data set, in its order. */
  readonly members: readonly string[];
  /** The profile of the first member. */
  readonly profileId: Id<"profiles">;
  /** People of the sheet. */
  readonly visitors: readonly string[];
  /** An event of the first visitor's, with its organisation. */
  readonly eventId: Id<"events">;
  readonly orgId: Id<"organizations">;
  /** A question to the first visitor that is not among the unread. */
  readonly answeredId: Id<"notifications">;
  /** An open position behind the first fifty. */
  readonly opportunityId: Id<"opportunities">;
}

/** Looks them up. What is not there yet cannot be made here: facts are looked up in a world that nobody measures. */
export async function lookUp(world: World): Promise<Facts> {
  return await world.app.run<Facts, DataModel>(async ({ db }) => {
    const profiles = await db.query("profiles").collect();
    const visitors: string[] = [];
    for (let index = 0; index < VISITORS; index++) {
      const email = visitorEmail(index);
      const user = await db
        .query("users")
        .withIndex("email", (q) => q.eq("email", email))
        .unique();
      visitors.push(user!._id);
    }
    const record = await db
      .query("attendance")
      .withIndex("by_user", (q) => q.eq("userId", visitors[0]!))
      .first();
    const prompt = await db
      .query("notifications")
      .withIndex("by_user", (q) => q.eq("userId", visitors[0]!))
      .first();
    const open = await db
      .query("opportunities")
      .withIndex("by_status", (q) => q.eq("status", "active"))
      .order("desc")
      .first();
    return {
      members: profiles.map(({ userId }) => userId),
      profileId: profiles[0]!._id,
      visitors,
      eventId: record!.eventId,
      orgId: record!.orgId,
      answeredId: prompt!._id,
      opportunityId: open!._id,
    };
  });
}
