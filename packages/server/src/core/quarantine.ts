/**
 * Quarantine: queries that ended a core are not run again at once.
 *
 * A query with an endless loop costs everybody a restart of the core. Its subscribers would have it run again immediately, and
 * every client that asks the same question too. So the question (function, arguments, identity) is answered with the time-out
 * error, without running it, until its inputs may have changed. Which documents it reads is not known: it never finished. So the rule is:
 *
 *   - new code or a changed environment frees it at once;
 *   - else it stays failed for a penalty of 10 s, doubled with each relapse up to an hour, and is tried again as soon as the penalty
 *     is over *and* a commit was made since it was found guilty. Without any commit it would only do the same again.
 *
 * Soundness: the error may be shown for one penalty longer than the truth, never for ever; restarts caused by one question
 * become rarer and rarer. Nothing polls: only a commit made during the penalty sets an alarm for its end.
 *
 * @module
 */
import type { Commit, ReadSetView } from "../tx/types.ts";
import type { Alarms, Clock } from "../protocol/alarms.ts";
import type { CommitObserver } from "./commits.ts";
import type { StateChange } from "./deployment-state.ts";
import type { Guilty } from "../protocol/core-protocol.ts";

const PENALTY_MS = 10_000;
const PENALTY_MS_MAX = 3_600_000;

interface Entry {
  readonly untilMs: number;
  isStale: boolean;
}

/** When a question may be tried again at the earliest, in milliseconds since the epoch. */
export function penaltyEndMs(guilty: Guilty): number {
  return guilty.atMs + Math.min(PENALTY_MS_MAX, PENALTY_MS * 2 ** Math.min(guilty.times, 16));
}

/** See the module comment. */
export class Quarantine implements CommitObserver {
  readonly #clock: Clock;
  readonly #alarms: Alarms;
  readonly #entries = new Map<string, Entry>();
  readonly #free: (names: readonly string[]) => void;

  /** @param free Called with the {@linkcode nameOf} of questions that may be run again. */
  constructor(clock: Clock, alarms: Alarms, guilty: readonly Guilty[], free: (names: readonly string[]) => void) {
    this.#clock = clock;
    this.#alarms = alarms;
    this.#free = free;
    for (const one of guilty) {
      if (one.run.kind === "query") this.#entries.set(one.run.question, { untilMs: penaltyEndMs(one), isStale: false });
    }
  }

  /** Questions that are not run now. */
  get size(): number {
    return this.#entries.size;
  }

  has(question: string): boolean {
    return this.#entries.size > 0 && this.#entries.has(question);
  }

  /** What a question reads may have changed. New code or environment: everybody gets another chance. */
  committed(_commit: Commit, { code, environment }: StateChange): void {
    if (this.#entries.size === 0) return;
    if (code !== undefined || environment) return this.#clear();
    for (const entry of this.#entries.values()) entry.isStale = true;
    this.#release();
  }

  #clear(): void {
    this.#entries.clear();
    this.#alarms.set("quarantine", undefined, () => undefined);
  }

  #release(): void {
    const nowMs = this.#clock.nowMs();
    const freed: string[] = [];
    let nextMs: number | undefined;
    for (const [question, { untilMs, isStale }] of this.#entries) {
      if (!isStale) continue;
      if (untilMs <= nowMs) freed.push(question);
      else nextMs = Math.min(nextMs ?? Infinity, untilMs);
    }
    for (const question of freed) this.#entries.delete(question);
    this.#alarms.set("quarantine", nextMs, () => this.#release());
    if (freed.length > 0) this.#free(freed.map(nameOf));
  }
}

/** Catalogue name that a quarantined result depends on. */
export function nameOf(question: string): string {
  return `quarantine:${question}`;
}

/** What a result that was not computed depends on: only its release. */
export function quarantinedReadSet(question: string): ReadSetView {
  const name = nameOf(question);
  return {
    points: () => [],
    intervals: () => [],
    names: () => [name],
    touchedBy: (commit) => commit.names.includes(name),
    concernOf: (commit) => (commit.names.includes(name) ? "yes" : "node"),
  };
}
