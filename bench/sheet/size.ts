/**
 * What is played, and how much of it.
 *
 * @module
 */

/** Which version of the app's functions: as first written, optimised by hand, or made right besides. */
export type Form = "before" | "after" | "fixed";

/** How much is played. */
export interface SheetSize {
  /** Plays of a scenario that is played several times; figures are per play. */
  readonly plays: number;
  /** Minutes of a day. */
  readonly dayMinutes: number;
  /** Smallest data and few subscribers, to see that everything works. */
  readonly isQuick: boolean;
}

export const FULL_SIZE: SheetSize = { plays: 10, dayMinutes: 480, isQuick: false };
export const QUICK_SIZE: SheetSize = { plays: 2, dayMinutes: 20, isQuick: true };
