/**
 * The thirteen jobs on native timers: 157 calls a day, and nothing that asks every few minutes whether something is due.
 *
 * A job that an operator has edited belongs to the registry (`cronSettings.ts`); its timer here still rings, and the job stands back in its first
 * read. `before/crons.ts` holds what this file was at first.
 */
import { cronJobs } from "convex/server";
import { JOBS } from "./model/jobs.ts";

const crons = cronJobs();

for (const { name, intervalMs, run, args } of JOBS) crons.interval(name, { seconds: intervalMs / 1_000 }, run, args);

export default crons;
