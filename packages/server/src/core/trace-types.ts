/**
 * The lines of a trace file: JSON, one object a line, in the order in which things happened in the core.
 *
 *   head       the app's code, environment, and how many documents follow
 *   document   one for each document that was there when the trace began
 *   call       what the core was asked; calls of one tick were handled together
 *   commit     who wrote, and the ids of what was inserted: a replay gives other ids and has to know which is which
 *   run        what the meter said of an execution, for reading; a replay makes its own
 *
 * A trace holds data and environment variables: treat it like a backup.
 *
 * @module
 */
import type { EnvironmentEntry, ToCore } from "../protocol/core-protocol.ts";
import type { CodeManifest, ModuleSource, NodeAnalysis } from "../app/types.ts";

export const TRACE_VERSION = 2;

/** Code with everything that a push of it asks for. */
export interface TracedCode {
  readonly manifest: CodeManifest;
  /** In the order of `hashesOf`. */
  readonly sources: readonly ModuleSource[];
  readonly node: NodeAnalysis;
}

export type TraceLine =
  | {
      readonly kind: "head";
      readonly version: number;
      readonly atMs: number;
      readonly code: TracedCode | null;
      readonly environment: readonly EnvironmentEntry[];
      readonly documents: number;
    }
  /** `document` is Convex JSON. */
  | { readonly kind: "document"; readonly table: string; readonly document: { readonly [field: string]: unknown } }
  | { readonly kind: "call"; readonly atMs: number; readonly tick: number; readonly message: ToCore }
  | { readonly kind: "commit"; readonly source: string; readonly inserted: readonly string[] }
  | { readonly kind: "run"; readonly [field: string]: unknown };

/** @throws When `text` is no line of a trace. */
export function parseTraceLine(text: string, number: number): TraceLine {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch (cause) {
    throw new Error(`Cannot read trace: line ${number} is no JSON`, { cause });
  }
  if (typeof line !== "object" || line === null || !("kind" in line)) {
    throw new Error(`Cannot read trace: line ${number} has no \`kind\``);
  }
  if (number === 1 && line.kind !== "head") throw new Error("Cannot read trace: it does not begin with a head");
  return line as TraceLine;
}
