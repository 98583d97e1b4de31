/**
 * One bounded slice of the reactor's work.
 *
 * @module
 */
import type { SocketUpdate } from "./types.ts";

/** How far one slice may go. Without any limit it goes to the end of the line. */
export interface SliceBudget {
  readonly budgetMs?: number | undefined;
  readonly maxRuns?: number | undefined;
}

/** What one slice did. */
export interface SliceOutcome {
  /** Executions made. */
  readonly runs: number;
  /** Sockets still in line; when it is not 0, call `settle` again. */
  readonly waiting: number;
}

/** Counts against a budget. At least one step is made before a budget counts as spent, so every slice gets on. */
export class Slice {
  readonly updates: SocketUpdate[] = [];
  /** Set while a socket that has waited too long is served. */
  isUnbounded = false;
  #runs = 0;
  #steps = 0;
  readonly #startMs: number;
  readonly #budgetMs: number;
  readonly #runsMax: number;
  readonly #nowMs: () => number;

  constructor(budget: SliceBudget, nowMs: () => number) {
    this.#budgetMs = budget.budgetMs ?? Infinity;
    this.#runsMax = Math.max(1, budget.maxRuns ?? Infinity);
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  /** Executions made. */
  get runs(): number {
    return this.#runs;
  }

  /** Whether no step at all may follow. */
  get isOutOfTime(): boolean {
    if (this.isUnbounded || this.#steps === 0 || this.#budgetMs === Infinity) return false;
    return this.#nowMs() - this.#startMs >= this.#budgetMs;
  }

  /** Whether no execution may follow; sockets that need none are still served. */
  get isSpent(): boolean {
    return !this.isUnbounded && (this.#runs >= this.#runsMax || this.isOutOfTime);
  }

  /** Notes an execution. */
  countRun(): void {
    this.#runs++;
    this.#steps++;
  }

  /** Notes a socket that was served, with or without an update. */
  countSocket(update: SocketUpdate | undefined): void {
    this.#steps++;
    if (update !== undefined) this.updates.push(update);
  }
}
