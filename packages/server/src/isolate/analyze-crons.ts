/**
 * Reads the table that `cronJobs().export()` gives.
 *
 * Schedules get one form: intervals in seconds, days of the week as numbers (Sunday is 0), and minute 0 where the developer left the
 * minute to the server.
 *
 * @module
 */
import { canonicalFunctionPath, jsonToValue, stringifyValue } from "@narrowcast/values";
import type { JsonValue } from "@narrowcast/values";
import type { CronSchedule, CronSpec } from "../app/types.ts";
import { CronExpression } from "./cron-expression.ts";

const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const SECONDS = { seconds: 1, minutes: 60, hours: 3_600 } as const;

type Json = { readonly [field: string]: JsonValue | undefined };

/** What becomes of crons whose schedule is not valid: a push is refused; code that a former release accepted loads without them. */
export type RefusedCrons = "throw" | "skip";

/**
 * @param text JSON text: name → `{name, args: [object], schedule}`.
 * @throws {Error} If a schedule is none of the known kinds, or never comes, and such ones are not skipped.
 */
export function parseCrons(text: string, refused: RefusedCrons = "throw"): CronSpec[] {
  const table = JSON.parse(text) as { readonly [name: string]: { name: string; args: JsonValue[]; schedule: Json } };
  return Object.entries(table).flatMap(([name, job]) => {
    const path = canonicalFunctionPath(job.name);
    const args = stringifyValue(jsonToValue(job.args[0] ?? {}));
    try {
      return [{ name, path, args, schedule: parseSchedule(name, job.schedule) }];
    } catch (error) {
      if (refused === "skip") return [];
      throw error;
    }
  });
}

function parseSchedule(name: string, schedule: Json): CronSchedule {
  const number = (field: string) => numberOf(name, field, schedule[field]);
  switch (schedule["type"]) {
    case "interval":
      return { type: "interval", seconds: intervalSeconds(name, schedule) };
    case "hourly":
      return { type: "hourly", minuteUTC: number("minuteUTC") };
    case "daily":
      return { type: "daily", hourUTC: number("hourUTC"), minuteUTC: number("minuteUTC") };
    case "weekly":
      return {
        type: "weekly",
        dayOfWeek: dayOfWeek(name, schedule["dayOfWeek"]),
        hourUTC: number("hourUTC"),
        minuteUTC: number("minuteUTC"),
      };
    case "monthly":
      return { type: "monthly", day: number("day"), hourUTC: number("hourUTC"), minuteUTC: number("minuteUTC") };
    case "cron":
      return { type: "cron", cronExpr: cronExpression(name, schedule["cron"] ?? schedule["cronExpr"]) };
    default:
      throw new Error(`cron job "${name}" has an unknown schedule: ${JSON.stringify(schedule)}`);
  }
}

function cronExpression(name: string, json: JsonValue | undefined): string {
  const text = json as string;
  try {
    void new CronExpression(text);
  } catch (error) {
    throw new Error(`cron job "${name}" has an invalid schedule: ${(error as Error).message}`, { cause: error });
  }
  return text;
}

function intervalSeconds(name: string, schedule: Json): number {
  for (const unit of ["seconds", "minutes", "hours"] as const) {
    if (schedule[unit] !== undefined) return numberOf(name, unit, schedule[unit]) * SECONDS[unit];
  }
  throw new Error(`cron job "${name}" has an interval without seconds, minutes or hours`);
}

/** Numbers may come as Convex integers; a missing one is 0. */
function numberOf(name: string, field: string, json: JsonValue | undefined): number {
  if (json === undefined) return 0;
  const number = Number(jsonToValue(json));
  if (!Number.isInteger(number)) throw new Error(`cron job "${name}" has a ${field} that is not an integer`);
  return number;
}

function dayOfWeek(name: string, json: JsonValue | undefined): number {
  const day = typeof json === "string" ? DAYS.indexOf(json) : numberOf(name, "dayOfWeek", json);
  if (day < 0 || day > 6) throw new Error(`cron job "${name}" has an unknown day of the week: ${JSON.stringify(json)}`);
  return day;
}
