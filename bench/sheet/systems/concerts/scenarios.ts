/**
 * What happens on the concert site: people vote, shows change, jobs run; and what happened when two functions ordered each other.
 *
 * @module
 */
import { HOUR_MS, MINUTE_MS } from "../../../../apps/concerts/convex/model/days.ts";
import { ANSWERED_EACH, servicePeer } from "../../../../apps/concerts/testing/service-peer.ts";
import type { QueryRequest } from "../../socket.ts";
import type { Stage } from "../../stage.ts";
import type { SheetSize } from "../../size.ts";
import type { Scenario } from "../../system.ts";
import type { Ballot, Facts } from "./facts.ts";
import { openTimers, playTimers } from "./timers.ts";

/** Votes in an hour: 480 a day, on a site that has had 10,000. */
const VOTES_AN_HOUR = 20;
const HOURS_A_DAY = 24;
const VISITORS = 10;
const LIST_LINES = 20;
const CHANGED_SHOWS = 5;
/** Shows that the setlist job looks at: what starts the chain reaction. */
const SPARKS = 60;
/** Five calls each: about 10,000. */
const QUESTIONS_MAX = { full: 2_000, quick: 200 } as const;

const many = ({ plays }: SheetSize): number => plays;
const once = (): number => 1;

/** A function's path in the form that is played. */
function path(stage: Stage<Facts>, name: string): string {
  return stage.form === "before" ? `before/${name}` : name;
}

/** Votes of people who have not voted yet, on one setlist after another or always the same. */
function voter(stage: Stage<Facts>): (ballot?: Ballot) => Promise<void> {
  const socket = stage.socket();
  const { ballots } = stage.facts;
  const cast = new Map<Ballot, number>();
  let turn = 0;
  return async (ballot = ballots[turn % ballots.length]!) => {
    const before = cast.get(ballot) ?? 0;
    cast.set(ballot, before + 1);
    const userId = ballot.voters[before];
    if (userId === undefined) throw new Error("Cannot vote: everybody has");
    const voteType = turn % 3 === 0 ? "inaccurate" : "accurate";
    turn += 1;
    await socket.mutate(path(stage, "votes:submitVote"), { userId, setlistId: ballot.setlistId, voteType });
  };
}

/** A job that is one mutation; the root's forms are told who asks. */
async function job(stage: Stage<Facts>, name: string): Promise<void> {
  await stage.call("mutation", path(stage, name), stage.form === "before" ? {} : { by: "operator" });
}

async function votes(vote: () => Promise<void>, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await vote();
}

export const SCENARIOS: readonly Scenario<Facts>[] = [
  {
    name: "orchestrator, a day",
    about: "24 hours of all jobs on their timers, 20 votes an hour",
    original: "4,346 calls against 157, the jobs' own queries and mutations left out",
    perDay: 1,
    plays: once,
    open: async (stage) => {
      const vote = voter(stage);
      await openTimers(stage);
      const minutes = stage.size.isQuick ? 6 * 60 : HOURS_A_DAY * 60;
      return async () => await playTimers(stage, minutes, async () => await votes(vote, VOTES_AN_HOUR));
    },
  },
  {
    name: "engagement, a day",
    about: "24 hourly runs of the job that counts setlists and votes, 20 votes before each",
    original: "17,000 documents a run, 408,000 a day",
    plays: once,
    open: async (stage) => {
      const vote = voter(stage);
      await job(stage, "trending:updateEngagementCounts");
      return async () => {
        for (let hour = 0; hour < HOURS_A_DAY; hour++) {
          await votes(vote, VOTES_AN_HOUR);
          await stage.advance(HOUR_MS);
          await job(stage, "trending:updateEngagementCounts");
        }
      };
    },
  },
  {
    name: "vote, its show open",
    about: "one vote, while ten visitors look at the show with its setlist",
    plays: many,
    open: async (stage) => {
      const [ballot] = stage.facts.ballots;
      const vote = voter(stage);
      for (let visitor = 0; visitor < VISITORS; visitor++) {
        await stage.socket().modify(showPage(stage, ballot!, stage.facts.visitors.at(-1 - visitor)!));
      }
      await vote(ballot);
      return async () => await vote(ballot);
    },
  },
  {
    name: "show counts",
    about: "upcoming shows of 1,000 artists are counted; nothing has changed",
    original: "1,001 queries, 7,000 documents and 1,000 writes",
    plays: many,
    open: async (stage) => {
      await job(stage, "trending:updateArtistShowCounts");
      return async () => {
        await stage.advance(2 * HOUR_MS);
        await job(stage, "trending:updateArtistShowCounts");
      };
    },
  },
  {
    name: "show counts, 5 changed",
    about: "five shows are cancelled, then upcoming shows are counted",
    plays: many,
    open: async (stage) => {
      let next = 0;
      const change = async (): Promise<void> => {
        const showId = stage.facts.changing[next]!;
        next += 1;
        await stage.call("mutation", path(stage, "shows:setShowStatus"), { showId, status: "cancelled" });
      };
      await change();
      await job(stage, "trending:updateArtistShowCounts");
      return async () => {
        for (let show = 0; show < CHANGED_SHOWS; show++) await change();
        await stage.advance(2 * HOUR_MS);
        await job(stage, "trending:updateArtistShowCounts");
      };
    },
  },
  {
    name: "trending page, an hour",
    about: "ten visitors look at the list of shows; 20 votes, then the hourly job",
    plays: many,
    open: async (stage) => {
      const vote = voter(stage);
      for (let visitor = 0; visitor < VISITORS; visitor++) {
        await stage.socket().modify([ask(stage, "trending:getTrendingShows", { limit: LIST_LINES })]);
      }
      await vote();
      await job(stage, "trending:updateEngagementCounts");
      return async () => {
        await votes(vote, VOTES_AN_HOUR);
        await stage.advance(HOUR_MS);
        await job(stage, "trending:updateEngagementCounts");
      };
    },
  },
  {
    name: "chain reaction",
    about:
      "an hour after the setlist job, while the music service refuses 97.7 % of the questions; ended at 10,000 calls",
    original: "19 million calls in three days",
    plays: once,
    open: async (stage) => {
      const max = stage.size.isQuick ? QUESTIONS_MAX.quick : QUESTIONS_MAX.full;
      const peer = await servicePeer((_path, question) => question > max || question % ANSWERED_EACH !== 0);
      peer.unref();
      await stage.world.app.setEnvironment({ SERVICES_URL: peer.url });
      return async () => {
        await stage.call("mutation", path(stage, "setlists:refreshMissingAutoSetlists"), { limit: SPARKS });
        await stage.advance(60 * MINUTE_MS);
        await peer.close();
      };
    },
  },
];

function showPage(stage: Stage<Facts>, { slug, showId, setlistId }: Ballot, userId: string): QueryRequest[] {
  return [
    ask(stage, "shows:getBySlug", { slug }),
    ask(stage, "setlists:getByShow", { showId }),
    ask(stage, "votes:mine", { userId, setlistId }),
  ];
}

function ask(stage: Stage<Facts>, name: string, args: QueryRequest["args"]): QueryRequest {
  return { path: path(stage, name), args };
}
