/**
 * What a system query is.
 *
 * @module
 */
import type { Value } from "@narrowcast/values";
import type { Transaction } from "../../tx/types.ts";
import type { Analysis } from "../../app/types.ts";

/** Paths of system functions begin with this. */
export const SYSTEM_PREFIX = "_system/";

/** Facts outside the transaction that system queries show. */
export interface SystemContext {
  /** Undefined before the first push. */
  readonly analysis: Analysis | undefined;
  readonly cloudUrl: string;
  readonly siteUrl: string;
}

export type SystemArgs = { readonly [name: string]: Value | undefined };

/** Reads through the transaction, so that its answer can be subscribed to like any query's. Throws `UserError`. */
export type SystemQuery = (tx: Transaction, args: SystemArgs, context: SystemContext) => Value;
