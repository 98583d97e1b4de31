/**
 * The shows of one artist.
 */
import { EmptyState, LoadingRows } from "@narrowcast/ui";
import { useQuery } from "convex/react";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import { showDate } from "../data/dates.ts";
import { hashOf } from "../data/route.ts";
import { BackLink } from "./back-link.tsx";

/** Upcoming shows, each a link. */
export function ArtistShows({ slug }: { readonly slug: string }): ReactElement {
  const artist = useQuery(api.artists.getBySlug, { slug });
  const shows = useQuery(api.shows.upcomingOf, { artistSlug: slug });
  if (artist === undefined || shows === undefined) return <LoadingRows label="Loading the artist" />;
  if (artist === null) {
    return (
      <>
        <BackLink />
        <EmptyState title="No such artist">The address may be old. Choose one from the list.</EmptyState>
      </>
    );
  }
  const byDate = shows.toSorted((a, b) => a.date.localeCompare(b.date));
  return (
    <div className="scroll">
      <BackLink />
      <header className="show-head">
        <p className="nc-muted overline">{artist.genres?.join(", ")}</p>
        <h2>{artist.name}</h2>
      </header>
      {byDate.length === 0 ? (
        <EmptyState title="No shows ahead">There will be some when the tour goes on.</EmptyState>
      ) : (
        <ul className="ranks">
          {byDate.map((show) => (
            <li key={show._id}>
              <a className="rank-line" href={hashOf({ view: "show", slug: show.slug ?? "" })}>
                <span className="rank-text">
                  <b>{showDate(show.date)}</b>
                  <span className="nc-muted">{show.startTime}</span>
                </span>
                <span className="rank-side nc-muted nc-numbers">
                  {show.voteCount === 1 ? "1 vote" : `${show.voteCount ?? 0} votes`}
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
