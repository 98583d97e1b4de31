/**
 * Local hours of time zones, and the index key that stands for them.
 *
 * "Whose clock says eight?" is a question about a zone's distance from UTC, so a profile keeps that distance, `utcOffsetMinutes`, and until when
 * it holds. At any moment, the profiles whose local hour is h are those of one or two ranges of distances: an index gives them without a
 * look at anybody else. A zone changes its distance twice a year; whoever is due is brought up to date before each mail.
 */

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;
const DAY_MINUTES = 1_440;
const DAY_MS = DAY_MINUTES * MINUTE_MS;
/** No zone is further from UTC than this. */
const OFFSET_MIN = -12 * HOUR_MINUTES;
const OFFSET_MAX = 14 * HOUR_MINUTES;
/** Steps of the search for the next change: no zone changes twice within one. */
const STEP_MS = 7 * DAY_MS;
/** A zone without a change for so long is looked at again then. */
const HORIZON_STEPS = 53;

/** Where a profile has no zone, or one that the machine does not know. */
export const DEFAULT_TIMEZONE = "UTC";

/** Whether the machine knows the zone. */
export function isTimezone(timezone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: timezone }).format(0) !== "";
  } catch {
    return false;
  }
}

/** Local hours at one moment; a zone that comes again is not computed again. */
export function localHoursAt(at: number): (timezone: string) => number {
  const known = new Map<string, number>();
  return (timezone) => {
    const hour = known.get(timezone) ?? localHour(timezone, at);
    known.set(timezone, hour);
    return hour;
  };
}

/** Hour of the day, 0 to 23, that a clock in the zone shows. An unknown zone counts as UTC: it must not stop the mail of others. */
export function localHour(timezone: string, at: number): number {
  const minutes = Math.floor(at / MINUTE_MS) + offsetMinutes(timezone, at);
  return Math.floor(modulo(minutes, DAY_MINUTES) / HOUR_MINUTES);
}

/** Minutes that a clock in the zone is ahead of UTC. */
export function offsetMinutes(timezone: string, at: number): number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: isTimezone(timezone) ? timezone : DEFAULT_TIMEZONE,
    timeZoneName: "longOffset",
  });
  return offsetIn(format, at);
}

/** The distance now, and the first moment from which it may be another one. */
export function offsetWithEnd(timezone: string, at: number): { utcOffsetMinutes: number; utcOffsetUntil: number } {
  const zone = isTimezone(timezone) ? timezone : DEFAULT_TIMEZONE;
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  const utcOffsetMinutes = offsetIn(format, at);
  let same = at;
  for (let step = 0; step < HORIZON_STEPS; step++) {
    const next = same + STEP_MS;
    if (offsetIn(format, next) !== utcOffsetMinutes) {
      return { utcOffsetMinutes, utcOffsetUntil: firstChange(format, utcOffsetMinutes, same, next) };
    }
    same = next;
  }
  return { utcOffsetMinutes, utcOffsetUntil: same };
}

/** Ranges of distances, ends included, at which the local hour is `hour`. */
export function offsetRanges(hour: number, at: number): readonly { readonly from: number; readonly to: number }[] {
  const utcMinutes = modulo(Math.floor(at / MINUTE_MS), DAY_MINUTES);
  return [-DAY_MINUTES, 0, DAY_MINUTES]
    .map((days) => {
      const from = hour * HOUR_MINUTES - utcMinutes + days;
      return { from: Math.max(from, OFFSET_MIN), to: Math.min(from + HOUR_MINUTES - 1, OFFSET_MAX) };
    })
    .filter(({ from, to }) => from <= to);
}

/** To the minute: zones change at whole minutes. */
function firstChange(format: Intl.DateTimeFormat, offset: number, same: number, changed: number): number {
  let [low, high] = [Math.floor(same / MINUTE_MS), Math.ceil(changed / MINUTE_MS)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetIn(format, middle * MINUTE_MS) === offset) low = middle;
    else high = middle;
  }
  return high * MINUTE_MS;
}

/** From "GMT", "GMT+05:30" or "GMT-08:00". */
function offsetIn(format: Intl.DateTimeFormat, at: number): number {
  const name = format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours, minutes] = /GMT([+-])(\d+):(\d+)/.exec(name) ?? [];
  const distance = Number(hours ?? 0) * HOUR_MINUTES + Number(minutes ?? 0);
  return sign === "-" ? -distance : distance;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
