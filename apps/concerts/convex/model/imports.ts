/**
 * What was played, put beside what was predicted.
 */
import type { Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import type { PlayedSetlist } from "./services.ts";

/** Ends the import of a show; null: the site does not know it. Each setlist of the show learns how right it was. */
export async function saveImport(ctx: MutationCtx, showId: Id<"shows">, played: PlayedSetlist | null): Promise<void> {
  const show = await ctx.db.get("shows", showId);
  if (show === null) return;
  if (played === null) {
    await ctx.db.patch("shows", showId, { importStatus: "failed" });
    return;
  }
  const { setlistfmId, songs } = played;
  await ctx.db.patch("shows", showId, { importStatus: "completed", setlistfmId, lastSynced: Date.now() });
  const setlists = ctx.db.query("setlists").withIndex("by_show", (q) => q.eq("showId", showId));
  for await (const setlist of setlists) {
    const predicted = new Set(setlist.songs.map(({ title }) => title));
    const hits = songs.filter((title) => predicted.has(title)).length;
    await ctx.db.patch("setlists", setlist._id, {
      actualSetlist: songs,
      accuracy: songs.length === 0 ? 0 : hits / songs.length,
    });
  }
}
