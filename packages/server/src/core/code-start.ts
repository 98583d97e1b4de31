/**
 * Code that is deployed when a core opens, or when one that follows sees it deployed: taken apart if a release before stored it, loaded, and tried
 * again when that fails.
 *
 * What was accepted by a push loads unless something around it changed: a machine too busy, another version of Node. So a restart does not lose
 * functions: a failure is told in the log, calls are answered with it, and the code is tried again after a pause that doubles each time. A push ends that.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import type { NodeAnalysis } from "../app/types.ts";
import { readEnvironment } from "../functions/environment.ts";
import { analyzeNodeModules } from "../functions/load.ts";
import type { Alarms, Clock } from "../protocol/alarms.ts";
import { loadTimeOutText, type CoreStart } from "../protocol/core-protocol.ts";
import { LOAD_AT_START } from "../protocol/run-key.ts";
import { loadLimit, type RunMonitor } from "../protocol/watchdog.ts";
import type { Commits } from "./commits.ts";
import type { DeploymentState } from "./deployment-state.ts";
import type { Job } from "./serial-queue.ts";
import { oldCode, upgradeCode } from "./stored-code.ts";
import type { WatchedLoader } from "./watched-loader.ts";

const RETRY_MS = 1_000;
const RETRY_MS_MAX = 300_000;

/** What starting code needs. */
export interface CodeStartParts {
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly monitor: RunMonitor;
  readonly limits: Limits;
  readonly state: DeploymentState;
  readonly commits: Commits;
  readonly loader: WatchedLoader;
  enqueue(job: Job): void;
  /** Code that could not be loaded is prepared, at this attempt: makes it active. */
  recovered(attempts: number): void;
}

/** See the module comment. */
export class CodeStart {
  readonly #parts: CodeStartParts;

  constructor(parts: CodeStartParts) {
    this.#parts = parts;
  }

  /** Prepares what is stored, before the state of a core that opens takes it in. */
  open(suspects: CoreStart["suspects"]): Promise<void> {
    this.#upgrade();
    return this.prepare(suspects);
  }

  /** Prepares what is stored, before the state takes it in. */
  async prepare(suspects: CoreStart["suspects"] = []): Promise<void> {
    const { state, commits, loader, limits } = this.#parts;
    const timedOut = suspects.find(({ run }) => run.kind === "load" && run.request === "start");
    const refusal = timedOut && loadTimeOutText(loadLimit(limits, "start"));
    const failure = await loader.prepareStored(state, commits, LOAD_AT_START, refusal);
    if (failure !== undefined) this.#failed(failure, (timedOut?.times ?? 0) + 1);
  }

  /** @param times How often it failed in a row. */
  #failed(text: string, times: number): void {
    const { clock, alarms } = this.#parts;
    const pauseMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(times - 1, 16));
    console.error(`${text}\nThe deployed functions stay; loading them is tried again in ${pauseMs / 1_000} s.`);
    alarms.set("load", clock.nowMs() + pauseMs, () => this.#parts.enqueue(() => this.#tryAgain(times)));
  }

  async #tryAgain(times: number): Promise<void> {
    const { state, loader } = this.#parts;
    const { stored } = state.code;
    // A push came first.
    if (state.code.loadError === undefined || stored === undefined) return;
    const { environment } = state;
    try {
      state.code.prepare(await loader.load({ run: LOAD_AT_START, why: "start", stored, environment }));
    } catch (error) {
      this.#failed(
        `Cannot load the app's modules: ${error instanceof Error ? error.message : String(error)}`,
        times + 1,
      );
      return;
    }
    this.#parts.recovered(times + 1);
    console.error(`The deployed functions are loaded, at attempt ${times + 1}.`);
  }

  /**
   * Takes apart what a release before stored. What its "use node" modules define was not kept then; they are evaluated here, this once, because jobs of
   * theirs may be due before any thread could tell.
   */
  #upgrade(): void {
    const { commits, state, limits, monitor } = this.#parts;
    const { old, entries } = commits.read((tx) => ({ old: oldCode(tx), entries: readEnvironment(tx) }));
    if (old === null) return;
    const environment = state.environmentOf(entries);
    let node: NodeAnalysis = { functions: [], environmentRead: ["*"] };
    monitor.enter(LOAD_AT_START, loadLimit(limits, "start"));
    try {
      node = analyzeNodeModules(old.code, { ...old.facts, ...state.urls, environment, limits });
    } catch (error) {
      // Action threads find its functions all the same.
      console.error('Cannot list the functions of "use node" modules until the next push:', error);
    } finally {
      monitor.leave();
    }
    commits.writeBeforeState("_system/upgrade", (tx) => upgradeCode(tx, old, node));
  }
}
