/**
 * What a system brings to the sheet: its data, its forms, its scenarios, and where the claim cannot hold.
 *
 * @module
 */
import type { Stage } from "./stage.ts";
import type { Form, SheetSize } from "./size.ts";
import type { Seeding, World } from "./world.ts";

/** Plays once. */
export type Play = () => Promise<void>;

/** One scenario. `Facts` are what the system looked up in its data. */
export interface Scenario<Facts> {
  readonly name: string;
  /** What one play is, for people. */
  readonly about: string;
  /** Forms that it is played in; all of the system's unless named. */
  readonly forms?: readonly Form[];
  /** What the original app's documents say of it, where they do. */
  readonly original?: string;
  /** How often a day it happens, at the rates of the original app. Left out: it is no part of the day's projection. */
  readonly perDay?: number;
  plays(size: SheetSize): number;
  /** Opens what is open while it is played, and calls once what is called again and again: the first runs. Gives what plays it once. */
  open(stage: Stage<Facts>): Promise<Play>;
}

/** Figures that the claim is about. */
export const CLAIMED = ["documents", "bytes", "bytesSent", "calls"] as const;
export type ClaimedFigure = (typeof CLAIMED)[number];

/** An exception to the claim: a scenario in which no engine can help. */
export interface Excuse {
  readonly scenario: string;
  readonly figures: readonly ClaimedFigure[];
  readonly reason: string;
}

/** See the module comment. */
export interface System<Facts> extends Seeding {
  /** States of its data, each a table of its own. */
  readonly states: readonly string[];
  readonly forms: readonly Form[];
  /** Looks up what scenarios need, in a world of its own: nothing of it stays in the memory of those that are measured. */
  facts(world: World, state: string): Promise<Facts>;
  readonly scenarios: readonly Scenario<Facts>[];
  readonly excuses: readonly Excuse[];
}

/** A system with facts of its own kind, as those see it who only pass them on. (Methods take what is narrower: `open` of a system gets its own facts.). */
export type AnySystem = System<unknown>;
