/**
 * The week's leaderboard.
 */
import { ScrollArea } from "@mantine/core";
import { EmptyState, LoadingRows } from "@narrowcast/ui";
import { useQuery } from "convex/react";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import { skillHash } from "../data/selection.ts";

const SHOWN = 15;

/** The first of the newest board. */
export function Trending({ onChosen }: { readonly onChosen: () => void }): ReactElement {
  const entries = useQuery(api.leaderboards.trending, { limit: SHOWN });
  return (
    <ScrollArea className="fill" type="auto" scrollbarSize={8}>
      <h2 className="sidebar-title">Trending this week</h2>
      {entries === undefined && <LoadingRows rows={8} height={30} label="Loading trending skills" />}
      {entries?.length === 0 && <EmptyState title="No leaderboard yet">It is made once an hour.</EmptyState>}
      {entries !== undefined && (
        <ol className="plain-list trending" aria-label="Trending skills">
          {entries.map(({ skill, ownerHandle }, at) => (
            <li key={skill._id}>
              <a href={skillHash(skill.slug)} onClick={onChosen}>
                <span className="nc-muted nc-numbers trending-rank">{at + 1}</span>
                <span className="nc-clip trending-name">{skill.displayName}</span>
                <span className="nc-muted nc-clip">@{ownerHandle ?? "nobody"}</span>
              </a>
            </li>
          ))}
        </ol>
      )}
    </ScrollArea>
  );
}
