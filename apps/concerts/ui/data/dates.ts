/**
 * Dates and intervals as people read them.
 */

/** "Sat, 17 Jan" of a show's `YYYY-MM-DD`. */
export function showDate(date: string): string {
  return new Date(`${date}T12:00:00`).toLocaleDateString(undefined, {
    weekday: "short",
    day: "numeric",
    month: "short",
  });
}

const UNITS = [
  { name: "day", ms: 86_400_000 },
  { name: "hour", ms: 3_600_000 },
  { name: "minute", ms: 60_000 },
] as const;

/** "30 minutes", "4 hours", "1 day". */
export function intervalText(ms: number): string {
  const unit = UNITS.find((each) => ms % each.ms === 0 && ms >= each.ms);
  if (unit === undefined) return `${Math.round(ms / 1_000)} seconds`;
  const count = ms / unit.ms;
  return count === 1 ? `1 ${unit.name}` : `${count} ${unit.name}s`;
}

/** "every 30 minutes", "every day". */
export function everyText(ms: number): string {
  return `every ${intervalText(ms).replace(/^1 /u, "")}`;
}

/** "in 12 min", or "now". */
export function untilText(timeMs: number, nowMs: number): string {
  const seconds = Math.round((timeMs - nowMs) / 1_000);
  if (seconds <= 0) return "now";
  if (seconds < 60) return `in ${seconds} s`;
  if (seconds < 3_600) return `in ${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `in ${Math.round(seconds / 3_600)} h`;
  return `in ${Math.round(seconds / 86_400)} d`;
}
