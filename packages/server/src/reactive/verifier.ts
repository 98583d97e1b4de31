/**
 * The online verifier: takes a held result now and then, runs its query from scratch at the same head, and compares.
 *
 *   idle moment ──is one due?──▶ next live query ──from scratch──▶ same text ─▶ verified
 *                                                     └──▶ other ──from scratch again──▶ other again ─▶ not steady: the function's doing
 *                                                                       └──▶ same as before ─▶ ALARM: logged, nodes dropped, run again
 *
 * From scratch: with the inputs of the execution that is held (arguments, identity, journal, clock, seed), by Convex's rules, out of
 * storage. So functions that look at the clock or draw numbers compare equal too.
 *
 * Invariants:
 *   - Nothing happens but after `every` executions and, beyond `share` of all time, never: after a verification of t ms the next one
 *     waits for t / share.
 *   - At most two executions a step, none while other work waits (the caller's part).
 *   - Live queries take turns: with enough executions each that is held is verified.
 *
 * Not compared: log lines (they may tell times), failures for want of time, results of the server itself.
 *
 * @module
 */
import { firstDifference } from "./json-difference.ts";
import type { LiveQuery } from "./live-query.ts";
import type { Moment, RunRequest, RunResult } from "./types.ts";
import type { Wake } from "./wake.ts";

/** How much is verified. */
export interface VerifyOptions {
  /** Part of all time that verification may take, in (0, 1]. */
  readonly share?: number | undefined;
  /** One held result is verified after so many executions. */
  readonly every?: number | undefined;
}

/** An ordinary deployment: a hundredth of the time at most. */
export const VERIFY_DEFAULTS = { share: 0.01, every: 64 } as const;

/** Runs looked at to find one that can be verified. */
const CANDIDATES_MAX = 32;

/** A held result that a run from scratch does not give. */
export interface Divergence {
  readonly live: LiveQuery;
  /** First place where they differ, as `$.a[0].b`, with both sides. */
  readonly difference: string;
  /** Commits that touched what it had read and were cut off. */
  readonly spared: number;
  /** The last of those, if somebody observes. */
  readonly lastSpared: Wake | undefined;
}

/** Work done so far; monotone. */
export interface VerifierCounters {
  /** Held results that a run from scratch gave too. */
  readonly verified: number;
  /** Held results that it did not give. */
  readonly divergences: number;
  /** Functions that gave two results from the same inputs; nothing can be said of them. */
  readonly unsteady: number;
}

/** What the verifier works with. */
export interface VerifierParts {
  /** All live queries, in a stable order to which new ones are added. */
  liveQueries(): Iterable<LiveQuery>;
  /** Executions of the reactor so far. */
  executions(): number;
  nowMs(): number;
  /** Executes from scratch at the head; `undefined`: not now. */
  execute(request: RunRequest, moment: Moment): Promise<RunResult | undefined>;
  /** Told of an alarm: logs it, forgets the nodes it read from, has it run again. */
  onDivergence(divergence: Divergence): void;
}

/** See the module comment. */
export class Verifier {
  readonly #parts: VerifierParts;
  readonly #share: number;
  readonly #every: number;
  readonly #counts = { verified: 0, divergences: 0, unsteady: 0 };
  #candidates: Iterator<LiveQuery> | undefined = undefined;
  #executionsSeen: number;
  #restsUntilMs = -Infinity;

  constructor(parts: VerifierParts, { share = VERIFY_DEFAULTS.share, every = VERIFY_DEFAULTS.every }: VerifyOptions) {
    if (!(share > 0 && share <= 1))
      throw new RangeError(`Cannot verify: share is ${share}; should be more than 0 and at most 1`);
    this.#parts = parts;
    this.#share = share;
    this.#every = every;
    this.#executionsSeen = parts.executions();
  }

  get counters(): VerifierCounters {
    return { ...this.#counts };
  }

  /** Whether enough was executed, and enough time has passed, since the last verification. */
  get isDue(): boolean {
    if (this.#parts.executions() - this.#executionsSeen < this.#every) return false;
    return this.#parts.nowMs() >= this.#restsUntilMs;
  }

  /** Verifies one held result. Call it only when nothing executes and no commit can come meanwhile. */
  async step(): Promise<void> {
    this.#executionsSeen = this.#parts.executions();
    const live = this.#nextCandidate();
    if (live === undefined) return;
    const startMs = this.#parts.nowMs();
    try {
      await this.#verify(live);
    } finally {
      const nowMs = this.#parts.nowMs();
      this.#restsUntilMs = nowMs + (nowMs - startMs) * (1 / this.#share - 1);
    }
  }

  async #verify(live: LiveQuery): Promise<void> {
    const held = textOf(live.result);
    const first = textOf(await this.#fromScratch(live));
    if (first === undefined || held === undefined) return;
    if (first === held) {
      this.#counts.verified += 1;
      return;
    }
    const second = textOf(await this.#fromScratch(live));
    if (second === undefined) return;
    if (second !== first) {
      this.#counts.unsteady += 1;
      return;
    }
    this.#counts.divergences += 1;
    const { spared, lastSpared } = live;
    this.#parts.onDivergence({ live, difference: firstDifference(held, first), spared, lastSpared });
  }

  #fromScratch(live: LiveQuery): Promise<RunResult | undefined> {
    const { component, path, args, identity, allowInternal, givenJournal: journal, moment } = live;
    if (moment === undefined) return Promise.resolve(undefined);
    return this.#parts.execute({ component, path, args, identity, allowInternal, journal }, moment);
  }

  /** The next live query that can be verified, round and round. */
  #nextCandidate(): LiveQuery | undefined {
    let wraps = 0;
    for (let looked = 0; looked < CANDIDATES_MAX;) {
      this.#candidates ??= this.#parts.liveQueries()[Symbol.iterator]();
      const next = this.#candidates.next();
      if (next.done === true) {
        this.#candidates = undefined;
        if (++wraps > 1) return undefined;
        continue;
      }
      looked += 1;
      if (canBeVerified(next.value)) return next.value;
    }
    return undefined;
  }
}

function canBeVerified(live: LiveQuery): boolean {
  return live.state === "clean" && live.holders.size > 0 && live.moment !== undefined;
}

/** What a client sees, in one text; `undefined` for what says nothing about the data. */
function textOf(result: RunResult | undefined): string | undefined {
  if (result === undefined) return undefined;
  if (result.ok) return result.value;
  if (result.errorMessage.includes("timed out")) return undefined;
  return JSON.stringify({ error: result.errorMessage, data: result.errorData });
}
