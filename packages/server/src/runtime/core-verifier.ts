/**
 * The online verifier of a core: what it executes with, and what an alarm does.
 *
 * An alarm is an error of the server, never of the app. It is written to the error output with its cause and counted; then the nodes that the
 * run was served from are forgotten, its function goes by Convex's rules until other code is pushed, and the run is executed again, so
 * that its sockets are given what is right.
 *
 * @module
 */
import { Verifier, type Divergence, type VerifyOptions } from "../reactive/verifier.ts";
import type { Core } from "./core.ts";
import { bareQueryPath } from "./function-runner.ts";

/** Longer arguments are cut. */
const ARGS_SHOWN_CHARS = 200;

export function openVerifier(core: Core, options: VerifyOptions): Verifier {
  return new Verifier(
    {
      runs: () => core.reactor.runs,
      executions: () => core.runner.queriesExecuted,
      nowMs: () => core.clock.nowMs(),
      execute: (request, moment) => core.runner.fromScratch(request, moment),
      onDivergence: (divergence) => repair(core, divergence),
    },
    options,
  );
}

function repair(core: Core, divergence: Divergence): void {
  const { run } = divergence;
  console.error(alarmText(divergence));
  if (run.readSet === undefined) core.nodes.clear();
  else core.nodes.forget(run.readSet);
  core.tracking.distrust(bareQueryPath(run.path));
  core.reactor.invalidateAll("verifier", [run]);
}

/** What an operator needs to find the fault. */
export function alarmText({ run, difference, spared, lastSpared }: Divergence): string {
  const args = run.args.length <= ARGS_SHOWN_CHARS ? run.args : `${run.args.slice(0, ARGS_SHOWN_CHARS)}…`;
  const cause =
    lastSpared === undefined
      ? `${spared} commits touched what it read and were cut off since it ran`
      : `${spared} commits touched what it read and were cut off since it ran, the last one by ${lastSpared.source} ` +
        `(${lastSpared.change} in "${lastSpared.table ?? "catalogue"}", index ${lastSpared.index}, fields ${lastSpared.fields.join(", ") || "none"})`;
  return (
    `Alarm: the held result of ${bareQueryPath(run.path)} ${args} is not what a run from scratch gives. ` +
    `At ${difference}. Cause: ${cause}. Repaired: it runs again, by Convex's rules until other code is pushed`
  );
}
