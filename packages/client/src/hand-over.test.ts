import { expect, test } from "vitest";
import { handOver } from "./hand-over.ts";

const parse = JSON.parse;

test("the handler's first parse of the text gives the message", () => {
  const message = { a: [1] };
  let first: unknown;
  let second: unknown;
  handOver("[2]", message, () => {
    expect(JSON.parse("[3]", (_key, value: unknown) => (value === 3 ? 4 : value))).toEqual([4]);
    first = JSON.parse("[2]");
    expect(JSON.parse).toBe(parse);
    second = JSON.parse("[2]");
  });
  expect(first).toBe(message);
  expect(second).toEqual([2]);
});

test.each([
  { name: "does not parse", handler: () => undefined },
  {
    name: "throws",
    handler: () => {
      throw new Error("no");
    },
  },
  { name: "parses something that is no JSON", handler: () => JSON.parse("{") as unknown },
])("nothing is left behind by a handler that $name", ({ handler }) => {
  try {
    handOver("[2]", {}, handler);
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
  }
  expect(JSON.parse).toBe(parse);
});

test("where JSON cannot be written, the text is parsed", () => {
  const own = Object.getOwnPropertyDescriptor(JSON, "parse") as PropertyDescriptor;
  Object.defineProperty(JSON, "parse", { ...own, writable: false });
  try {
    let read: unknown;
    handOver("[2]", {}, () => {
      read = JSON.parse("[2]");
    });
    expect(read).toEqual([2]);
  } finally {
    Object.defineProperty(JSON, "parse", own);
  }
});

test("hand-overs inside one another do not mix", () => {
  const seen: unknown[] = [];
  handOver("[1]", "outer", () => {
    handOver("[2]", "inner", () => seen.push(JSON.parse("[2]"), JSON.parse("[1]")));
  });
  expect(seen).toEqual(["inner", "outer"]);
  expect(JSON.parse).toBe(parse);
});
