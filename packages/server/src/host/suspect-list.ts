/**
 * The runs that ended a core, as main remembers them over restarts.
 *
 * Queries stay until new code or another environment is active: the core decides when one may be tried again (`quarantine.ts`) and
 * needs to know how often it was suspect. Mutations, jobs and cron runs are done with once a new core has been told.
 *
 * @module
 */
import type { Suspect } from "../protocol/core-protocol.ts";
import { runKeyText, type RunKey } from "../protocol/run-key.ts";

/** More are forgotten, oldest first. */
const ENTRIES_MAX = 1_000;

/** See the module comment. */
export class SuspectList {
  /** By the text of the run's key, since keys are compared by what they say. */
  readonly #entries = new Map<string, Suspect>();

  add(run: RunKey): void {
    const text = runKeyText(run);
    const before = this.#entries.get(text);
    this.#entries.delete(text);
    this.#entries.set(text, { run, times: before === undefined ? 0 : before.times + 1, atMs: Date.now() });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > ENTRIES_MAX && oldest !== undefined) this.#entries.delete(oldest);
  }

  all(): readonly Suspect[] {
    return [...this.#entries.values()];
  }

  /** A core that knows all of them is ready, and what it did about them is durable. */
  delivered(): void {
    for (const [text, { run }] of this.#entries) {
      const isKept = run.kind === "query" || (run.kind === "load" && run.request === "start");
      if (!isKept) this.#entries.delete(text);
    }
  }

  /** New code or environment. */
  clear(): void {
    this.#entries.clear();
  }
}
