/**
 * Dates of shows: `YYYY-MM-DD`, compared as text, counted in whole UTC days.
 */
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const DATE = /^\d{4}-\d{2}-\d{2}$/u;

/** The UTC date of a moment, `days` later. */
export function dateOf(nowMs: number, days = 0): string {
  return new Date(nowMs + days * DAY_MS).toISOString().slice(0, 10);
}

/** Whole days from the date of `nowMs` to `date`; negative when it is past, undefined when it is no date. */
export function daysUntil(date: string, nowMs: number): number | undefined {
  if (!DATE.test(date)) return undefined;
  const then = Date.parse(`${date}T00:00:00Z`);
  // Dates such as the 31st of February are moved to March by some engines: not the date that was written.
  if (Number.isNaN(then) || dateOf(then) !== date) return undefined;
  return Math.round((then - Date.parse(`${dateOf(nowMs)}T00:00:00Z`)) / DAY_MS);
}
