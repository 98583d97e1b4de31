import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  componentPathError,
  isSameFunction,
  parseFunction,
  parseTable,
  printFunction,
  printTable,
  rootFunction,
  rootTable,
  type FunctionAddress,
} from "./address.ts";

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,3}$/);
const component = fc.array(name, { maxLength: 3 }).map((names) => names.join("/"));
/** Paths as they should be, and whatever else a client may send. */
const path = fc.oneof(
  fc.tuple(name, name).map(([module, fn]) => `${module}:${fn}`),
  fc.string({ unit: fc.constantFrom(":", "/", "a", "b", "_"), maxLength: 6 }),
  fc.string(),
);
const address = fc.record({ component, path });

test("addresses of the app are the texts that clients use", () => {
  expect(printFunction(rootFunction("messages:list"))).toBe("messages:list");
  expect(printTable(rootTable("messages"))).toBe("messages");
  expect(parseFunction("dir/mod:fn")).toEqual({ component: "", path: "dir/mod:fn" });
  expect(parseTable("_storage")).toEqual({ component: "", table: "_storage" });
});

test("addresses of components name the component first", () => {
  expect(printFunction({ component: "mail/pool", path: "lib:enqueue" })).toBe("mail/pool::lib:enqueue");
  expect(parseTable("mail/pool::work")).toEqual({ component: "mail/pool", table: "work" });
});

test("a function's text is parsed to the address that it was made of", () => {
  fc.assert(
    fc.property(address, (one) => {
      expect(parseFunction(printFunction(one))).toEqual(one);
    }),
  );
});

test("a table's text is parsed to the address that it was made of", () => {
  const table = fc.record({ component, table: path });
  fc.assert(
    fc.property(table, (one) => {
      expect(parseTable(printTable(one))).toEqual(one);
    }),
  );
});

test("no two addresses have one text", () => {
  // Few letters, so that texts of different addresses look alike.
  const few = fc.record({
    component: fc.constantFrom("", "a", "b", "a/b", "_"),
    path: fc.string({ unit: fc.constantFrom(":", "a", "b", "/", "_"), maxLength: 6 }),
  });
  const isSame = (a: FunctionAddress, b: FunctionAddress) => a.component === b.component && a.path === b.path;
  fc.assert(
    fc.property(few, few, (a, b) => {
      expect(printFunction(a) === printFunction(b)).toBe(isSame(a, b));
      expect(isSameFunction(a, b)).toBe(isSame(a, b));
    }),
    { numRuns: 5_000 },
  );
});

test("every address crosses threads as it is", () => {
  fc.assert(
    fc.property(address, (one) => {
      expect(structuredClone(one)).toEqual(one);
    }),
  );
});

test.each([
  ["", true],
  ["workpool", true],
  ["mail/workPool_2", true],
  ["/a", false],
  ["a/", false],
  ["a//b", false],
  ["a:b", false],
  ["2a", false],
  ["a b", false],
])('component path "%s" is good: %s', (text, isGood) => {
  expect(componentPathError(text) === undefined).toBe(isGood);
});
