/**
 * Evaluates an app's modules in the core's thread, under the watch of the watchdog.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import { scriptRef } from "../app/code-manifest.ts";
import type { ModuleSource } from "../app/types.ts";
import type { CodeLoader } from "../functions/code-loader.ts";
import { readEnvironment } from "../functions/environment.ts";
import type { RunKey } from "../protocol/run-key.ts";
import { loadLimit, type RunMonitor } from "../protocol/watchdog.ts";
import type { Reads } from "./commits.ts";
import type { ActiveCode } from "./deployed-code.ts";
import type { DeploymentState, DeploymentUrls } from "./deployment-state.ts";
import { readCode, readSource, type StoredCode } from "./stored-code.ts";

/** Turns of the event loop in which modules are still watched. */
const TURNS_AFTER = 4;

/** What loading needs. */
export interface LoaderParts {
  readonly loadCode: CodeLoader;
  readonly monitor: RunMonitor;
  readonly limits: Limits;
  readonly urls: DeploymentUrls;
  readonly reads: Reads;
}

/** What is evaluated. */
export interface LoadRequest {
  readonly run: RunKey;
  /** Accepted code may take longer to start than code that is pushed. */
  readonly why: "push" | "start";
  readonly stored: StoredCode;
  readonly environment: ReadonlyMap<string, string>;
  /** Scripts that the store may lack. */
  readonly sources?: ReadonlyMap<string, ModuleSource>;
}

/** See the module comment. */
export class WatchedLoader {
  readonly #parts: LoaderParts;

  constructor(parts: LoaderParts) {
    this.#parts = parts;
  }

  /** Rejects with a text for the developer. */
  async load({ run, why, stored, environment, sources }: LoadRequest): Promise<ActiveCode> {
    const { monitor, loadCode, limits, urls, reads } = this.#parts;
    const { code, facts, node } = stored;
    const hash = scriptRef(code, "isolate")?.hash ?? "";
    const isolate = sources?.get(hash) ?? reads.read((tx) => readSource(tx, hash));
    if (isolate === null) throw new Error(`Cannot load the app's modules: script "${hash}" is not stored`);
    monitor.enter(run, loadLimit(limits, why));
    try {
      // Only new code has its scripts with it. What a former release accepted must load; `crons.ts` says which crons do not run.
      const refusedCrons = sources === undefined ? "skip" : "throw";
      const settings = { ...facts, ...urls, environment, limits, refusedCrons } as const;
      const user = await loadCode({ isolate, nodeFunctions: node.functions }, settings);
      // What modules leave behind and begins soon is still theirs: a loop in it ends the load, not a later run.
      for (let turn = 0; turn < TURNS_AFTER; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      return { ...stored, user, environment };
    } finally {
      monitor.leave();
    }
  }

  /**
   * Prepares what the store says is deployed, unless it is: for a core that opens or follows.
   *
   * @param refusal Why it must not be tried.
   * @returns Why it could not be loaded, if it could not.
   */
  async prepareStored(
    state: DeploymentState,
    reads: Reads,
    run: RunKey,
    refusal?: string,
  ): Promise<string | undefined> {
    const { stored, entries } = reads.read((tx) => ({ stored: readCode(tx), entries: readEnvironment(tx) }));
    const environment = state.environmentOf(entries);
    if (stored === null || state.code.isReadyFor(stored, environment)) return undefined;
    let failure = refusal;
    try {
      if (failure === undefined) state.code.prepare(await this.load({ run, why: "start", stored, environment }));
    } catch (error) {
      failure = `Cannot load the app's modules: ${error instanceof Error ? error.message : String(error)}`;
    }
    // The app stays as it is; it is tried again (`code-start.ts`), and a push brings it back, too.
    if (failure !== undefined) state.code.prepareFailure(stored, failure);
    return failure;
  }
}
