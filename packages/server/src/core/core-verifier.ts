/**
 * The online verifier of a core: what it executes with, and what an alarm does.
 *
 * An alarm is an error of the server, never of the app. It is written to the error output with its cause and counted; then the nodes of the
 * tables that the run read are forgotten, its function goes by Convex's rules until other code is pushed, and the run is executed again,
 * so that its sockets are given what is right. What misled it may have misled others: the first alarm of a function has all runs
 * executed again that read the same tables and were spared by the same cut-offs.
 *
 * @module
 */
import { printFunction, printTable } from "@narrowcast/values";
import type { LiveQuery } from "../reactive/live-query.ts";
import { Verifier, type Divergence, type VerifyOptions } from "../reactive/verifier.ts";
import type { ReadSetView } from "../tx/types.ts";
import type { Reactor } from "../reactive/reactor.ts";
import type { NodeStore } from "../reactive/node-store.ts";
import type { FunctionRunner } from "./function-runner.ts";
import type { TrackingRules } from "./tracking.ts";

/** Longer arguments are cut. */
const ARGS_SHOWN_CHARS = 200;

/** What is verified, and what an alarm repairs. */
export interface VerifiedParts {
  readonly reactor: Reactor;
  readonly runner: FunctionRunner;
  readonly nodes: NodeStore;
  readonly tracking: TrackingRules;
  nowMs(): number;
}

export function openVerifier(parts: VerifiedParts, options: VerifyOptions): Verifier {
  const { reactor, runner } = parts;
  return new Verifier(
    {
      liveQueries: () => reactor.liveQueries,
      executions: () => runner.queriesExecuted,
      nowMs: () => parts.nowMs(),
      execute: (request, moment) => runner.fromScratch(request, moment),
      onDivergence: (divergence) => repair(parts, divergence),
    },
    options,
  );
}

function repair(parts: VerifiedParts, divergence: Divergence): void {
  const { live } = divergence;
  console.error(alarmText(divergence));
  // A function that goes by Convex's rules already is alone in it: were all the others run again each time, there would be no end of it.
  const isFirst = parts.tracking.distrust(live);
  const misled = isFirst && live.readSet !== undefined ? misledWith(parts, collectionsOf(live.readSet)) : [];
  parts.reactor.invalidateAll("verifier", new Set([live, ...misled]));
}

/** Forgets the nodes of these tables, and finds the runs that relied on it. */
function misledWith({ nodes, reactor }: VerifiedParts, collections: ReadonlySet<number>): readonly LiveQuery[] {
  nodes.forget(collections);
  return [...reactor.liveQueries].filter(
    ({ readSet }) => readSet !== undefined && [...collectionsOf(readSet)].some((one) => collections.has(one)),
  );
}

function collectionsOf(readSet: ReadSetView): ReadonlySet<number> {
  return new Set([...readSet.points(), ...readSet.intervals()].map(({ collection }) => collection));
}

/** What an operator needs to find the fault. */
export function alarmText({ live, difference, spared, lastSpared }: Divergence): string {
  const args = live.args.length <= ARGS_SHOWN_CHARS ? live.args : `${live.args.slice(0, ARGS_SHOWN_CHARS)}…`;
  const cause =
    lastSpared === undefined
      ? `${spared} commits touched what it read and were cut off since it ran`
      : `${spared} commits touched what it read and were cut off since it ran, the last one by ${lastSpared.source} ` +
        `(${lastSpared.change} in "${lastSpared.table === null ? "catalogue" : printTable(lastSpared.table)}", index ${lastSpared.index}, fields ${lastSpared.fields.join(", ") || "none"})`;
  return (
    `Alarm: the held result of ${printFunction(live)} ${args} is not what a run from scratch gives. ` +
    `At ${difference}. Cause: ${cause}. Repaired: it runs again, by Convex's rules until other code is pushed`
  );
}
