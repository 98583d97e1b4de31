/**
 * How the core gets user code from what is stored.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import { loadUserCode, type CoreCode, type LoadedUserCode } from "./load.ts";

/** What stays the same for every evaluation of one push's modules. */
export interface ImportFacts {
  /** When the code was pushed, in milliseconds since the epoch: the time that modules see while they are evaluated. */
  readonly nowMs: number;
  /** Seed of the randomness that they see. */
  readonly seed: number;
}

/** Circumstances of an evaluation. */
export interface LoadSettings extends ImportFacts {
  readonly limits: Limits;
  readonly environment: ReadonlyMap<string, string>;
  readonly cloudUrl: string;
  readonly siteUrl: string;
}

/** Evaluates code. Rejects with a text for the developer. */
export type CodeLoader = (code: CoreCode, settings: LoadSettings) => Promise<LoadedUserCode>;

/** The loader of a real deployment. */
export const loadPackage: CodeLoader = (code, settings) => loadUserCode(code, settings);
