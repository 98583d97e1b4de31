/**
 * Evaluates the stored code when a core opens, and goes on trying when that fails: a restart does not lose functions that are deployed.
 *
 * What was accepted by a push loads unless something around it changed: a machine too busy, another version of Node. So a failure is told in
 * the log, calls are answered with it, and the code is tried again after a pause that doubles each time. A push ends that.
 *
 * @module
 */
import type { NodeAnalysis } from "../app/types.ts";
import { readEnvironment, environmentMap } from "../functions/environment.ts";
import { loadTimeOutText } from "../protocol/core-protocol.ts";
import { loadLimit } from "../protocol/watchdog.ts";
import type { Core } from "./core.ts";
import { activate, loadWatched } from "./push.ts";
import { analyzeNodeModules } from "../functions/load.ts";
import type { ActiveCode } from "./function-runner.ts";
import { oldCode, readCode, upgradeCode } from "./stored-code.ts";

/** Text of the evaluation for the watchdog. */
export const LOAD_AT_START = "load:start";
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 300_000;

/** Loads what is stored, if anything is. */
export async function loadStored(core: Core): Promise<void> {
  const { cloudUrl, siteUrl, guilty, limits } = core.options.start;
  core.runner.environment = environmentMap(core.read(readEnvironment), cloudUrl, siteUrl);
  const timedOut = guilty.find(({ text }) => text === LOAD_AT_START);
  if (timedOut !== undefined) {
    failed(core, loadTimeOutText(loadLimit(limits, "start")), timedOut.times + 1);
    return;
  }
  try {
    core.runner.active = await load(core);
  } catch (error) {
    failed(core, failureText(error), 1);
  }
}

async function load(core: Core): Promise<ActiveCode | undefined> {
  upgradeStored(core);
  const stored = core.read(readCode);
  if (stored === null) return undefined;
  return loadWatched(core, LOAD_AT_START, "start", stored, core.runner.environment);
}

/** @param times How often it failed in a row. */
function failed(core: Core, text: string, times: number): void {
  const pauseMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(times - 1, 16));
  core.runner.loadError = text;
  console.error(`${text}\nThe deployed functions stay; loading them is tried again in ${pauseMs / 1_000} s.`);
  core.alarms.set("load", core.clock.nowMs() + pauseMs, () => core.enqueue(() => tryAgain(core, times)));
}

async function tryAgain(core: Core, times: number): Promise<void> {
  // A push came first.
  if (core.runner.active !== undefined) return;
  try {
    const loaded = await load(core);
    if (loaded === undefined) return;
    activate(core, loaded);
    console.error(`The deployed functions are loaded, at attempt ${times + 1}.`);
  } catch (error) {
    failed(core, failureText(error), times + 1);
  }
}

function failureText(error: unknown): string {
  return `Cannot load the app's modules: ${error instanceof Error ? error.message : String(error)}`;
}

/**
 * A store of a release before: its code is taken apart. What its "use node" modules define was not kept then; they are evaluated here, this once, because
 * jobs of theirs may be due before any thread could tell.
 */
function upgradeStored(core: Core): void {
  const old = core.read(oldCode);
  if (old === null) return;
  const { start, monitor } = core.options;
  const { environment } = core.runner;
  const { cloudUrl, siteUrl, limits } = start;
  monitor.enter(LOAD_AT_START, loadLimit(limits, "start"));
  let node: NodeAnalysis;
  try {
    node = analyzeNodeModules(old.code, { ...old.facts, environment, cloudUrl, siteUrl, limits });
  } finally {
    monitor.leave();
  }
  core.write("_system/upgrade", (tx) => upgradeCode(tx, old, node));
}
