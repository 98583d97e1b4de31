/**
 * Handing rows of one table to a function: as private copies, or as tracked documents that note what is looked at.
 *
 * A function that takes its documents whole (spreads or returns them) pays for tracking and gets nothing. `ReadHabits` remembers that for each
 * (function, table): such a function is given plain copies, and its read set says "every field". It is tracked again after 1, 3, 7 … such runs and
 * then now and then, in case it has changed its ways: a function that returns what it found and otherwise only looks at a status must not go on being
 * woken by every field.
 *
 * @module
 */
import { cloneValue } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import type { Observations } from "./observations.ts";
import { trackedDocument } from "./tracked-document.ts";

/** After at most so many runs with plain copies a function is tracked once more. */
const TRACKED_AGAIN_RUNS = 32;
/** Below so many documents a run makes no habit. It may end one: being woken in vain costs more than tracking a few. */
const TELLING_DOCUMENTS = 4;

/** Of a function that takes the documents of one table whole. */
interface Habit {
  /** Runs with plain copies that are left until it is tracked once more. */
  plainRuns: number;
  /** Times it was tracked again and took them whole again. */
  confirmed: number;
}

/** What is known, or assumed, of a function's ways. */
export interface Habits {
  takesWhole(collection: number): boolean;
  learn(collection: number, handedOut: number, takenWhole: number): void;
}

/** Nothing is tracked: every document is given as a plain copy. */
export const TAKES_WHOLE: Habits = { takesWhole: () => true, learn: () => undefined };

/** What one function does with the documents of each table. Kept from run to run by whoever begins its transactions. */
export class ReadHabits implements Habits {
  readonly #habits = new Map<number, Habit>();

  /** Whether the next run should be given plain copies. Call it once a run and table. */
  takesWhole(collection: number): boolean {
    const habit = this.#habits.get(collection);
    if (habit === undefined || habit.plainRuns === 0) return false;
    habit.plainRuns -= 1;
    return true;
  }

  /** Notes what a tracked run did. */
  learn(collection: number, handedOut: number, takenWhole: number): void {
    if (handedOut === 0) return;
    const habit = this.#habits.get(collection);
    if (takenWhole * 2 <= handedOut) this.#habits.delete(collection);
    else if (habit !== undefined) {
      habit.confirmed += 1;
      habit.plainRuns = Math.min(2 ** habit.confirmed, TRACKED_AGAIN_RUNS) - 1;
    } else if (handedOut >= TELLING_DOCUMENTS) this.#habits.set(collection, { plainRuns: 0, confirmed: 0 });
  }
}

/** The hand-outs of one run, table by table. */
export class HandOuts {
  readonly #observations: Observations;
  readonly #habits: Habits | undefined;
  readonly #isLazy: boolean;
  readonly #tables = new Map<number, HandOut>();

  constructor(observations: Observations, habits: Habits | undefined, isLazy: boolean) {
    this.#observations = observations;
    this.#habits = habits;
    this.#isLazy = isLazy;
  }

  of(collection: number): HandOut {
    let handOut = this.#tables.get(collection);
    if (handOut === undefined) {
      handOut = new HandOut(this.#observations, this.#habits?.takesWhole(collection) ?? false, this.#isLazy);
      this.#tables.set(collection, handOut);
    }
    return handOut;
  }

  /** A document that was read by its id. */
  giveOne(collection: number, row: Doc): Doc {
    const handOut = this.of(collection);
    if (handOut.isWhole) this.#observations.noteAll(row._id);
    return handOut.give(row);
  }

  /** Learns from what the run did. */
  finish(): void {
    if (this.#habits === undefined) return;
    for (const [collection, { handedOut, takenWhole }] of this.#tables) {
      this.#habits.learn(collection, handedOut, takenWhole);
    }
  }

  /** Whether any tracked document was given out. */
  get hasTracked(): boolean {
    for (const { handedOut } of this.#tables.values()) if (handedOut > 0) return true;
    return false;
  }
}

/** Hands out the rows of one table to one run. */
export class HandOut {
  readonly observations: Observations;
  /** Rows are given as plain copies, and every field counts as looked at. */
  readonly isWhole: boolean;
  /** Tracked documents given so far, and those of them that were taken whole. */
  handedOut = 0;
  takenWhole = 0;
  readonly #isLazy: boolean;

  constructor(observations: Observations, isWhole: boolean, isLazy: boolean) {
    this.observations = observations;
    this.isWhole = isWhole;
    this.#isLazy = isLazy;
  }

  /** A document for the function, which may write to it. `row` is shared and stays as it is. */
  give(row: Doc): Doc {
    if (this.isWhole) return cloneValue(row);
    this.handedOut += 1;
    return trackedDocument(row, this, this.#isLazy);
  }
}
