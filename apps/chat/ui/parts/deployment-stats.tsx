/**
 * The deployment's counters, live: every user's messages move them.
 */
import { compactNumber, KeyValue, LoadingRows, Meter } from "@narrowcast/ui";
import { useQuery } from "convex/react";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";

/** The counters, and how many files this user may still upload. */
export function DeploymentStats({ userId }: { readonly userId: Id<"users"> }): ReactElement {
  const stats = useQuery(api.stats.live);
  const quota = useQuery(api.files.getUserQuota, { userId });
  if (stats === undefined) return <LoadingRows rows={3} height={14} label="Loading the counters" />;
  const withDeleted = (total: number, deleted: number) =>
    deleted === 0 ? compactNumber(total) : `${compactNumber(total)}, ${compactNumber(deleted)} in the bin`;
  return (
    <section className="stats" aria-label="This deployment">
      <h2>This deployment</h2>
      <KeyValue
        entries={[
          ["Messages", <output key="messages">{withDeleted(stats.messages, stats.deletedMessages)}</output>],
          ["Chats", withDeleted(stats.chats, stats.deletedChats)],
          ["Users", compactNumber(stats.users)],
        ]}
      />
      {!stats.isCounted && <p className="nc-muted">Being counted for the first time</p>}
      {quota !== undefined && (
        <Meter label="Your files" value={quota.used / quota.limit} text={`${quota.used} of ${quota.limit}`} />
      )}
    </section>
  );
}
