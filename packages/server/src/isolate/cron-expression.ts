/**
 * Cron expressions as Convex takes them: five fields, in UTC.
 *
 *   minute 0-59 · hour 0-23 · day of month 1-31 · month 1-12 or JAN-DEC · day of week 0-6 (0 = Sunday) or SUN-SAT
 *
 * A field is a list of `*`, numbers, ranges `a-b` and steps `…/n`; a range may wrap around, like `22-2` or `FRI-MON`. Days of the month may also be
 * `L` (the last), `L-n` (n days before it), `nW` (the weekday nearest to n, in the same month), `LW`; days of the week `nL` (the last of the month),
 * `n#k` (the k-th of the month), `L` (Saturday). When both day fields are given, either will do.
 *
 * Own code, because libraries know neither ranges that wrap nor all of these letters, and let pass what Convex refuses; without time zones little is
 * left to do.
 *
 * @module
 */

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** The fifth Monday of February comes every 28 years, and once after 40. */
const YEARS_MAX = 41;
const SUNDAY = 0;
const SATURDAY = 6;

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of its numbers, from `min` on. */
  readonly names: readonly string[];
  /** What may stand there, for messages. */
  readonly legal: string;
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MINUTE: Field = { name: "minute", min: 0, max: 59, names: [], legal: "0-59" };
const HOUR: Field = { name: "hour", min: 0, max: 23, names: [], legal: "0-23" };
const DAY: Field = { name: "day of month", min: 1, max: 31, names: [], legal: "1-31, L, L-n, nW or LW" };
const MONTH: Field = { name: "month", min: 1, max: 12, names: MONTHS, legal: "1-12 or JAN-DEC" };
const WEEKDAY: Field = {
  name: "day of week",
  min: 0,
  max: 6,
  names: WEEKDAYS,
  legal: "0-6 (0 = Sunday) or SUN-SAT, nL or n#k",
};

/** One calendar day, as rules look at it. */
interface CalendarDay {
  readonly day: number;
  readonly weekday: number;
  /** Days of its month. */
  readonly lastDay: number;
}

type DayRule = (day: CalendarDay) => boolean;

/** A parsed expression. */
export class CronExpression {
  readonly #minutes: readonly number[];
  readonly #hours: readonly number[];
  readonly #months: ReadonlySet<number>;
  readonly #isDay: DayRule;

  /** @throws {Error} That says what is wrong with `text`. */
  constructor(text: string) {
    const fields = typeof text === "string" ? text.split(/\s+/).filter((part) => part !== "") : [];
    const [minute, hour, day, month, weekday] = fields;
    if (
      fields.length !== 5 ||
      minute === undefined ||
      hour === undefined ||
      day === undefined ||
      month === undefined ||
      weekday === undefined
    ) {
      throw new Error(
        `${JSON.stringify(text)} has ${fields.length} fields; should have five: minute, hour, day of month, month, day of week`,
      );
    }
    this.#minutes = sortedNumbers(MINUTE, minute);
    this.#hours = sortedNumbers(HOUR, hour);
    this.#months = new Set(sortedNumbers(MONTH, month));
    this.#isDay = eitherDay(day, weekday);
    if (this.nextMs(0) === undefined) throw new Error(`${JSON.stringify(text)} names no day that ever comes`);
  }

  /** The first moment after `afterMs`, in milliseconds since the epoch; `undefined`: there is none. */
  nextMs(afterMs: number): number | undefined {
    const startMs = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS;
    let dayMs = Math.floor(startMs / DAY_MS) * DAY_MS;
    const endMs = dayMs + YEARS_MAX * 366 * DAY_MS;
    while (dayMs < endMs) {
      const date = new Date(dayMs);
      const year = date.getUTCFullYear();
      const month = date.getUTCMonth();
      if (!this.#months.has(month + 1)) {
        dayMs = Date.UTC(year, month + 1, 1);
        continue;
      }
      const lastDay = daysOfMonth(year, month);
      if (this.#isDay({ day: date.getUTCDate(), weekday: date.getUTCDay(), lastDay })) {
        const moment = this.#momentOf(dayMs, startMs);
        if (moment !== undefined) return moment;
      }
      dayMs += DAY_MS;
    }
    return undefined;
  }

  #momentOf(dayMs: number, startMs: number): number | undefined {
    for (const hour of this.#hours) {
      for (const minute of this.#minutes) {
        const moment = dayMs + (hour * 60 + minute) * MINUTE_MS;
        if (moment >= startMs) return moment;
      }
    }
    return undefined;
  }
}

function daysOfMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
}

function eitherDay(day: string, weekday: string): DayRule {
  const isDay = isAny(day) ? undefined : anyOf(day, dayRule);
  const isWeekday = isAny(weekday) ? undefined : anyOf(weekday, weekdayRule);
  if (isDay === undefined) return isWeekday ?? (() => true);
  return isWeekday === undefined ? isDay : (date) => isDay(date) || isWeekday(date);
}

/** `?` says the same as `*`, of days. */
function isAny(text: string): boolean {
  return text === "*" || text === "?";
}

function anyOf(text: string, ruleOf: (item: string) => DayRule): DayRule {
  const rules = text.split(",").map(ruleOf);
  return (date) => rules.some((rule) => rule(date));
}

function dayRule(item: string): DayRule {
  const last = /^L(?:-(\d{1,2}))?(W)?$/i.exec(item);
  if (last !== null) {
    const [, before = "0", isNearest] = last;
    if (Number(before) >= DAY.max || before === "") throw wrong(DAY, item);
    const wanted = ({ lastDay }: CalendarDay) => lastDay - Number(before);
    return isNearest === undefined ? (date) => date.day === wanted(date) : (date) => isNearestTo(date, wanted(date));
  }
  const nearest = /^(\d{1,2})W$/i.exec(item);
  if (nearest !== null) {
    const wanted = numberOf(DAY, nearest[1] ?? "", item);
    return (date) => isNearestTo(date, wanted);
  }
  const days = new Set(numbersOf(DAY, item));
  return ({ day }) => days.has(day);
}

/** Whether `date` is the weekday (Monday to Friday) nearest to day `wanted` of its month, in that month. */
function isNearestTo({ day, weekday, lastDay }: CalendarDay, wanted: number): boolean {
  if (wanted < 1 || wanted > lastDay) return false;
  const wantedWeekday = (((weekday + wanted - day) % 7) + 7) % 7;
  let shift = 0;
  if (wantedWeekday === SATURDAY) shift = wanted === 1 ? 2 : -1;
  else if (wantedWeekday === SUNDAY) shift = wanted === lastDay ? -2 : 1;
  return day === wanted + shift;
}

function weekdayRule(item: string): DayRule {
  if (/^L$/i.test(item)) return ({ weekday }) => weekday === SATURDAY;
  const last = /^(\w+)L$/i.exec(item);
  if (last !== null) {
    const wanted = numberOf(WEEKDAY, last[1] ?? "", item);
    return ({ day, weekday, lastDay }) => weekday === wanted && day > lastDay - 7;
  }
  const nth = /^(\w+)#([1-5])$/.exec(item);
  if (nth !== null) {
    const wanted = numberOf(WEEKDAY, nth[1] ?? "", item);
    return ({ day, weekday }) => weekday === wanted && Math.ceil(day / 7) === Number(nth[2]);
  }
  const weekdays = new Set(numbersOf(WEEKDAY, item));
  return ({ weekday }) => weekdays.has(weekday);
}

function sortedNumbers(field: Field, text: string): readonly number[] {
  const numbers = new Set(text.split(",").flatMap((item) => numbersOf(field, item)));
  return [...numbers].toSorted((a, b) => a - b);
}

/** The numbers of `*`, `a`, `a-b`, each perhaps with `/step`; `a/step` goes on to the end of the field. */
function numbersOf(field: Field, item: string): readonly number[] {
  const parts = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item);
  if (parts === null) throw wrong(field, item);
  const [, star, from = "", to, stepText] = parts;
  const step = Number(stepText ?? 1);
  if (step < 1) throw wrong(field, item);
  const low = star === undefined ? numberOf(field, from, item) : field.min;
  const single = stepText === undefined && star === undefined ? low : field.max;
  const high = to === undefined ? single : numberOf(field, to, item);
  const width = field.max - field.min + 1;
  const numbers: number[] = [];
  for (let at = low; at <= (high < low ? high + width : high); at += step) {
    numbers.push(((at - field.min) % width) + field.min);
  }
  return numbers;
}

function numberOf(field: Field, text: string, item: string): number {
  const name = field.names.indexOf(text.toUpperCase());
  const number = name >= 0 ? name + field.min : /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  if (!(number >= field.min && number <= field.max)) throw wrong(field, item);
  return number;
}

function wrong(field: Field, item: string): Error {
  return new Error(
    `the ${field.name} is ${JSON.stringify(item)}; should be ${field.legal}, a list, a range or a step of these`,
  );
}
