/**
 * A predicted setlist: how right people think it is, and which songs they want, most wanted shown by its bar.
 */
import { Button } from "@mantine/core";
import { Meter, useTask } from "@narrowcast/ui";
import { IconHeart, IconHeartFilled, IconThumbDown, IconThumbUp } from "@tabler/icons-react";
import { useMutation, useQuery } from "convex/react";
import type { FunctionReturnType } from "convex/server";
import type { CSSProperties, ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";

type Setlist = FunctionReturnType<typeof api.setlists.getByShow>[number];

interface SetlistCardProps {
  readonly setlist: Setlist;
  /** Undefined until the deployment knows this browser. */
  readonly person: Id<"users"> | undefined;
}

/** The card. */
export function SetlistCard({ setlist, person }: SetlistCardProps): ReactElement {
  const mine = useQuery(api.votes.mine, person === undefined ? "skip" : { userId: person, setlistId: setlist._id });
  const wanted = new Set(mine?.songs);
  const most = Math.max(1, ...setlist.songs.map(({ votes }) => votes));
  return (
    <section className="setlist" aria-label="Predicted setlist">
      <Opinion setlist={setlist} person={person} own={mine?.voteType ?? null} />
      <ol className="songs">
        {setlist.songs.map(({ title, votes }, index) => (
          <SongLine
            key={title}
            number={index + 1}
            title={title}
            votes={votes}
            share={votes / most}
            isWanted={wanted.has(title)}
            isPlayed={setlist.actualSetlist?.includes(title) === true}
            setlistId={setlist._id}
            person={person}
          />
        ))}
      </ol>
    </section>
  );
}

interface OpinionProps {
  readonly setlist: Setlist;
  readonly person: Id<"users"> | undefined;
  readonly own: "accurate" | "inaccurate" | null;
}

function Opinion({ setlist, person, own }: OpinionProps): ReactElement {
  const submit = useMutation(api.votes.submitVote);
  const task = useTask();
  const { upvotes, downvotes, accuracy } = setlist;
  const all = upvotes + downvotes;
  const vote = (voteType: "accurate" | "inaccurate") =>
    void task.run(async () => {
      if (person !== undefined) await submit({ userId: person, setlistId: setlist._id, voteType });
    });
  const button = (voteType: "accurate" | "inaccurate", count: number, icon: ReactElement) => (
    <Button
      variant={own === voteType ? "filled" : "default"}
      aria-pressed={own === voteType}
      disabled={person === undefined}
      leftSection={icon}
      onClick={() => vote(voteType)}
    >
      {voteType === "accurate" ? "Accurate" : "Inaccurate"} <span className="button-count nc-numbers">{count}</span>
    </Button>
  );
  return (
    <div className="opinion">
      <div className="opinion-buttons">
        {button("accurate", upvotes, <IconThumbUp size={15} stroke={1.7} />)}
        {button("inaccurate", downvotes, <IconThumbDown size={15} stroke={1.7} />)}
      </div>
      <Meter
        label="Think it is accurate"
        value={all === 0 ? 0 : upvotes / all}
        text={all === 0 ? "nobody has said" : `${Math.round((100 * upvotes) / all)} %`}
      />
      {accuracy !== undefined && (
        <p className="nc-muted">{Math.round(100 * accuracy)} % of what was played was on it.</p>
      )}
      {task.error !== undefined && <p role="alert">{task.error}</p>}
    </div>
  );
}

interface SongLineProps {
  readonly number: number;
  readonly title: string;
  readonly votes: number;
  readonly share: number;
  readonly isWanted: boolean;
  readonly isPlayed: boolean;
  readonly setlistId: Id<"setlists">;
  readonly person: Id<"users"> | undefined;
}

function SongLine({ number, title, votes, share, isWanted, isPlayed, setlistId, person }: SongLineProps): ReactElement {
  const submit = useMutation(api.votes.submitSongVote);
  const task = useTask();
  return (
    <li>
      <button
        type="button"
        className="song"
        aria-pressed={isWanted}
        disabled={person === undefined}
        style={{ "--share": share } as CSSProperties}
        onClick={() =>
          void task.run(async () => {
            if (person !== undefined) await submit({ userId: person, setlistId, songTitle: title });
          })
        }
      >
        <span className="rank nc-numbers nc-muted">{number}</span>
        <span className="song-title nc-clip">
          {title}
          {isPlayed && <span className="played"> played</span>}
        </span>
        <span className="nc-numbers song-votes">
          <span className="nc-heard">wanted by </span>
          <span className={votes > 0 ? undefined : "nc-heard"}>{votes}</span>
        </span>
        {isWanted ? (
          <IconHeartFilled size={16} aria-hidden="true" />
        ) : (
          <IconHeart size={16} stroke={1.6} aria-hidden="true" />
        )}
      </button>
      {task.error !== undefined && <p role="alert">{task.error}</p>}
    </li>
  );
}
