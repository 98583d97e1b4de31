/**
 * By which rules the queries of a deployment run; what the rules do is in `core/tracking.ts`.
 *
 * @module
 */
import { canonicalFunctionPath } from "@narrowcast/values";
import type { Mechanisms } from "../tx/types.ts";

/** One of the two sets of rules; or each mechanism by itself, for tests and measurements. */
export type Tracking = "document" | "fields" | Mechanisms;

/** The rules of a deployment. */
export interface TrackingOptions {
  /** `fields` if left out. */
  readonly tracking?: Tracking | undefined;
  /** Rules of single functions, by canonical path. */
  readonly trackingFor?: { readonly [path: string]: Tracking } | undefined;
}

/** With canonical paths. */
export function canonicalTracking(byPath: { readonly [path: string]: Tracking }): {
  readonly [path: string]: Tracking;
} {
  return Object.fromEntries(Object.entries(byPath).map(([path, tracking]) => [canonicalFunctionPath(path), tracking]));
}
