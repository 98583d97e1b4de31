/**
 * Pushes of the official CLI: several requests that belong together by a name that the first one gives.
 *
 *   start ─▶ modules become a package, and are loaded on trial ─▶ name, what was found
 *   wait  ─▶ the push itself: data checked, indexes filled, code active ─▶ how far it is, until it has ended
 *   finish ─▶ what has changed
 *
 * Invariants:
 *   - A push that fails at any step, or one before which another one became active, changes nothing.
 *   - A dry run changes nothing, and checks the data against the schema, too.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { Analysis, CodePackage, Deployment, PushedModule, PushOutcome } from "../protocol/deployment-types.ts";
import { missingIndexes } from "./push-analysis.ts";
import { RequestError } from "./request-error.ts";

/** Pushes that were started and are remembered; the oldest goes. */
const STARTED_MAX = 8;

/** A push that was started. */
export interface StartedPush {
  readonly name: string;
  /** What is active while it begins. */
  readonly before: Analysis;
  readonly after: Analysis;
}

/** How far a push is. */
export type PushState =
  | { readonly type: "inProgress" }
  | { readonly type: "complete" }
  | { readonly type: "raceDetected" }
  | { readonly type: "failed"; readonly code: string; readonly error: string };

interface Started extends StartedPush {
  readonly code: CodePackage;
  /** Counts pushes that became active. */
  readonly activations: number;
  outcome: Promise<PushOutcome> | undefined;
  ended: PushOutcome | undefined;
}

/** See the module comment. */
export class OfficialPushes {
  readonly #deployment: Deployment;
  readonly #allowsUnsupported: boolean;
  readonly #started = new Map<string, Started>();
  #activations = 0;

  /** @param allowsUnsupported Whether an app may use what is not there; it fails when it is used. */
  constructor(deployment: Deployment, allowsUnsupported: boolean) {
    this.#deployment = deployment;
    this.#allowsUnsupported = allowsUnsupported;
  }

  /** @throws {RequestError} 400 with what is wrong with the modules. */
  async start(modules: readonly PushedModule[]): Promise<StartedPush> {
    const activations = this.#activations;
    const before = await this.#deployment.analysis();
    const code = await this.#packageOf(modules);
    const tried = await this.#deployment.tryPush(code, "analysis");
    if (!tried.ok) throw new RequestError(400, tried.code, tried.message);
    const missing = missingIndexes(tried.analysis.schema);
    if (missing.length > 0 && !this.#allowsUnsupported) {
      throw new RequestError(
        400,
        "Unsupported",
        `The schema uses what this server does not have yet: ${missing.join(", ")}. A server that was started with --allow-unsupported takes it, and what needs it fails when it is used.`,
      );
    }
    const started = {
      name: randomUUID(),
      before,
      after: tried.analysis,
      code,
      activations,
      outcome: undefined,
      ended: undefined,
    };
    this.#started.set(started.name, started);
    for (const oldest of this.#started.keys()) if (this.#started.size > STARTED_MAX) this.#started.delete(oldest);
    return started;
  }

  async #packageOf(modules: readonly PushedModule[]): Promise<CodePackage> {
    try {
      return await this.#deployment.codeOf(modules);
    } catch (cause) {
      throw new RequestError(400, "InvalidModules", (cause as Error).message, { cause });
    }
  }

  /** Begins the push itself at the first call, and waits for its end, but no longer than `waitMs`. */
  async wait(name: string, waitMs: number, isDryRun: boolean): Promise<PushState> {
    const started = this.#started.get(name);
    if (started === undefined) return { type: "raceDetected" };
    if (started.outcome === undefined && started.activations !== this.#activations) return { type: "raceDetected" };
    started.outcome ??= this.#push(started, isDryRun);
    await Promise.race([started.outcome, passed(waitMs)]);
    const { ended } = started;
    if (ended === undefined) return { type: "inProgress" };
    return ended.ok ? { type: "complete" } : { type: "failed", code: ended.code, error: ended.message };
  }

  async #push(started: Started, isDryRun: boolean): Promise<PushOutcome> {
    const { code } = started;
    const outcome = await (isDryRun ? this.#deployment.tryPush(code, "schema") : this.#deployment.push(code));
    if (outcome.ok && !isDryRun) this.#activations += 1;
    started.ended = outcome;
    return outcome;
  }

  /** The push is over. @throws {RequestError} If it failed, or another one came before it. */
  async finish(name: string, isDryRun: boolean): Promise<StartedPush> {
    const started = this.#started.get(name);
    const state = await this.wait(name, Infinity, isDryRun);
    if (state.type === "failed") throw new RequestError(400, state.code, state.error);
    if (started === undefined || state.type === "raceDetected") {
      throw new RequestError(
        409,
        "RaceDetected",
        "Another push was faster, or the server was started again; push again",
      );
    }
    this.#started.delete(name);
    return started;
  }
}

function passed(waitMs: number): Promise<void> {
  if (waitMs === Infinity) return new Promise(() => undefined);
  return new Promise((resolve) => {
    setTimeout(resolve, waitMs).unref();
  });
}
