/**
 * Names of runs as they cross the watchdog's memory.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { rootFunction } from "@narrowcast/values";
import { parseRunKey, queryKey, runKeyText, type RunKey } from "./run-key.ts";

const keys: fc.Arbitrary<RunKey> = fc.oneof(
  fc.record({ kind: fc.constant("call" as const), request: fc.nat() }),
  fc.record({ kind: fc.constant("query" as const), request: fc.string() }),
  fc.record({ kind: fc.constant("job" as const), id: fc.string() }),
  fc.record({ kind: fc.constant("cron" as const), name: fc.string() }),
  fc.record({ kind: fc.constant("load" as const), request: fc.oneof(fc.nat(), fc.constant("start" as const)) }),
);

test("a key is read back from its text", () => {
  fc.assert(
    fc.property(keys, (key) => {
      expect(parseRunKey(runKeyText(key))).toEqual(key);
    }),
  );
});

test.each(["", "call", "call:", "call:x", "load:end", "run:a", "calls:1"])("%j is no key", (text) => {
  expect(() => parseRunKey(text)).toThrow("should be a run's key");
});

test("a long request is hashed, and others get other keys", () => {
  const args = "x".repeat(1_000);
  const key = queryKey(rootFunction("a:b"), args, "");
  expect(key.length).toBeLessThan(100);
  expect(queryKey(rootFunction("a:b"), args, "ann")).not.toBe(key);
});
