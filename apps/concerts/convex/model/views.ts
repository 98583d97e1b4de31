/**
 * Shapes of results.
 */
import { v, type GenericValidator, type Infer } from "convex/values";
import schema from "../schema.ts";
import { setlistSong, voteType } from "./fields.ts";

const systemFields = <Table extends "artists" | "shows">(table: Table) => ({
  _id: v.id(table),
  _creationTime: v.number(),
});

export const artistDoc = v.object({ ...systemFields("artists"), ...schema.tables.artists.validator.fields });
export const showDoc = v.object({ ...systemFields("shows"), ...schema.tables.shows.validator.fields });

/** Lines of the lists that visitors see. */
export const trendingShow = schema.tables.trendingShows.validator;
export const trendingArtist = schema.tables.trendingArtists.validator;

/** A page of a list, in the shape of Convex's pagination. */
export function pageOf<Line extends GenericValidator>(line: Line) {
  return v.object({ page: v.array(line), isDone: v.boolean(), continueCursor: v.string() });
}

/** What a job tells; `ran` is false when it stood back. */
export const jobResult = v.object({ ran: v.boolean(), note: v.string() });
export type JobResult = Infer<typeof jobResult>;

/** A setlist with how it stands, counted by whoever keeps counts in that form. */
export const setlistView = v.object({
  _id: v.id("setlists"),
  showId: v.id("shows"),
  isOfficial: v.boolean(),
  songs: v.array(v.object({ ...setlistSong.fields, votes: v.number() })),
  upvotes: v.number(),
  downvotes: v.number(),
  confidence: v.optional(v.number()),
  actualSetlist: v.optional(v.array(v.string())),
  accuracy: v.optional(v.number()),
});

/** A show with the two things that it is of. */
export const showView = v.object({
  ...showDoc.fields,
  artist: v.object({ name: v.string(), slug: v.string(), genres: v.array(v.string()) }),
  venue: v.object({ name: v.string(), city: v.string(), country: v.string() }),
});

/** What one person has said of a setlist. */
export const ownVotes = v.object({ voteType: v.nullable(voteType), songs: v.array(v.string()) });
