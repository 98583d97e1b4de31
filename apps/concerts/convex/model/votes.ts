/**
 * What people say of setlists, and how it is counted.
 *
 * `recordVote` is one write for both forms. The before form leaves every count to an hourly job and to readers; the root form moves the counters of the
 * setlist and the show here, in the vote's own transaction (`countVote`).
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { mustExist, refuse } from "./errors.ts";
import type { VoteType } from "./fields.ts";

/** More votes of one setlist than this are not counted one by one; its counters are then what the votes have made of them. */
export const VOTES_COUNTED_MAX = 8_000;

/** How a setlist stands. */
export interface Tally {
  readonly upvotes: number;
  readonly downvotes: number;
}

/** A vote before and after; `before` is undefined for somebody's first. */
export interface VoteChange {
  readonly before: VoteType | undefined;
  readonly after: VoteType;
}

/** One vote a person and setlist; a second one replaces the first. */
export async function recordVote(
  ctx: MutationCtx,
  userId: Id<"users">,
  setlist: Doc<"setlists">,
  voteType: VoteType,
): Promise<VoteChange> {
  mustExist(await ctx.db.get("users", userId), "User");
  const existing = await ctx.db
    .query("votes")
    .withIndex("by_user_and_setlist", (q) => q.eq("userId", userId).eq("setlistId", setlist._id))
    .unique();
  if (existing === null) {
    await ctx.db.insert("votes", { userId, setlistId: setlist._id, voteType, createdAt: Date.now() });
  } else {
    await ctx.db.patch("votes", existing._id, { voteType });
  }
  return { before: existing?.voteType, after: voteType };
}

/** Moves the counters by one vote that has just been written. Counters that were never made are made now, the vote included. */
export async function countVote(
  ctx: MutationCtx,
  setlist: Doc<"setlists">,
  { before, after }: VoteChange,
): Promise<void> {
  const { upvotes, downvotes } = setlist;
  const isCounted = upvotes !== undefined && downvotes !== undefined;
  if (before === after && isCounted) return;
  const tally = isCounted ? moved({ upvotes, downvotes }, before, after) : await tallyOf(ctx, setlist._id);
  if (tally !== undefined) await ctx.db.patch("setlists", setlist._id, { ...tally });
  if (before !== undefined) return;
  const show = await ctx.db.get("shows", setlist.showId);
  if (show === null) return;
  const voteCount =
    show.voteCount === undefined ? (await countEngagement(ctx, show._id))?.voteCount : show.voteCount + 1;
  await ctx.db.patch("shows", show._id, { voteCount });
}

function moved({ upvotes, downvotes }: Tally, before: VoteType | undefined, after: VoteType): Tally {
  const delta = (type: VoteType) => Number(after === type) - Number(before === type);
  return { upvotes: upvotes + delta("accurate"), downvotes: downvotes + delta("inaccurate") };
}

/** Counts the votes of a setlist one by one; undefined: they are too many for one transaction. */
export async function tallyOf(ctx: QueryCtx, setlistId: Id<"setlists">): Promise<Tally | undefined> {
  const votes = await ctx.db
    .query("votes")
    .withIndex("by_setlist", (q) => q.eq("setlistId", setlistId))
    .take(VOTES_COUNTED_MAX + 1);
  if (votes.length > VOTES_COUNTED_MAX) return undefined;
  const upvotes = votes.filter(({ voteType }) => voteType === "accurate").length;
  return { upvotes, downvotes: votes.length - upvotes };
}

/** What counting a show's setlists and their votes one by one gives: the truth that counters are compared with. */
export interface Engagement {
  readonly setlistCount: number;
  readonly voteCount: number;
  readonly tallies: readonly { readonly setlist: Doc<"setlists">; readonly tally: Tally }[];
}

/** See {@link Engagement}; undefined when a setlist has too many votes for one transaction. */
export async function countEngagement(ctx: QueryCtx, showId: Id<"shows">): Promise<Engagement | undefined> {
  const tallies = [];
  let voteCount = 0;
  for (const setlist of await setlistsOf(ctx, showId)) {
    const tally = await tallyOf(ctx, setlist._id);
    if (tally === undefined) return undefined;
    tallies.push({ setlist, tally });
    voteCount += tally.upvotes + tally.downvotes;
  }
  return { setlistCount: tallies.length, voteCount, tallies };
}

/** The setlists of a show: official ones, predictions and those that visitors made, a handful. */
export async function setlistsOf(ctx: QueryCtx, showId: Id<"shows">): Promise<Doc<"setlists">[]> {
  return await ctx.db
    .query("setlists")
    .withIndex("by_show", (q) => q.eq("showId", showId))
    .collect();
}

/** Wants a song, or no longer; tells which. */
export async function toggleSongVote(
  ctx: MutationCtx,
  userId: Id<"users">,
  setlist: Doc<"setlists">,
  songTitle: string,
): Promise<boolean> {
  mustExist(await ctx.db.get("users", userId), "User");
  if (!setlist.songs.some(({ title }) => title === songTitle)) {
    refuse("vote for the song", `"${songTitle}" is not on the setlist`, "choose one of its songs");
  }
  const existing = await ctx.db
    .query("songVotes")
    .withIndex("by_user_setlist_song", (q) =>
      q.eq("userId", userId).eq("setlistId", setlist._id).eq("songTitle", songTitle),
    )
    .unique();
  if (existing === null) {
    await ctx.db.insert("songVotes", { userId, setlistId: setlist._id, songTitle, createdAt: Date.now() });
    return true;
  }
  await ctx.db.delete("songVotes", existing._id);
  return false;
}

/** Moves a song's counter after its vote was written (root form). */
export async function countSongVote(
  ctx: MutationCtx,
  setlist: Doc<"setlists">,
  songTitle: string,
  isWanted: boolean,
): Promise<void> {
  const songs = [];
  for (const song of setlist.songs) {
    if (song.title !== songTitle) songs.push(song);
    else if (song.votes === undefined) songs.push({ ...song, votes: await songVotesOf(ctx, setlist._id, songTitle) });
    else songs.push({ ...song, votes: Math.max(0, song.votes + (isWanted ? 1 : -1)) });
  }
  await ctx.db.patch("setlists", setlist._id, { songs });
}

/** Counts the votes of one song one by one. */
export async function songVotesOf(ctx: QueryCtx, setlistId: Id<"setlists">, songTitle: string): Promise<number> {
  const votes = await ctx.db
    .query("songVotes")
    .withIndex("by_setlist_song", (q) => q.eq("setlistId", setlistId).eq("songTitle", songTitle))
    .take(VOTES_COUNTED_MAX);
  return votes.length;
}
