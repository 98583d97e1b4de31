/**
 * When a cron fires next. All times are UTC.
 *
 * @module
 */
import type { CronSchedule } from "../app/types.ts";
import { CronExpression } from "../isolate/cron-expression.ts";
import { unknownKind } from "../protocol/unknown-kind.ts";

/**
 * The first moment after `afterMs` at which `schedule` fires, in milliseconds since the epoch.
 *
 * @param lastMs The moment for which it fired last: intervals keep their phase. `undefined`: it never fired; an interval fires at once.
 * @throws When a cron expression cannot be parsed or has no next moment; a push refuses such ones.
 */
export function nextFireMs(schedule: CronSchedule, afterMs: number, lastMs: number | undefined): number {
  if (schedule.type === "interval") {
    if (lastMs === undefined) return afterMs;
    const periodMs = schedule.seconds * 1_000;
    return lastMs + periodMs * Math.max(1, Math.floor((afterMs - lastMs) / periodMs) + 1);
  }
  const text = expressionOf(schedule);
  const nextMs = new CronExpression(text).nextMs(afterMs);
  if (nextMs === undefined) throw new Error(`Cannot tell when "${text}" fires: it never does after ${afterMs}`);
  return nextMs;
}

function expressionOf(schedule: Exclude<CronSchedule, { type: "interval" }>): string {
  switch (schedule.type) {
    case "hourly":
      return `${schedule.minuteUTC} * * * *`;
    case "daily":
      return `${schedule.minuteUTC} ${schedule.hourUTC} * * *`;
    case "weekly":
      return `${schedule.minuteUTC} ${schedule.hourUTC} * * ${schedule.dayOfWeek}`;
    case "monthly":
      return `${schedule.minuteUTC} ${schedule.hourUTC} ${schedule.day} * *`;
    case "cron":
      return schedule.cronExpr;
    default:
      return unknownKind("a cron's schedule", schedule);
  }
}
