/**
 * Quarantine: queries that ended a core are not run again at once.
 *
 * A query with an endless loop costs everybody a restart of the core. Its subscribers would have it run again immediately, and
 * every client that asks the same request too. So the request (function, arguments, identity) is answered with the time-out
 * error, without running it, until its inputs may have changed. Which documents it reads is not known: it never finished. So the rule is:
 *
 *   - new code or a changed environment frees it at once;
 *   - else it stays failed for a penalty of 10 s, doubled with each relapse up to an hour, and is tried again as soon as the penalty
 *     is over *and* a commit was made since it became a suspect. Without any commit it would only do the same again.
 *
 * Soundness: the error may be shown for one penalty longer than the truth, never for ever; restarts caused by one request
 * become rarer and rarer. Nothing polls: only a commit made during the penalty sets an alarm for its end.
 *
 * @module
 */
import type { Commit, ReadSetView } from "../tx/types.ts";
import type { Alarms, Clock } from "../protocol/alarms.ts";
import type { CommitObserver } from "./commits.ts";
import type { StateChange } from "./deployment-state.ts";
import type { Suspect } from "../protocol/core-protocol.ts";

const PENALTY_MS = 10_000;
const PENALTY_MS_MAX = 3_600_000;

interface Entry {
  readonly untilMs: number;
  isStale: boolean;
}

/** When a request may be tried again at the earliest, in milliseconds since the epoch. */
export function penaltyEndMs(suspect: Suspect): number {
  return suspect.atMs + Math.min(PENALTY_MS_MAX, PENALTY_MS * 2 ** Math.min(suspect.times, 16));
}

/** See the module comment. */
export class Quarantine implements CommitObserver {
  readonly #clock: Clock;
  readonly #alarms: Alarms;
  readonly #entries = new Map<string, Entry>();
  readonly #free: (names: readonly string[]) => void;

  /** @param free Called with the {@linkcode nameOf} of requests that may be run again. */
  constructor(clock: Clock, alarms: Alarms, suspects: readonly Suspect[], free: (names: readonly string[]) => void) {
    this.#clock = clock;
    this.#alarms = alarms;
    this.#free = free;
    for (const suspect of suspects) {
      if (suspect.run.kind === "query")
        this.#entries.set(suspect.run.request, { untilMs: penaltyEndMs(suspect), isStale: false });
    }
  }

  /** Requests that are not run now. */
  get size(): number {
    return this.#entries.size;
  }

  has(request: string): boolean {
    return this.#entries.size > 0 && this.#entries.has(request);
  }

  /** What a request reads may have changed. New code or environment: everybody is tried again. */
  committed(_commit: Commit, { code, environment }: StateChange): void {
    if (this.#entries.size === 0) return;
    if (code !== undefined || environment) return this.#clear();
    for (const entry of this.#entries.values()) entry.isStale = true;
    this.#release();
  }

  /** Who holds their errors asks again: the commit itself touches none of them. */
  #clear(): void {
    const freed = [...this.#entries.keys()];
    this.#entries.clear();
    this.#alarms.set("quarantine", undefined, () => undefined);
    this.#free(freed.map(nameOf));
  }

  #release(): void {
    const nowMs = this.#clock.nowMs();
    const freed: string[] = [];
    let nextMs: number | undefined;
    for (const [request, { untilMs, isStale }] of this.#entries) {
      if (!isStale) continue;
      if (untilMs <= nowMs) freed.push(request);
      else nextMs = Math.min(nextMs ?? Infinity, untilMs);
    }
    for (const request of freed) this.#entries.delete(request);
    this.#alarms.set("quarantine", nextMs, () => this.#release());
    if (freed.length > 0) this.#free(freed.map(nameOf));
  }
}

/** Catalogue name that a quarantined result depends on. */
export function nameOf(request: string): string {
  return `quarantine:${request}`;
}

/** What a result that was not computed depends on: only its release. */
export function quarantinedReadSet(request: string): ReadSetView {
  const name = nameOf(request);
  return {
    points: () => [],
    intervals: () => [],
    names: () => [name],
    touchedBy: (commit) => commit.names.includes(name),
    concernOf: (commit) => (commit.names.includes(name) ? "yes" : "node"),
  };
}
