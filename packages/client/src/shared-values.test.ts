import { stringifyValue, type JsonValue, type Value } from "@narrowcast/values";
import { jsonToConvex } from "convex/values";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { anyValue } from "../../values/src/arbitraries.testing.ts";
import { handedOver, sharedValue } from "./shared-values.ts";

/** Without `__proto__`, which the official client takes for the prototype and loses. */
const anyJson = anyValue
  .map(stringifyValue)
  .filter((text) => !text.includes("__proto__"))
  .map((text) => JSON.parse(text) as JsonValue);

test("what the official client makes of it is what it makes of the JSON", () => {
  fc.assert(
    fc.property(anyJson, (json) => {
      expect(jsonToConvex(handedOver(json))).toEqual(jsonToConvex(json));
      expect(sharedValue(json)).toEqual(jsonToConvex(json));
      expect(JSON.stringify(handedOver(json))).toBe(JSON.stringify(json));
    }),
  );
});

test("arrays and what is in them are the same objects each time", () => {
  const page: JsonValue[] = [{ _id: "a", tags: [1] }, { $integer: "AQAAAAAAAAA=" }];
  const convert = (json: JsonValue): Value[] => (jsonToConvex(handedOver(json)) as { page: Value[] }).page;
  const first = convert({ isDone: true, page });
  const second = convert({ isDone: false, page });
  expect(second).toBe(first);
  const third = convert({ isDone: true, page: [...page, 1] });
  expect(third).not.toBe(first);
  expect(third[0]).toBe(first[0]);
  expect(first[1]).toBe(1n);
});

test("any other reader finds an ordinary array", () => {
  const list = handedOver([1, [2]]) as JsonValue[];
  expect(list).toEqual([1, [2]]);
  expect(list.map((item) => typeof item)).toEqual(["number", "object"]);
  expect(list.map((item) => item)).toEqual([1, [2]]);
  expect(() =>
    list.map(() => {
      throw new Error("its own");
    }),
  ).toThrow("its own");
  expect(Object.keys(list)).toEqual(["0", "1"]);
});
