/**
 * Ids of the seeded data that the scenarios need.
 *
 * @module
 */
import type { World } from "../../world.ts";

/** A setlist that is voted on, with its show. */
export interface Ballot {
  readonly setlistId: string;
  readonly showId: string;
  readonly slug: string;
  /** People who have not voted on it yet. */
  readonly voters: readonly string[];
}

/** See the module comment. */
export interface Facts {
  /** Looks at pages. */
  readonly visitors: readonly string[];
  /** Of upcoming shows, nearest first, so that those of the lists are among them. */
  readonly ballots: readonly Ballot[];
  /** Upcoming shows that change their status, of artists of their own. */
  readonly changing: readonly string[];
}

const BALLOTS = 60;
const CHANGING = 400;

interface Row {
  readonly _id: string;
  readonly [field: string]: unknown;
}

/** As many elements as an array of a result may have, half of them. */
const PART_ROWS = 4096;

function inParts(rows: readonly Row[]): readonly (readonly Row[])[] {
  const parts = Math.ceil(rows.length / PART_ROWS);
  return Array.from({ length: parts }, (_, part) => rows.slice(part * PART_ROWS, (part + 1) * PART_ROWS));
}

/** Looks them up. */
export async function lookUp({ app }: World): Promise<Facts> {
  const [users, shows, setlists, votes] = await app
    .run(async (ctx) => {
      const all = async (table: string) => inParts((await ctx.db.query(table).collect()) as Row[]);
      return [await all("users"), await all("shows"), await all("setlists"), await all("votes")] as const;
    })
    .then(([a, b, c, d]) => [a.flat(), b.flat(), c.flat(), d.flat()] as const);
  const setlistOf = new Map(setlists.map((setlist) => [setlist["showId"], setlist]));
  const upcoming = shows
    .filter(({ status }) => status === "upcoming")
    .toSorted((a, b) => String(a["date"]).localeCompare(String(b["date"])));
  const withSetlist = upcoming.filter(({ _id }) => setlistOf.has(_id)).slice(0, BALLOTS);
  const ballots = withSetlist.map((show) => {
    const setlist = setlistOf.get(show._id)!;
    const voted = new Set(votes.filter(({ setlistId }) => setlistId === setlist._id).map(({ userId }) => userId));
    const voters = users.map(({ _id }) => _id).filter((id) => !voted.has(id));
    return { setlistId: setlist._id, showId: show._id, slug: String(show["slug"]), voters };
  });
  return {
    visitors: users.map(({ _id }) => _id),
    ballots,
    changing: upcoming
      .toReversed()
      .slice(0, CHANGING)
      .map(({ _id }) => _id),
  };
}
