/**
 * A day of timers, as each form has them: one that asks every five minutes, or thirteen that ring at their intervals.
 *
 * @module
 */
import { DAY_MS, MINUTE_MS } from "../../../../apps/concerts/convex/model/days.ts";
import { JOBS } from "../../../../apps/concerts/convex/model/jobs.ts";
import { getFunctionName } from "convex/server";
import type { Stage } from "../../stage.ts";
import type { Facts } from "./facts.ts";

const STEP_MS = 5 * MINUTE_MS;

/** Plays `minutes` of timers from a common beginning; after each hour `hourly` is done. The weekly job rings on its first day only. */
export async function playTimers(
  stage: Stage<Facts>,
  minutes: number,
  hourly: (hour: number) => Promise<void>,
): Promise<void> {
  for (let step = 1; step <= (minutes * MINUTE_MS) / STEP_MS; step++) {
    await stage.advance(STEP_MS);
    await (stage.form === "before" ? stage.call("action", "before/crons:orchestrate") : ring(stage, step * STEP_MS));
    // What the jobs have scheduled for at once ends first: else two votes may come to share a frame.
    await stage.advance(0);
    if ((step * STEP_MS) % (60 * MINUTE_MS) === 0) await hourly((step * STEP_MS) / (60 * MINUTE_MS));
  }
}

/** The first look of the orchestrator writes its settings and runs everything: that day is not the one that is measured. */
export async function openTimers(stage: Stage<Facts>): Promise<void> {
  if (stage.form === "before") await stage.call("action", "before/crons:orchestrate");
  else for (const job of JOBS) await run(stage, job);
}

async function ring(stage: Stage<Facts>, sinceMs: number): Promise<void> {
  for (const job of JOBS) {
    if (job.intervalMs <= DAY_MS && sinceMs % job.intervalMs === 0) await run(stage, job);
  }
}

async function run(stage: Stage<Facts>, { kind, run: fn, args }: (typeof JOBS)[number]): Promise<void> {
  await stage.call(kind, getFunctionName(fn), args);
}
