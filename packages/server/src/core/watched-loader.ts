/**
 * Evaluates an app's modules in the core's thread, under the watch of the watchdog.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import type { CodeLoader } from "../functions/code-loader.ts";
import { readEnvironment } from "../functions/environment.ts";
import type { RunKey } from "../protocol/run-key.ts";
import type { RunMonitor } from "../protocol/watchdog.ts";
import type { Reads } from "./commits.ts";
import { readCode, type ActiveCode, type StoredCode } from "./deployed-code.ts";
import type { DeploymentState, DeploymentUrls } from "./deployment-state.ts";

/** What loading needs. */
export interface LoaderParts {
  readonly loadCode: CodeLoader;
  readonly monitor: RunMonitor;
  readonly limits: Limits;
  readonly urls: DeploymentUrls;
}

/** See the module comment. */
export class WatchedLoader {
  readonly #parts: LoaderParts;

  constructor(parts: LoaderParts) {
    this.#parts = parts;
  }

  /** Rejects with a text for the developer. */
  async load(run: RunKey, { code, facts }: StoredCode, environment: ReadonlyMap<string, string>): Promise<ActiveCode> {
    const { monitor, loadCode, limits, urls } = this.#parts;
    monitor.enter(run);
    try {
      const user = await loadCode(code, { ...facts, ...urls, environment, limits });
      return { code, facts, user, environment };
    } finally {
      monitor.leave();
    }
  }

  /**
   * Prepares what the store says is deployed, unless it is: for a core that opens or follows.
   *
   * @param refusal Why it must not be tried.
   */
  async prepareStored(state: DeploymentState, reads: Reads, run: RunKey, refusal?: string): Promise<void> {
    const { stored, entries } = reads.read((tx) => ({ stored: readCode(tx), entries: readEnvironment(tx) }));
    const environment = state.environmentOf(entries);
    if (stored === null || state.code.isReadyFor(stored, environment)) return;
    try {
      if (refusal !== undefined) throw new Error(refusal);
      state.code.prepare(await this.load(run, stored, environment));
    } catch (error) {
      // The app stays as it is, without functions; a push brings it back.
      const reason = error instanceof Error ? error.message : String(error);
      state.code.prepareFailure(stored, `Cannot load the app's modules: ${reason}`);
    }
  }
}
