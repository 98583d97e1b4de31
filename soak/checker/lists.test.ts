/**
 * The checker: histories of a serial machine are clean, and each anomaly is found where it was put.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Anomaly, ListTransaction, Step } from "./history.ts";
import { checkLists } from "./lists.ts";

const append = (key: string, value: number): Step => ({ kind: "append", key, value });
const read = (key: string, ...values: number[]): Step => ({ kind: "read", key, values });

/** A transaction of a client of its own. */
function done(begun: number, ended: number, ...steps: Step[]): ListTransaction {
  return { client: begun, kind: "done", begun, ended, steps };
}

function namesOf(history: readonly ListTransaction[]): readonly Anomaly["name"][] {
  return [...new Set(checkLists(history).map(({ name }) => name))];
}

test.each<readonly [what: string, expected: readonly Anomaly["name"][], history: readonly ListTransaction[]]>([
  [
    "two appends, read in their order",
    [],
    [done(1, 2, append("a", 1)), done(3, 4, append("a", 2)), done(5, 6, read("a", 1, 2))],
  ],
  [
    "appends at the same time, in any order",
    [],
    [done(1, 3, append("a", 1)), done(2, 4, append("a", 2)), done(5, 6, read("a", 2, 1))],
  ],
  [
    "an append that is gone",
    ["lost append"],
    [done(1, 2, append("a", 1)), done(3, 4, append("a", 2)), done(5, 6, read("a", 2))],
  ],
  [
    "an append that nobody heard of, and that is not there",
    [],
    [{ ...done(1, Infinity, append("a", 1)), kind: "unknown" }, done(3, 4, read("a"))],
  ],
  [
    "an append that nobody heard of, and that is there",
    [],
    [{ ...done(1, Infinity, append("a", 1)), kind: "unknown" }, done(3, 4, read("a", 1))],
  ],
  ["an append that happened twice", ["append twice"], [done(1, 2, append("a", 1)), done(3, 4, read("a", 1, 1))]],
  [
    "an append of a transaction that failed",
    ["aborted read"],
    [{ ...done(1, 2, append("a", 1)), kind: "failed" }, done(3, 4, read("a", 1))],
  ],
  ["a value that nobody appended", ["value of nobody"], [done(1, 2, read("a", 7))]],
  [
    "a read between two appends of one transaction",
    ["intermediate read", "cycle"],
    [done(1, 9, append("a", 1), append("a", 2)), done(2, 8, read("a", 1)), done(10, 11, read("a", 1, 2))],
  ],
  [
    "reads that are no beginnings of each other",
    ["two orders"],
    [
      done(1, 9, append("a", 1)),
      done(2, 9.5, append("a", 2)),
      done(10, 11, read("a", 1, 2)),
      done(12, 13, read("a", 2)),
    ],
  ],
  [
    "a transaction that does not see what it appended",
    ["not its own writes"],
    [done(1, 2, append("a", 1), read("a")), done(3, 4, read("a", 1))],
  ],
  [
    "a transaction that reads one key twice, and differently",
    ["not its own writes"],
    [done(1, 4, read("a"), read("a", 1)), done(2, 3, append("a", 1)), done(5, 6, read("a", 1))],
  ],
  [
    "a read that is older than what was acknowledged",
    ["cycle"],
    [done(1, 2, append("a", 1)), done(3, 4, read("a")), done(5, 6, read("a", 1))],
  ],
  [
    "two that each read what the other had not written yet",
    ["cycle"],
    [
      done(1, 10, read("a"), append("b", 1)),
      done(2, 11, read("b"), append("a", 2)),
      done(12, 13, read("a", 2), read("b", 1)),
    ],
  ],
  [
    "two that each read from the other",
    ["cycle"],
    [
      done(1, 10, read("a", 2), append("b", 1)),
      done(2, 11, read("b", 1), append("a", 2)),
      done(12, 13, read("a", 2), read("b", 1)),
    ],
  ],
  [
    "two that wrote over each other",
    ["cycle"],
    [
      done(1, 10, append("a", 1), append("b", 1)),
      done(2, 11, append("a", 2), append("b", 2)),
      done(12, 13, read("a", 1, 2), read("b", 2, 1)),
    ],
  ],
])("%s", (_what, expected, history) => {
  expect(namesOf(history)).toEqual(expected);
});

