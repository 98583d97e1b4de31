/**
 * The two trending lists, live. A vote does not wake them: their lines carry what is shown, and a job rewrites those that changed.
 */
import { SegmentedControl } from "@mantine/core";
import { EmptyState, LoadingRows } from "@narrowcast/ui";
import { useQuery } from "convex/react";
import { useState, type ReactElement, type ReactNode } from "react";
import { api } from "../../convex/_generated/api.js";
import { showDate } from "../data/dates.ts";
import { hashOf, type Route } from "../data/route.ts";

const LINES = 40;

/** Shows or artists, by rank. */
export function TrendingLists({ route }: { readonly route: Route }): ReactElement {
  const [tab, setTab] = useState<"shows" | "artists">(route.view === "artist" ? "artists" : "shows");
  return (
    <>
      <div className="column-head">
        <h2>Trending</h2>
        <SegmentedControl
          aria-label="List"
          value={tab}
          onChange={(value) => setTab(value)}
          data={[
            { value: "shows", label: "Shows" },
            { value: "artists", label: "Artists" },
          ]}
        />
      </div>
      <div className="scroll">{tab === "shows" ? <Shows route={route} /> : <Artists route={route} />}</div>
    </>
  );
}

function Shows({ route }: { readonly route: Route }): ReactElement {
  const list = useQuery(api.trending.getTrendingShows, { limit: LINES });
  if (list === undefined) return <LoadingRows rows={8} height={44} label="Loading shows" />;
  if (list.page.length === 0) return <NothingYet />;
  return (
    <ol className="ranks">
      {list.page.map(({ rank, slug = "", artistName, venueName, city, date, score }) => (
        <RankLine
          key={slug}
          rank={rank}
          href={hashOf({ view: "show", slug })}
          isCurrent={route.view === "show" && route.slug === slug}
          title={artistName}
          side={showDate(date)}
          sub={`${venueName}, ${city}`}
          score={score.toFixed(1)}
        />
      ))}
    </ol>
  );
}

function Artists({ route }: { readonly route: Route }): ReactElement {
  const list = useQuery(api.trending.getTrendingArtists, { limit: LINES });
  if (list === undefined) return <LoadingRows rows={8} height={44} label="Loading artists" />;
  if (list.page.length === 0) return <NothingYet />;
  return (
    <ol className="ranks">
      {list.page.map(({ rank, slug = "", name, score, upcomingShowsCount }) => (
        <RankLine
          key={slug}
          rank={rank}
          href={hashOf({ view: "artist", slug })}
          isCurrent={route.view === "artist" && route.slug === slug}
          title={name}
          sub={upcomingShowsCount === 1 ? "1 show ahead" : `${upcomingShowsCount} shows ahead`}
          score={String(score)}
        />
      ))}
    </ol>
  );
}

interface RankLineProps {
  readonly rank: number;
  readonly href: string;
  readonly isCurrent: boolean;
  readonly title: string;
  readonly side?: ReactNode;
  readonly sub: string;
  readonly score: string;
}

function RankLine({ rank, href, isCurrent, title, side, sub, score }: RankLineProps): ReactElement {
  return (
    <li>
      <a className="rank-line" href={href} aria-current={isCurrent ? "page" : undefined}>
        <span className="rank nc-numbers nc-muted">
          <span className="nc-heard">Rank </span>
          {rank}
        </span>
        <span className="rank-text">
          <b className="nc-clip">{title}</b>
          <span className="nc-muted nc-clip">{sub}</span>
        </span>
        <span className="rank-side nc-numbers">
          {side !== undefined && <span>{side}</span>}
          <span className="nc-muted" title="Trending score">
            {score}
          </span>
        </span>
      </a>
    </li>
  );
}

function NothingYet(): ReactElement {
  return <EmptyState title="Nothing trends yet">The lists are written by a job; run it from the board.</EmptyState>;
}
