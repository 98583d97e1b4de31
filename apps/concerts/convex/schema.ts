/**
 * Tables of the concert site, the same for both forms of its functions.
 *
 *   artist ──< show >── venue          artist ──< artistSong >── song
 *                └──< setlist ──< vote, songVote
 *
 *   trendingArtists, trendingShows     the lists that visitors see, rewritten by a job
 *   cronSettings, cronRuns, maintenanceLocks, sweeps     the jobs' own books
 *
 * Times are milliseconds since the epoch, a show's `date` is `YYYY-MM-DD`. Fields that end in `Count` or `Score`, `trendingRank`, and a setlist's
 * `upvotes`, `downvotes` and `songs[].votes` are derived; `README.md` says who keeps them in which form.
 */
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import {
  catalogSyncStatus,
  importStatus,
  runBy,
  runOutcome,
  setlistSong,
  showStatus,
  voteType,
} from "./model/fields.ts";

const image = v.object({ url: v.string(), width: v.number(), height: v.number() });

export default defineSchema({
  users: defineTable({ clientKey: v.string(), name: v.string() }).index("by_client_key", ["clientKey"]),

  artists: defineTable({
    slug: v.string(),
    name: v.string(),
    lowerName: v.optional(v.string()),
    spotifyId: v.optional(v.string()),
    ticketmasterId: v.optional(v.string()),
    genres: v.optional(v.array(v.string())),
    images: v.optional(v.array(image)),
    popularity: v.optional(v.number()),
    followers: v.optional(v.number()),
    trendingScore: v.optional(v.number()),
    trendingRank: v.optional(v.number()),
    upcomingShowsCount: v.optional(v.number()),
    lastTrendingUpdate: v.optional(v.number()),
    isActive: v.boolean(),
    lastSynced: v.optional(v.number()),
    syncStatus: v.optional(v.object({ isImporting: v.boolean(), phase: v.string(), updatedAt: v.number() })),
    catalogSyncAttemptedAt: v.optional(v.number()),
    catalogSyncStatus: v.optional(catalogSyncStatus),
  })
    .index("by_slug", ["slug"])
    .index("by_name", ["name"])
    .index("by_trending_score", ["trendingScore"])
    .index("by_trending_rank", ["trendingRank"])
    .index("by_spotify_id", ["spotifyId"])
    .index("by_ticketmaster_id", ["ticketmasterId"])
    .index("by_lower_name", ["lowerName"]),

  venues: defineTable({
    name: v.string(),
    city: v.string(),
    country: v.string(),
    capacity: v.optional(v.number()),
  })
    .index("by_name", ["name"])
    .index("by_city", ["city"]),

  shows: defineTable({
    slug: v.optional(v.string()),
    artistId: v.id("artists"),
    venueId: v.id("venues"),
    date: v.string(),
    startTime: v.optional(v.string()),
    status: showStatus,
    ticketUrl: v.optional(v.string()),
    description: v.optional(v.string()),
    ticketmasterId: v.optional(v.string()),
    setlistfmId: v.optional(v.string()),
    setlistCount: v.optional(v.number()),
    voteCount: v.optional(v.number()),
    trendingScore: v.optional(v.number()),
    trendingRank: v.optional(v.number()),
    lastTrendingUpdate: v.optional(v.number()),
    lastSynced: v.optional(v.number()),
    importStatus: v.optional(importStatus),
  })
    .index("by_slug", ["slug"])
    .index("by_artist", ["artistId"])
    .index("by_venue", ["venueId"])
    .index("by_status", ["status"])
    .index("by_status_and_artist", ["status", "artistId"])
    .index("by_artist_and_status", ["artistId", "status"])
    .index("by_date", ["date"])
    .index("by_ticketmaster_id", ["ticketmasterId"])
    .index("by_trending_rank", ["trendingRank"])
    .index("by_import_status", ["importStatus"])
    // Only the root form uses these: what is due, what lacks a setlist, and what was never imported, each as one range.
    .index("by_status_and_date", ["status", "date"])
    .index("by_status_and_setlist_count", ["status", "setlistCount"])
    .index("by_status_and_import_status", ["status", "importStatus"]),

  songs: defineTable({
    title: v.string(),
    album: v.optional(v.string()),
    durationMs: v.optional(v.number()),
    popularity: v.optional(v.number()),
  }).index("by_title", ["title"]),

  artistSongs: defineTable({ artistId: v.id("artists"), songId: v.id("songs"), isPrimary: v.boolean() })
    .index("by_artist", ["artistId"])
    .index("by_song", ["songId"]),

  setlists: defineTable({
    showId: v.id("shows"),
    userId: v.optional(v.id("users")),
    /** Empty: a placeholder, which says that somebody has looked and there were no songs. */
    songs: v.array(setlistSong),
    isOfficial: v.boolean(),
    confidence: v.optional(v.number()),
    upvotes: v.optional(v.number()),
    downvotes: v.optional(v.number()),
    /** What was played, once the show is over. */
    actualSetlist: v.optional(v.array(v.string())),
    /** Share of the played songs that were predicted, 0 to 1. */
    accuracy: v.optional(v.number()),
  })
    .index("by_show", ["showId"])
    .index("by_user", ["userId"])
    .index("by_show_and_user", ["showId", "userId"]),

  votes: defineTable({
    userId: v.id("users"),
    setlistId: v.id("setlists"),
    voteType,
    songVotes: v.optional(v.array(v.object({ title: v.string(), isWanted: v.boolean() }))),
    createdAt: v.number(),
  })
    .index("by_setlist", ["setlistId"])
    .index("by_user", ["userId"])
    .index("by_user_and_setlist", ["userId", "setlistId"]),

  songVotes: defineTable({
    userId: v.id("users"),
    setlistId: v.id("setlists"),
    songTitle: v.string(),
    createdAt: v.number(),
  })
    .index("by_user_setlist_song", ["userId", "setlistId", "songTitle"])
    .index("by_user", ["userId"])
    .index("by_setlist_song", ["setlistId", "songTitle"])
    .index("by_setlist", ["setlistId"]),

  /** Ranks of artists, with the labels that a list shows. */
  trendingArtists: defineTable({
    rank: v.number(),
    artistId: v.optional(v.id("artists")),
    ticketmasterId: v.optional(v.string()),
    name: v.string(),
    slug: v.optional(v.string()),
    score: v.number(),
    upcomingShowsCount: v.number(),
  })
    .index("by_rank", ["rank"])
    .index("by_ticketmaster_id", ["ticketmasterId"])
    .index("by_artist", ["artistId"]),

  /** Ranks of shows, with the labels that a list shows. */
  trendingShows: defineTable({
    rank: v.number(),
    showId: v.optional(v.id("shows")),
    artistId: v.optional(v.id("artists")),
    ticketmasterId: v.optional(v.string()),
    slug: v.optional(v.string()),
    artistName: v.string(),
    venueName: v.string(),
    city: v.string(),
    date: v.string(),
    score: v.number(),
  })
    .index("by_rank", ["rank"])
    .index("by_ticketmaster_id", ["ticketmasterId"])
    .index("by_artist", ["artistId"])
    .index("by_show", ["showId"]),

  /** `runId`: whose lease it is, in the root form. */
  maintenanceLocks: defineTable({
    name: v.string(),
    isRunning: v.boolean(),
    updatedAt: v.number(),
    runId: v.optional(v.id("cronRuns")),
  }).index("by_name", ["name"]),

  cronSettings: defineTable({
    name: v.string(),
    intervalMs: v.number(),
    enabled: v.boolean(),
    lastRunAt: v.optional(v.number()),
    /** The registry runs the job and its native cron stands back. Absent on rows of the before form. */
    isManaged: v.optional(v.boolean()),
    /** The one pending wake-up of a managed, enabled job, and its time. */
    wakeId: v.optional(v.id("_scheduled_functions")),
    nextRunAt: v.optional(v.number()),
  }).index("by_name", ["name"]),

  /** History: one row a run, kept for a week. Without `endedAt` it is under way. */
  cronRuns: defineTable({
    name: v.string(),
    by: runBy,
    startedAt: v.number(),
    endedAt: v.optional(v.number()),
    outcome: v.optional(runOutcome),
    note: v.optional(v.string()),
  }).index("by_name_and_start", ["name", "startedAt"]),

  /** How far a check of a whole table has come. `generation` tells a full pass from one that replaced it. */
  sweeps: defineTable({
    name: v.string(),
    cursor: v.union(v.string(), v.null()),
    generation: v.number(),
    checked: v.number(),
    repaired: v.number(),
    passes: v.number(),
  }).index("by_name", ["name"]),

  spotifyTokens: defineTable({
    userId: v.id("users"),
    refreshToken: v.string(),
    accessToken: v.string(),
    expiresAt: v.number(),
  })
    .index("by_user", ["userId"])
    .index("by_expiry", ["expiresAt"]),
});