test("what a subscription shows may be old, but not older than what its client was told, and never goes back", () => {
  const writes = [done(1, 2, append("a", 1)), { ...done(3, 4, append("a", 2)), client: 7 }];
  const last = done(20, 21, read("a", 1, 2));
  const shown = (client: number, ended: number, ...values: number[]): ListTransaction => ({
    client,
    kind: "shown",
    begun: ended,
    ended,
    steps: [read("a", ...values)],
  });
  expect(namesOf([...writes, shown(8, 10), shown(8, 11, 1), last])).toEqual([]);
  expect(namesOf([...writes, shown(7, 10, 1), last])).toEqual(["cycle"]);
  expect(namesOf([...writes, shown(8, 10, 1, 2), shown(8, 11, 1), last])).toEqual(["cycle"]);
  // What one was shown, everybody who asks later must see.
  expect(
    namesOf([{ ...done(1, 30, append("a", 1)) }, shown(8, 10, 1), done(11, 12, read("a")), done(31, 32, read("a", 1))]),
  ).toEqual(["cycle"]);
});

const KEYS = ["a", "b", "c"];

/** What is done, by which of three clients, and how long it takes before and after its moment. */
const script = fc.array(
  fc.record({
    steps: fc.array(fc.record({ isRead: fc.boolean(), key: fc.constantFrom(...KEYS) }), { minLength: 1, maxLength: 3 }),
    early: fc.nat(30),
    late: fc.nat(30),
  }),
  { minLength: 20, maxLength: 40 },
);

/** The history of a machine that does one after the other, at moments 10, 20, 30, …, while clients wait before and after. */
function serialHistory(
  script: readonly { steps: readonly { isRead: boolean; key: string }[]; early: number; late: number }[],
): readonly ListTransaction[] {
  const lists = new Map<string, readonly number[]>(KEYS.map((key) => [key, []]));
  let value = 0;
  const history = script.map(({ steps, early, late }, at): ListTransaction => {
    const moment = (at + 1) * 10;
    const taken = steps.map(({ isRead, key }): Step => {
      const list = lists.get(key) ?? [];
      if (isRead) return read(key, ...list);
      value += 1;
      lists.set(key, [...list, value]);
      return append(key, value);
    });
    // Fractions keep moments apart.
    return {
      client: at,
      kind: "done",
      begun: moment - early - 0.25 - at / 1_000,
      ended: moment + late + 0.25 + at / 1_000,
      steps: taken,
    };
  });
  const last = (script.length + 10) * 10;
  return [...history, done(last, last + 1, ...KEYS.map((key) => read(key, ...(lists.get(key) ?? []))))];
}

test("histories of a serial machine are clean, however their clients overlap", () => {
  fc.assert(
    fc.property(script, (steps) => {
      expect(checkLists(serialHistory(steps))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("a read that misses what was acknowledged before it began is always found", () => {
  let planted = 0;
  fc.assert(
    fc.property(script, fc.nat(), (steps, pick) => {
      const history = serialHistory(steps);
      const stale = staleReads(history);
      const chosen = stale[pick % Math.max(1, stale.length)];
      if (chosen === undefined) return;
      planted += 1;
      expect(checkLists(history.map((one) => (one === chosen.from ? chosen.to : one)))).not.toEqual([]);
    }),
    { numRuns: 300 },
  );
  expect(planted).toBeGreaterThan(100);
});

/** Transactions of one read whose last value was acknowledged before they began, and the same without that value. */
function staleReads(
  history: readonly ListTransaction[],
): readonly { readonly from: ListTransaction; readonly to: ListTransaction }[] {
  return history.slice(0, -1).flatMap((from) => {
    const [step, more] = from.steps;
    if (step?.kind !== "read" || more !== undefined || step.values.length === 0) return [];
    const last = step.values.at(-1);
    const writer = history.find(({ steps }) => steps.some((one) => one.kind === "append" && one.value === last));
    if (writer === undefined || writer.ended > from.begun) return [];
    return [{ from, to: { ...from, steps: [read(step.key, ...step.values.slice(0, -1))] } }];
  });
}
