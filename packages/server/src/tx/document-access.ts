/**
 * Document access: how a function is given the rows of a table, as private copies or as tracked documents that note what is looked at.
 *
 * A function that takes its documents whole (spreads or returns them) pays for tracking and gets nothing. `ReadHabits` remembers that for each
 * (function, table): of such a function nothing is noted, and its read set says "every field". It is tracked again after 1, 3, 7 … such runs and
 * then now and then, in case it behaves differently now: a function that returns what it found and otherwise only looks at a status must not go on being
 * woken by every field. One that takes its documents apart (spreads or writes to them) is given plain copies meanwhile; one that returns them as they are
 * goes on with tracked documents, which need no copy for that and say that they are unchanged.
 *
 * @module
 */
import { cloneValue } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import type { Observations } from "./observations.ts";
import { trackedDocument } from "./tracked-document.ts";

/** After at most so many runs with plain copies a function is tracked once more. */
const TRACKED_AGAIN_RUNS = 32;
/** A run with fewer documents starts no habit. It may end one: a re-run in vain costs more than tracking a few documents. */
const TELLING_DOCUMENTS = 4;

/** Of a function that takes the documents of one table whole. */
interface Habit {
  /** Runs with plain copies that are left until it is tracked once more. */
  plainRuns: number;
  /** Times it was tracked again and took them whole again. */
  confirmed: number;
  /** It takes them apart: a copy is cheaper than traps. */
  takesApart: boolean;
}

/** What a run did with the documents of one table. */
export interface Taken {
  /** Tracked documents that it was given. */
  readonly given: number;
  /** Of those, taken whole; known only if the run was tracked. */
  readonly takenWhole: number;
  /** Of those, spread, listed or written to. */
  readonly takenApart: number;
}

/** What is known, or assumed, of how a function uses its documents. */
export interface Habits {
  takesWhole(collection: number): boolean;
  takesApart(collection: number): boolean;
  /** @param isTracked Whether it was noted what the run took. */
  learn(collection: number, taken: Taken, isTracked: boolean): void;
}

/** Nothing is tracked: every document is given as a plain copy. */
export const TAKES_WHOLE: Habits = { takesWhole: () => true, takesApart: () => true, learn: () => undefined };

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

  /** Whether those that take whole documents take them apart. */
  takesApart(collection: number): boolean {
    return this.#habits.get(collection)?.takesApart ?? false;
  }

  learn(collection: number, { given, takenWhole, takenApart }: Taken, isTracked: boolean): void {
    if (given === 0) return;
    const habit = this.#habits.get(collection);
    const takesApart = takenApart * 2 > given;
    if (!isTracked) {
      if (habit !== undefined) habit.takesApart = takesApart;
    } else if (takenWhole * 2 <= given) this.#habits.delete(collection);
    else if (habit !== undefined) {
      habit.confirmed += 1;
      habit.plainRuns = Math.min(2 ** habit.confirmed, TRACKED_AGAIN_RUNS) - 1;
      habit.takesApart = takesApart;
    } else if (given >= TELLING_DOCUMENTS) {
      this.#habits.set(collection, { plainRuns: 0, confirmed: 0, takesApart });
    }
  }
}

/** The document accesses of one run, table by table. */
export class DocumentAccesses {
  readonly #observations: Observations;
  readonly #habits: Habits | undefined;
  readonly #isLazy: boolean;
  readonly #tables = new Map<number, DocumentAccess>();

  constructor(observations: Observations, habits: Habits | undefined, isLazy: boolean) {
    this.#observations = observations;
    this.#habits = habits;
    this.#isLazy = isLazy;
  }

  of(collection: number): DocumentAccess {
    let documentAccess = this.#tables.get(collection);
    if (documentAccess === undefined) {
      const isWhole = this.#habits?.takesWhole(collection) ?? false;
      const isCopied = isWhole && (this.#habits?.takesApart(collection) ?? false);
      documentAccess = new DocumentAccess(this.#observations, { isWhole, isCopied, isLazy: this.#isLazy });
      this.#tables.set(collection, documentAccess);
    }
    return documentAccess;
  }

  /** A document that was read by its id. */
  giveOne(collection: number, row: Doc): Doc {
    const documentAccess = this.of(collection);
    if (documentAccess.isWhole) this.#observations.noteAll(row._id);
    return documentAccess.give(row);
  }

  /** Learns from what the run did. */
  finish(): void {
    if (this.#habits === undefined) return;
    for (const [collection, documentAccess] of this.#tables)
      this.#habits.learn(collection, documentAccess, !documentAccess.isWhole);
  }

  /** Whether the function was given any tracked document. */
  get hasTracked(): boolean {
    for (const { given } of this.#tables.values()) if (given > 0) return true;
    return false;
  }
}

/** How a run is given the rows of one table. */
export interface DocumentAccessRules {
  /** Nothing is noted: every field counts as looked at. */
  readonly isWhole: boolean;
  /** Rows are given as plain copies. */
  readonly isCopied: boolean;
  /** Tracked documents make their private copy only when they need it. */
  readonly isLazy: boolean;
}

/** Gives the rows of one table to one run. */
export class DocumentAccess implements Taken {
  readonly observations: Observations;
  /** See {@linkcode DocumentAccessRules}. */
  readonly isWhole: boolean;
  given = 0;
  takenWhole = 0;
  takenApart = 0;
  readonly #isCopied: boolean;
  readonly #isLazy: boolean;

  constructor(observations: Observations, { isWhole, isCopied, isLazy }: DocumentAccessRules) {
    this.observations = observations;
    this.isWhole = isWhole;
    this.#isCopied = isCopied;
    this.#isLazy = isLazy;
  }

  /** A document for the function, which may write to it. `row` is shared and stays as it is. */
  give(row: Doc): Doc {
    if (this.#isCopied) return cloneValue(row);
    this.given += 1;
    return trackedDocument(row, this, this.#isLazy);
  }
}
