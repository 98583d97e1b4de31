/**
 * Votes. Counters move in the vote's own transaction; `before/votes.ts` leaves them to an hourly job and to the readers.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation, mutation, query } from "./_generated/server.js";
import { mustExist, refuse } from "./model/errors.ts";
import { voteType } from "./model/fields.ts";
import { personWithKey } from "./model/people.ts";
import { ownVotes } from "./model/views.ts";
import { countSongVote, countVote, recordVote, toggleSongVote } from "./model/votes.ts";

/** Says that a setlist is accurate or not; a second vote of the same person replaces the first. */
export const submitVote = mutation({
  args: { userId: v.id("users"), setlistId: v.id("setlists"), voteType },
  returns: v.null(),
  handler: async (ctx, args) => {
    const setlist = mustExist(await ctx.db.get("setlists", args.setlistId), "Setlist");
    await countVote(ctx, setlist, await recordVote(ctx, args.userId, setlist, args.voteType));
    return null;
  },
});

/** Wants to hear a song, or no longer. Tells which. */
export const submitSongVote = mutation({
  args: { userId: v.id("users"), setlistId: v.id("setlists"), songTitle: v.string() },
  returns: v.boolean(),
  handler: async (ctx, { userId, setlistId, songTitle }) => {
    const setlist = mustExist(await ctx.db.get("setlists", setlistId), "Setlist");
    const isWanted = await toggleSongVote(ctx, userId, setlist, songTitle);
    await countSongVote(ctx, setlist, songTitle, isWanted);
    return isWanted;
  },
});

/** What one person has said of a setlist. */
export const mine = query({
  args: { userId: v.id("users"), setlistId: v.id("setlists") },
  returns: ownVotes,
  handler: async (ctx, { userId, setlistId }) => {
    const vote = await ctx.db
      .query("votes")
      .withIndex("by_user_and_setlist", (q) => q.eq("userId", userId).eq("setlistId", setlistId))
      .unique();
    const songs = await ctx.db
      .query("songVotes")
      .withIndex("by_user_setlist_song", (q) => q.eq("userId", userId).eq("setlistId", setlistId))
      .take(SONGS_MAX);
    return { voteType: vote?.voteType ?? null, songs: songs.map(({ songTitle }) => songTitle) };
  },
});

/** Lets invented people vote on a setlist, one after another, to see how it moves. Each is an ordinary vote. */
export const crowd = mutation({
  args: { setlistId: v.id("setlists"), people: v.number() },
  returns: v.null(),
  handler: async (ctx, { setlistId, people }) => {
    mustExist(await ctx.db.get("setlists", setlistId), "Setlist");
    if (!Number.isInteger(people) || people < 1 || people > CROWD_MAX) {
      refuse("let a crowd vote", `${people} people were asked for`, `choose 1 to ${CROWD_MAX}`);
    }
    for (let index = 0; index < people; index++) {
      await ctx.scheduler.runAfter(index * CROWD_PACE_MS, internal.votes.crowdVote, { setlistId, index });
    }
    return null;
  },
});

/** One of the crowd: wants a song and says what it thinks of the whole. */
export const crowdVote = internalMutation({
  args: { setlistId: v.id("setlists"), index: v.number() },
  returns: v.null(),
  handler: async (ctx, { setlistId, index }) => {
    const setlist = await ctx.db.get("setlists", setlistId);
    if (setlist === null || setlist.songs.length === 0) return null;
    // `Math.random` is seeded by the deployment for each call: other people each time.
    const userId = await personWithKey(ctx, `crowd-${Math.floor(Math.random() * 1e9)}`, `Fan ${index + 1}`);
    const opinion = Math.random() < ACCURATE_SHARE ? "accurate" : "inaccurate";
    await countVote(ctx, setlist, await recordVote(ctx, userId, setlist, opinion));
    // Of several songs people want the first ones more.
    const song = setlist.songs[Math.floor(Math.random() ** 2 * setlist.songs.length)]!;
    const isWanted = await toggleSongVote(ctx, userId, setlist, song.title);
    await countSongVote(ctx, (await ctx.db.get("setlists", setlistId))!, song.title, isWanted);
    return null;
  },
});

const SONGS_MAX = 100;
const CROWD_MAX = 20;
const CROWD_PACE_MS = 350;
const ACCURATE_SHARE = 0.7;
