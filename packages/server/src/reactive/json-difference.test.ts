import { expect, test } from "vitest";
import { firstDifference } from "./json-difference.ts";

test.each([
  { held: `1`, right: `2`, text: "$: held 1, should be 2" },
  { held: `{"a":[1,{"b":2}]}`, right: `{"a":[1,{"b":3}]}`, text: "$.a[1].b: held 2, should be 3" },
  { held: `[1]`, right: `[1,"x"]`, text: `$[1]: held nothing, should be "x"` },
  { held: `{"a":1,"b":2}`, right: `{"a":1}`, text: "$.b: held 2, should be nothing" },
  { held: `[]`, right: `{}`, text: "$: held [], should be {}" },
  { held: `null`, right: `{"a":1}`, text: `$: held null, should be {"a":1}` },
])("$held and $right differ at $text", ({ held, right, text }) => {
  expect(firstDifference(held, right)).toBe(text);
});

test("long values are cut", () => {
  expect(firstDifference(`"${"x".repeat(5_000)}"`, `1`).length).toBeLessThan(200);
});
