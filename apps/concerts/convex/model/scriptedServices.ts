/**
 * Answers of the services outside, made from the question alone: the same every time, here, in tests and in measurements.
 *
 * Ids with the prefix `cast-` stand for what has no studio recordings, such as a musical's cast: the music service knows them, and of its tracks
 * none is usable.
 */
import type { Track } from "./fields.ts";
import { pick, seededRandom, textSeed, type Random } from "./random.ts";
import { songTitle } from "./texts.ts";

/** Tracks of a studio artist. */
const TRACKS = 24;
const CAST_PREFIX = "cast-";

/** What the service at `path` says; status 404 for what is unknown. */
export function scriptedAnswer(path: string, query: URLSearchParams): { status: number; body: unknown } {
  switch (path) {
    case "/tickets/trending":
      return { status: 200, body: { shows: [], artists: [] } };
    case "/music/artist":
      return { status: 200, body: musicArtist(query.get("id") ?? "") };
    case "/music/token":
      return {
        status: 200,
        body: { accessToken: `access-${textSeed(query.get("token") ?? "")}`, expiresInSeconds: 86_400 },
      };
    case "/setlists/show":
      return playedSetlist(query.get("id") ?? "");
    default:
      return { status: 404, body: { error: `No service at ${path}` } };
  }
}

function musicArtist(id: string) {
  const random = seededRandom(textSeed(id));
  const isCast = id.startsWith(CAST_PREFIX);
  const tracks = Array.from({ length: TRACKS }, (_, index) => trackOf(random, index, isCast));
  const popularity = 20 + Math.floor(random() * 75);
  return { spotifyId: id, popularity, followers: Math.floor(random() ** 3 * 30_000_000), tracks };
}

function trackOf(random: Random, index: number, isCast: boolean): Track {
  return {
    title: songTitle(random),
    album: isCast ? "Original cast" : `Album ${1 + Math.floor(index / 8)}`,
    durationMs: 120_000 + Math.floor(random() * 240_000),
    popularity: Math.max(1, 90 - index * 3),
    kind: isCast ? pick(random, ["karaoke", "live"] as const) : "studio",
  };
}

/** One show in five is not known to the setlist site. */
function playedSetlist(slug: string) {
  const random = seededRandom(textSeed(slug));
  if (random() < 0.2) return { status: 404, body: { error: "Not known" } };
  const songs = Array.from({ length: 16 }, () => songTitle(random));
  return { status: 200, body: { setlistfmId: `sfm-${textSeed(slug).toString(16)}`, songs: [...new Set(songs)] } };
}
