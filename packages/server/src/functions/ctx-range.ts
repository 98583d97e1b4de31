/**
 * The builder that `.withIndex(name, q => …)` hands to user code; collects bounds in the order in which they were written.
 *
 * Every step may be continued once: `q.eq(…).eq(…)` is a range, using `q` twice is an error with Convex's text. Whether the bounds fit the index
 * is the transaction layer's to say.
 *
 * @module
 */
import { valueToJson } from "@narrowcast/values";
import type { Value } from "@narrowcast/values";
import type { RangeBound } from "../tx/query-plan.ts";

/** One step of building a range. */
export class RangeBuilder {
  readonly #bounds: readonly RangeBound[];
  #isUsed = false;

  constructor(bounds: readonly RangeBound[] = []) {
    this.#bounds = bounds;
  }

  eq(fieldPath: string, value: unknown): RangeBuilder {
    return this.#with("eq", fieldPath, value);
  }

  gt(fieldPath: string, value: unknown): RangeBuilder {
    return this.#with("gt", fieldPath, value);
  }

  gte(fieldPath: string, value: unknown): RangeBuilder {
    return this.#with("gte", fieldPath, value);
  }

  lt(fieldPath: string, value: unknown): RangeBuilder {
    return this.#with("lt", fieldPath, value);
  }

  lte(fieldPath: string, value: unknown): RangeBuilder {
    return this.#with("lte", fieldPath, value);
  }

  /** The bounds; ends the chain. */
  finish(): readonly RangeBound[] {
    this.#use();
    return this.#bounds;
  }

  #with(type: RangeBound["type"], fieldPath: string, value: unknown): RangeBuilder {
    this.#use();
    if (typeof value === "object" && value !== null) valueToJson(value as Value);
    return new RangeBuilder([...this.#bounds, { type, fieldPath, value: value as Value | undefined }]);
  }

  #use(): void {
    if (this.#isUsed) {
      throw new Error(
        "IndexRangeBuilder has already been used! Chain your method calls like `q => q.eq(...).eq(...)`. See https://docs.convex.dev/using/indexes",
      );
    }
    this.#isUsed = true;
  }
}
