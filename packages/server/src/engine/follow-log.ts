/**
 * Following a log from a commit on: its timestamp is what a follower knows of its own state.
 *
 * @module
 */
import { decodeRecord } from "./record-codec.ts";
import type { Log, LogFollower, LogRecord } from "./log-types.ts";
import type { Ts } from "./types.ts";

/**
 * Tells `follower` of what comes behind the commit at `afterTs` (0: of everything), index fills and drops right behind it included: laying those over
 * a second time changes nothing.
 *
 * @returns How to leave.
 * @throws {RangeError} If the log does not reach back that far.
 */
export function followFrom(log: Log, afterTs: Ts, follower: LogFollower): () => void {
  let isBehind = afterTs === 0;
  const isNews = ({ payload }: LogRecord): boolean => {
    if (isBehind) return true;
    const record = decodeRecord(payload);
    if (record.kind !== "commit") return false;
    if (record.ts <= afterTs) {
      isBehind = record.ts === afterTs;
      return false;
    }
    throw new RangeError(
      `Cannot follow log behind the commit at ${afterTs}: the next one is at ${record.ts}; start from a copy of the store`,
    );
  };
  return log.follow(log.trimmedSequence, {
    records: (records) => {
      const news = records.filter(isNews);
      if (news.length > 0) follower.records(news);
    },
    failed: (error) => follower.failed(error),
  });
}
