/**
 * The operators of a query plan as what a stream does with each row.
 *
 *   filter filter limit filter limit …
 *   └─ leading ─┘ └───── rest ─────┘
 *
 * What the leading filters drop is not seen by the run at all. A filter after a limit sees rows that count against the limit.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import { compileFilter } from "./filter.ts";
import type { FilterExpression, QueryOperator } from "./query-plan.ts";

/** A filter, or how many rows may still pass. */
export type Stage = { readonly keeps: (document: Doc) => boolean } | { remaining: number };

/** See the module comment. Good for one stream: limits count down. */
export interface PlanStages {
  readonly leading: readonly FilterExpression[];
  /** All leading filters in one; `undefined` when there is none. */
  readonly keeps: ((document: Doc) => boolean) | undefined;
  readonly rest: readonly Stage[];
  readonly hasLateFilter: boolean;
}

const NOTHING: PlanStages = { leading: [], keeps: undefined, rest: [], hasLateFilter: false };

export function compileStages(operators: readonly QueryOperator[]): PlanStages {
  if (operators.length === 0) return NOTHING;
  const leading: FilterExpression[] = [];
  const rest: Stage[] = [];
  for (const operator of operators) {
    if ("limit" in operator) rest.push({ remaining: operator.limit });
    else if (rest.length === 0) leading.push(operator.filter);
    else rest.push({ keeps: compileFilter(operator.filter) });
  }
  return { leading, keeps: allOf(leading), rest, hasLateFilter: rest.some((stage) => "keeps" in stage) };
}

function allOf(filters: readonly FilterExpression[]): PlanStages["keeps"] {
  const [first, ...others] = filters.map(compileFilter);
  if (first === undefined || others.length === 0) return first;
  return (document) => first(document) && others.every((keeps) => keeps(document));
}

/** Whether a limit is used up, so that no further row may be fetched. */
export function isUsedUp(stages: readonly Stage[]): boolean {
  for (const stage of stages) if ("remaining" in stage && stage.remaining <= 0) return true;
  return false;
}

/** Passes a kept row through the later stages; false when one of them drops it. */
export function passes(stages: readonly Stage[], row: Doc): boolean {
  for (const stage of stages) {
    if ("remaining" in stage) stage.remaining -= 1;
    else if (!stage.keeps(row)) return false;
  }
  return true;
}
