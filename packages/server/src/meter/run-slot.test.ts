import { expect, test } from "vitest";
import type { RunRecord, TableUse } from "./record.ts";
import { RecentRuns, RunSlot } from "./run-slot.ts";

const TABLE: TableUse = {
  table: "jobs",
  documents: 1,
  bytes: 2,
  convexDocuments: 3,
  convexBytes: 4,
  documentsWritten: 5,
  bytesWritten: 6,
};

function record(atMs: number, tables: readonly string[] = ["jobs"]): RunRecord {
  return {
    atMs,
    request: { path: "jobs:list", key: "k", label: "l" },
    kind: "query",
    caller: "Tester",
    cause: null,
    causeTs: 0,
    isSubscribed: true,
    isFirst: true,
    isUnchanged: true,
    askers: 2,
    usage: {
      documents: 7,
      bytes: 8,
      convexDocuments: 9,
      convexBytes: 10,
      convexKeyBytes: 11,
      documentsWritten: 12,
      bytesWritten: 13,
      unchangedWrites: 14,
      tables: tables.map((table) => ({ ...TABLE, table })),
    },
    resultBytes: 15,
    userMs: 16,
    isError: true,
  };
}

test("a slot gives what was put in, whatever it held before", () => {
  const slot = new RunSlot();
  for (const tables of [["a", "b", "c"], ["d"], [], ["e", "f"]]) {
    slot.set(record(1, tables));
    expect(slot.copy()).toEqual(record(1, tables));
  }
  slot.usage.clear();
  expect(slot.copy().usage).toEqual({ ...new RunSlot().copy().usage, tables: [] });
});

test("what was asked for before is not changed by what comes later", () => {
  const runs = new RecentRuns(2, () => undefined);
  runs.keep(record(1));
  runs.keep(record(2));
  const seen = runs.all();
  for (let atMs = 3; atMs < 9; atMs += 1) runs.keep(record(atMs, ["x", "y"]));
  expect(seen).toEqual([record(1), record(2)]);
  expect(runs.all().map(({ atMs }) => atMs)).toEqual([7, 8]);
});

test("a ring makes no more slots than it has places, one of them the next", () => {
  const runs = new RecentRuns(3, () => undefined);
  const slots = new Set<RunSlot>();
  for (let atMs = 1; atMs <= 50; atMs += 1) {
    const { next } = runs;
    slots.add(next);
    next.set(record(atMs));
    runs.keep(next);
    expect(runs.all().map((run) => run.atMs)).toEqual([atMs - 2, atMs - 1, atMs].filter((at) => at > 0));
  }
  expect([slots.size, runs.size]).toEqual([3, 3]);
});

test("a ring without places keeps nothing", () => {
  const runs = new RecentRuns(0, () => undefined);
  runs.next.set(record(1));
  runs.keep(runs.next);
  expect([runs.size, runs.all()]).toEqual([0, []]);
});

test("records are charged once and in order, before their slot is filled again or when somebody looks", () => {
  const charged: number[] = [];
  const recent = new RecentRuns(3, ({ atMs }) => charged.push(atMs));
  for (const atMs of [1, 2]) recent.keep(record(atMs));
  expect(charged).toEqual([]);
  recent.keep(record(3));
  expect(charged).toEqual([1, 2, 3]);
  for (const atMs of [4, 5]) recent.keep(record(atMs));
  recent.chargeAll();
  recent.chargeAll();
  expect(charged).toEqual([1, 2, 3, 4, 5]);
  for (const atMs of [6, 7, 8, 9]) recent.keep(record(atMs));
  recent.chargeAll();
  expect(charged).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const none = new RecentRuns(0, ({ atMs }) => charged.push(atMs));
  none.keep(record(10));
  expect(charged.at(-1)).toBe(10);
});
