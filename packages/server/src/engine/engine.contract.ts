/**
 * What every engine must do. Called from the test file of each.
 *
 * @module
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HistoryRun, step } from "./testing/engine-history.ts";
import type { Subject } from "./testing/engine-history.ts";
import { movesOf } from "./testing/test-rows.ts";
import type { TestRow } from "./testing/test-rows.ts";
import { PRIMARY } from "./types.ts";
import type { Cursor, Engine, Key } from "./types.ts";

/** `HISTORIES=1000` runs more of them. */
const RUNS = process.env["HISTORIES"];

function put(engine: Engine<TestRow>, key: Key, row: TestRow | undefined): void {
  engine.put({ collection: 1, key, value: row, moves: movesOf(key, engine.get(1, key), row) });
}

function keysOf(cursor: Cursor<TestRow>): Key[] {
  const keys: Key[] = [];
  while (cursor.next()) keys.push(cursor.key);
  return keys;
}

const everything = { start: "", end: undefined };
const row = (a: number): TestRow => ({ a, text: "t" });

/**
 * Runs the contract.
 *
 * @param open Gives a fresh engine.
 * @param runs Random histories of a normal run.
 */
export function engineContract(name: string, open: () => Promise<Subject>, runs: number): void {
  describe(name, () => {
    test("random histories equal the model's, step by step", { timeout: 600_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
          const subject = await open();
          const { engine } = subject;
          await new HistoryRun(subject).run(steps);
          subject.engine.rollback(0);
          await subject.engine.close();
          if (subject.engine !== engine) await engine.close();
        }),
        { numRuns: RUNS === undefined ? runs : Number(RUNS) },
      );
    });

    test("a write is visible at once, and gone after rollback", async () => {
      const { engine } = await open();
      put(engine, "a", row(1));
      engine.commit(1, "");
      const mark = engine.savepoint();
      put(engine, "a", row(2));
      put(engine, "b", row(3));
      put(engine, "a", undefined);
      expect(engine.get(1, "a")).toBeUndefined();
      expect(keysOf(engine.scan(1, 1, everything, "asc"))).toEqual(["b"]);
      engine.rollback(mark);
      expect(engine.get(1, "a")).toEqual(row(1));
      expect(engine.count(1)).toBe(1);
      expect(keysOf(engine.scan(1, 1, everything, "desc"))).toEqual(["a"]);
      await engine.close();
    });

    test("commit refuses a time that does not grow, and seals nothing without writes", async () => {
      const { engine } = await open();
      put(engine, "a", row(1));
      engine.commit(5, "");
      expect(() => engine.commit(5, "")).toThrow("the time must grow");
      engine.commit(9, "");
      expect(engine.head).toBe(5);
      await engine.flush();
      expect(engine.durable).toBe(5);
      await engine.close();
    });

    test("scanning an index that was never registered, or was dropped, is an error", async () => {
      const { engine } = await open();
      expect(() => engine.scan(1, 1, everything, "asc").next()).toThrow("register it first");
      put(engine, "a", row(1));
      engine.commit(1, "");
      expect(keysOf(engine.scan(1, 1, everything, "asc"))).toEqual(["a"]);
      engine.dropIndex(1, 1);
      expect(() => engine.scan(1, 1, everything, "asc").next()).toThrow("register it first");
      await engine.close();
    });

    test("indexes and collections change only between transactions", async () => {
      const { engine } = await open();
      put(engine, "a", row(1));
      expect(() => engine.fillIndex(1, 1, [])).toThrow("commit or roll back first");
      expect(() => engine.dropIndex(1, 1)).toThrow("commit or roll back first");
      expect(() => engine.dropCollection(1)).toThrow("commit or roll back first");
      engine.commit(1, "");
      engine.dropCollection(1);
      expect([engine.count(1), engine.get(1, "a")]).toEqual([0, undefined]);
      expect(keysOf(engine.scan(1, PRIMARY, everything, "asc"))).toEqual([]);
      await engine.close();
    });
  });
}
