/**
 * Random documents, plans and filters over one small table, drawn so that they meet each other often.
 *
 * @module
 */
import * as fc from "fast-check";
import type { Value } from "@narrowcast/values";
import type { FilterExpression, QueryOperator, QueryPlan, RangeBound } from "../query-plan.ts";
import type { ModelIndexes } from "./model.ts";

/** The indexes of the random table. */
export const INDEXES = { by_a: ["a"], by_ab: ["a", "b"], by_nested: ["o.x", "b"] } as const satisfies ModelIndexes;

const FIELDS = ["a", "b", "o", "c"] as const;
const PATHS = ["a", "b", "o", "o.x", "c", "o.x.y"] as const;

const bytes = Uint8Array.of(0, 255).buffer;
const POOL: readonly Value[] = [
  null,
  -1n,
  1n,
  -Infinity,
  -0,
  0,
  1,
  2,
  NaN,
  false,
  true,
  "",
  "a",
  "a\0",
  "b",
  "\u{10000}",
  "\uffff",
  bytes,
  [],
  [1, null],
  {},
  { x: 1 },
];

/** A value that is likely to be drawn again. */
export const value: fc.Arbitrary<Value> = fc.constantFrom(...POOL);
const maybe: fc.Arbitrary<Value | undefined> = fc.constantFrom(undefined, ...POOL);

/** Fields of a document; some are missing. */
export const fields: fc.Arbitrary<{ [field: string]: Value | undefined }> = fc.record({
  a: maybe,
  b: maybe,
  c: maybe,
  o: fc.oneof(
    maybe,
    maybe.map((x): Value | undefined => (x === undefined ? { z: 1 } : { x })),
  ),
});

/** A patch: few fields, `undefined` removes. */
export const patch: fc.Arbitrary<{ [field: string]: Value | undefined }> = fc.dictionary(
  fc.constantFrom(...FIELDS),
  maybe,
  { maxKeys: 2 },
);

const leaf: fc.Arbitrary<FilterExpression> = fc.oneof(
  fc.constantFrom(...PATHS).map((path): FilterExpression => ({ op: "field", path: path.split(".") })),
  maybe.map((literal): FilterExpression => ({ op: "literal", value: literal })),
);

const comparison: fc.Arbitrary<FilterExpression> = fc.record({
  op: fc.constantFrom("eq", "neq", "lt", "lte", "gt", "gte"),
  left: leaf,
  right: leaf,
});

/** Any expression, also ones that fail on some documents. */
export const filter: fc.Arbitrary<FilterExpression> = fc.letrec<{ e: FilterExpression }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 3 },
    comparison,
    leaf,
    fc.record({
      op: fc.constantFrom("eq", "lt", "add", "sub", "mul", "div", "mod"),
      left: tie("e"),
      right: tie("e"),
    }),
    fc.record({ op: fc.constantFrom("not", "neg"), operand: tie("e") }),
    fc.record({ op: fc.constantFrom("and", "or"), operands: fc.array(tie("e"), { maxLength: 3 }) }),
  ),
})).e;

const operator: fc.Arbitrary<QueryOperator> = fc.oneof(
  comparison.map((expression) => ({ filter: expression })),
  fc.nat({ max: 4 }).map((limit) => ({ limit })),
);

function range(
  index: readonly string[],
  creationTimes: fc.Arbitrary<number>,
  ids: fc.Arbitrary<Value | undefined>,
): fc.Arbitrary<RangeBound[]> {
  const all = [...index, "_creationTime", "_id"];
  return fc.nat({ max: all.length - 1 }).chain((equalities) => {
    const at = (position: number): fc.Arbitrary<Value | undefined> =>
      all[position] === "_creationTime" ? creationTimes : all[position] === "_id" ? ids : maybe;
    const field = all[equalities] ?? "_id";
    const fixed = all
      .slice(0, equalities)
      .map((fieldPath, position) => at(position).map((bound): RangeBound => ({ type: "eq", fieldPath, value: bound })));
    const side = (types: readonly ("gt" | "gte" | "lt" | "lte")[]) =>
      fc.option(fc.record({ type: fc.constantFrom(...types), fieldPath: fc.constant(field), value: at(equalities) }), {
        nil: undefined,
      });
    return fc
      .tuple(fc.tuple(...fixed), side(["gt", "gte"]), side(["lt", "lte"]))
      .map(([eqs, lower, upper]) => [...eqs, ...[lower, upper].filter((bound) => bound !== undefined)]);
  });
}

/** A legal plan over table `t`. @param ids Ids that may be bounds of `by_id`. */
export function planOf(ids: readonly string[], creationTimes: readonly number[]): fc.Arbitrary<QueryPlan> {
  const times = fc.constantFrom(0, 1e15, ...creationTimes);
  const idBound = fc.oneof(fc.constantFrom<Value | undefined>("", "zz", "é", ...ids), maybe);
  const idRange = fc
    .array(fc.record({ type: fc.constantFrom("gt", "gte", "lt", "lte", "eq"), value: idBound }), { maxLength: 2 })
    .map((bounds): RangeBound[] => {
      const [first, second] = bounds.map((bound): RangeBound => ({ ...bound, fieldPath: "_id" }));
      if (first === undefined) return [];
      const isLower = (bound: RangeBound) => bound.type.startsWith("g");
      const isPair = second !== undefined && second.type !== "eq" && isLower(first) !== isLower(second);
      return isPair && first.type !== "eq" ? [first, second] : [first];
    });
  const source = fc.constantFrom("by_id", "by_creation_time", ...Object.keys(INDEXES)).chain((index) => {
    const fields = (INDEXES as ModelIndexes)[index] ?? [];
    return fc.record({ index: fc.constant(index), range: index === "by_id" ? idRange : range(fields, times, idBound) });
  });
  return fc
    .record({
      source,
      order: fc.constantFrom("asc" as const, "desc" as const),
      operators: fc.array(operator, { maxLength: 2 }),
    })
    .map(({ source: { index, range: bounds }, order, operators }) => ({
      table: "t",
      index,
      range: bounds,
      order,
      operators,
    }));
}
