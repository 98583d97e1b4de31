/**
 * Ids of the seeded data that the scenarios need.
 *
 * @module
 */
import type { DataModel, Id } from "../../../../apps/chat/convex/_generated/dataModel.js";
import type { World } from "../../world.ts";

/** Title of the chat that scenarios write into. */
export const MAIN_TITLE = "The chat of the sheet";
/** Title of a chat beside it, of the same user. */
export const OTHER_TITLE = "Another chat of the sheet";
export const EXTERNAL_ID = "sheet-user";

/** See the module comment. */
export interface Facts {
  readonly userId: Id<"users">;
  /** The chat whose size the state names. */
  readonly chatId: Id<"chats">;
  /** A chat of two messages, of the same user. */
  readonly otherId: Id<"chats">;
}

/** Looks them up. */
export async function lookUp(world: World): Promise<Facts> {
  return await world.app.run<Facts, DataModel>(async ({ db }) => {
    const user = await db
      .query("users")
      .withIndex("by_external_id", (q) => q.eq("externalId", EXTERNAL_ID))
      .unique();
    const titled = async (title: string) =>
      (await db
        .query("chats")
        .withIndex("by_user_title", (q) => q.eq("userId", user!._id).eq("title", title))
        .unique())!._id;
    return { userId: user!._id, chatId: await titled(MAIN_TITLE), otherId: await titled(OTHER_TITLE) };
  });
}
