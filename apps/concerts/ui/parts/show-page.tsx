/**
 * One show with its setlist, and what people say of it, live.
 */
import { Button } from "@mantine/core";
import { EmptyState, LoadingRows, useTask } from "@narrowcast/ui";
import { IconUsersGroup } from "@tabler/icons-react";
import { useMutation, useQuery } from "convex/react";
import type { FunctionReturnType } from "convex/server";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";
import { showDate } from "../data/dates.ts";
import { BackLink } from "./back-link.tsx";
import { SetlistCard } from "./setlist-card.tsx";

/** People that one press of the button sends. */
const CROWD = 12;

interface ShowPageProps {
  readonly slug: string;
  readonly person: Id<"users"> | undefined;
}

/** The show of an address. */
export function ShowPage({ slug, person }: ShowPageProps): ReactElement {
  const show = useQuery(api.shows.getBySlug, { slug });
  const setlists = useQuery(api.setlists.getByShow, show ? { showId: show._id } : "skip");
  if (show === undefined) return <LoadingRows label="Loading the show" />;
  if (show === null) {
    return (
      <>
        <BackLink />
        <EmptyState title="No such show">The address may be old. Choose one from the list.</EmptyState>
      </>
    );
  }
  const [setlist] = setlists ?? [];
  return (
    <div className="scroll">
      <BackLink />
      <ShowHead show={show} crowdFor={setlist?._id} />
      {setlists === undefined && <LoadingRows rows={10} label="Loading the setlist" />}
      {setlists !== undefined && (setlist === undefined || setlist.songs.length === 0) && (
        <EmptyState title="No setlist yet">It is predicted as soon as the artist&apos;s songs are known.</EmptyState>
      )}
      {setlist !== undefined && setlist.songs.length > 0 && <SetlistCard setlist={setlist} person={person} />}
    </div>
  );
}

interface ShowHeadProps {
  readonly show: NonNullable<FunctionReturnType<typeof api.shows.getBySlug>>;
  readonly crowdFor: Id<"setlists"> | undefined;
}

function ShowHead({ show, crowdFor }: ShowHeadProps): ReactElement {
  const crowd = useMutation(api.votes.crowd);
  const task = useTask();
  const { artist, venue, voteCount = 0, trendingRank = 0 } = show;
  return (
    <header className="show-head">
      <p className="nc-muted overline">
        {showDate(show.date)}
        {show.startTime !== undefined && `, ${show.startTime}`}
        {show.status !== "upcoming" && `, ${show.status}`}
      </p>
      <h2>{artist.name}</h2>
      <p className="nc-muted">
        {venue.name}, {venue.city}, {venue.country}
      </p>
      <div className="show-facts">
        <span className="nc-numbers" aria-live="polite">
          <b>{voteCount}</b> {voteCount === 1 ? "vote" : "votes"}
        </span>
        {trendingRank > 0 && (
          <span className="nc-numbers">
            Rank <b>{trendingRank}</b>
          </span>
        )}
        {crowdFor !== undefined && (
          <Button
            variant="default"
            leftSection={<IconUsersGroup size={15} stroke={1.7} />}
            loading={task.isBusy}
            onClick={() => void task.run(async () => crowd({ setlistId: crowdFor, people: CROWD }))}
          >
            Let {CROWD} people vote
          </Button>
        )}
      </div>
      {task.error !== undefined && <p role="alert">{task.error}</p>}
      {show.description !== undefined && <p className="nc-muted show-about">{show.description}</p>}
    </header>
  );
}
