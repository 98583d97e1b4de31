/**
 * The viewer's matches by tier, with the run that makes them above.
 */
import { ActionIcon, Button, SegmentedControl, Tooltip } from "@mantine/core";
import { EmptyState, ErrorNotice, LoadingRows, RelativeTime, useTask } from "@narrowcast/ui";
import { IconBookmark, IconBookmarkFilled, IconSparkles, IconX } from "@tabler/icons-react";
import { useMutation, useQuery } from "convex/react";
import type { FunctionReturnType } from "convex/server";
import { useState, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import { RunCard } from "./run-card.tsx";
import { Section } from "./section.tsx";

type Matches = NonNullable<FunctionReturnType<typeof api.matches.getMyMatches>>;
type Match = Matches["matches"]["great"][number];
type Shown = "open" | "saved" | "dismissed";

const TIERS = [
  ["great", "Great fit"],
  ["good", "Good fit"],
  ["exploring", "Worth a look"],
] as const;
/** Matches of a tier that are shown at first. */
const TIER_SHOWN = 4;
const CHOICES = [
  { value: "open", label: "Open" },
  { value: "saved", label: "Saved" },
  { value: "dismissed", label: "Dismissed" },
];

export function MatchesSection({ userId }: { readonly userId: string }): ReactElement {
  const found = useQuery(api.matches.getMyMatches, { userId });
  const [shown, setShown] = useState<Shown>("open");
  const aside =
    found === undefined || found === null || found.computedAt === null ? null : (
      <span className="nc-muted small">
        {found.newMatchCount > 0 ? (
          <>
            <strong className="new-count">{found.newMatchCount} new</strong> of {found.total}
          </>
        ) : (
          `${found.total} found`
        )}
        , <RelativeTime time={found.computedAt} />
      </span>
    );
  return (
    <Section title="Matches" aside={aside}>
      <RunCard userId={userId} />
      <SegmentedControl
        fullWidth
        size="xs"
        aria-label="Which matches"
        data={CHOICES}
        value={shown}
        onChange={(value) => setShown(value as Shown)}
      />
      {found === undefined && <LoadingRows rows={5} height={64} label="Loading matches" />}
      {found === null && <EmptyState title="No profile">Only people with a profile have matches.</EmptyState>}
      {found !== undefined && found !== null && <MatchLists found={found} shown={shown} userId={userId} />}
    </Section>
  );
}

function MatchLists({
  found,
  shown,
  userId,
}: {
  readonly found: Matches;
  readonly shown: Shown;
  readonly userId: string;
}): ReactElement {
  const lists = TIERS.map(([tier, label]) => ({
    label,
    matches: found.matches[tier].filter((match) => isShown(match, shown)),
  })).filter(({ matches }) => matches.length > 0);
  if (lists.length === 0) {
    return (
      <EmptyState icon={<IconSparkles size={26} stroke={1.4} />} title={EMPTY[shown].title}>
        {EMPTY[shown].text}
      </EmptyState>
    );
  }
  return (
    <>
      {lists.map(({ label, matches }) => (
        <TierList key={label} label={label} matches={matches} userId={userId} />
      ))}
    </>
  );
}

/** One tier: its best matches, the others on demand. */
function TierList({
  label,
  matches,
  userId,
}: {
  readonly label: string;
  readonly matches: readonly Match[];
  readonly userId: string;
}): ReactElement {
  const [isWhole, setWhole] = useState(false);
  const hidden = isWhole ? 0 : Math.max(0, matches.length - TIER_SHOWN);
  return (
    <div>
      <h4 className="list-heading">
        {label} <span className="nc-muted">{matches.length}</span>
      </h4>
      <ul className="rows" aria-label={label}>
        {matches.slice(0, matches.length - hidden).map((match) => (
          <MatchRow key={match._id} match={match} userId={userId} />
        ))}
      </ul>
      {hidden > 0 && (
        <Button size="compact-xs" variant="subtle" onClick={() => setWhole(true)}>
          {hidden} more
        </Button>
      )}
    </div>
  );
}

const EMPTY: Record<Shown, { readonly title: string; readonly text: string }> = {
  open: { title: "No matches yet", text: "Run the matching: they arrive when the last batch is done." },
  saved: { title: "Nothing saved", text: "What you save stays, whatever later runs find." },
  dismissed: { title: "Nothing dismissed", text: "What you dismiss does not come back as new." },
};

function isShown({ status = "active" }: Match, shown: Shown): boolean {
  return shown === "open" ? status === "active" : status === shown;
}

function MatchRow({ match, userId }: { readonly match: Match; readonly userId: string }): ReactElement {
  const setStatus = useMutation(api.matches.setStatus);
  const task = useTask();
  const { opportunity, status = "active", score, isNew, explanation } = match;
  const toggle = (to: "saved" | "dismissed") =>
    void task.run(() => setStatus({ userId, matchId: match._id, status: status === to ? "active" : to }));
  const isSaved = status === "saved";
  const saveLabel = isSaved ? "Take out of the saved" : "Save";
  const dismissLabel = status === "dismissed" ? "Take back" : "Dismiss";
  return (
    <li className="row">
      <span className="score nc-numbers">
        <span className="nc-heard">Score </span>
        {score}
        <span className="nc-heard"> of 100</span>
      </span>
      <div className="row-text">
        <a href={opportunity.sourceUrl} target="_blank" rel="noreferrer" className="row-title">
          {opportunity.title}
          {isNew && <span className="tag tag-new">new</span>}
        </a>
        <span className="nc-muted small">
          {opportunity.organization} · {opportunity.isRemote ? "Remote" : opportunity.location}
        </span>
        <span className="small clamp">{explanation.strengths[0]}</span>
        {task.error !== undefined && <ErrorNotice title="Not changed" message={task.error} />}
      </div>
      <div className="row-actions">
        <Tooltip label={saveLabel}>
          <ActionIcon aria-label={`${saveLabel}: ${opportunity.title}`} onClick={() => toggle("saved")}>
            {isSaved ? <IconBookmarkFilled size={16} /> : <IconBookmark size={16} stroke={1.7} />}
          </ActionIcon>
        </Tooltip>
        <Tooltip label={dismissLabel}>
          <ActionIcon aria-label={`${dismissLabel}: ${opportunity.title}`} onClick={() => toggle("dismissed")}>
            <IconX size={16} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </div>
    </li>
  );
}
