/**
 * Validators that several tables or functions share.
 */
import { v, type Infer } from "convex/values";

export const showStatus = v.union(v.literal("upcoming"), v.literal("completed"), v.literal("cancelled"));
export type ShowStatus = Infer<typeof showStatus>;

export const importStatus = v.union(
  v.literal("pending"),
  v.literal("importing"),
  v.literal("completed"),
  v.literal("failed"),
);

export const catalogSyncStatus = v.union(
  v.literal("never"),
  v.literal("pending"),
  v.literal("syncing"),
  v.literal("completed"),
  v.literal("failed"),
);

/** What people say of a whole setlist. */
export const voteType = v.union(v.literal("accurate"), v.literal("inaccurate"));
export type VoteType = Infer<typeof voteType>;

/** One line of a setlist; `votes` is how many people want to hear it. */
export const setlistSong = v.object({
  title: v.string(),
  album: v.optional(v.string()),
  duration: v.optional(v.number()),
  songId: v.optional(v.id("songs")),
  votes: v.optional(v.number()),
});
export type SetlistSong = Infer<typeof setlistSong>;

/** Who started a run of a job. `continuation`: the run before it, which had more to do than one transaction holds. */
export const runBy = v.union(
  v.literal("cron"),
  v.literal("registry"),
  v.literal("operator"),
  v.literal("continuation"),
);
export type RunBy = Infer<typeof runBy>;

export const runOutcome = v.union(v.literal("done"), v.literal("failed"), v.literal("skipped"));

/** A track as the music service describes it. */
export const track = v.object({
  title: v.string(),
  album: v.string(),
  durationMs: v.number(),
  popularity: v.number(),
  kind: v.union(v.literal("studio"), v.literal("live"), v.literal("karaoke")),
});
export type Track = Infer<typeof track>;
