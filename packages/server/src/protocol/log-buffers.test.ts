/**
 * Log entries: what is kept, what is sent, how readers wait.
 */
import { expect, test } from "vitest";
import type { LogEntry } from "./deployment-types.ts";
import type { EntryEnd, EntryFacts } from "./log-entry.ts";
import { LogOutbox, LogRing, type PlacedEntry } from "./log-buffers.ts";

function entry(path: string, more: Partial<LogEntry> = {}): LogEntry {
  return {
    kind: "completion",
    component: "",
    path,
    functionKind: "query",
    requestId: "r",
    executionId: "e",
    caller: "HttpApi",
    startedMs: 1_000,
    durationMs: 0,
    lines: [],
    error: null,
    cached: false,
    environment: "isolate",
    returnBytes: 0,
    usage: {
      documentsRead: 0,
      bytesRead: 0,
      storageDocuments: 0,
      storageBytes: 0,
      documentsWritten: 0,
      bytesWritten: 0,
    },
    ...more,
  };
}

const paths = (entries: readonly LogEntry[]): readonly string[] => entries.map(({ path }) => path);

const PLAIN: EntryEnd = {};
const facts = (path: string, startedMs = 1_000): EntryFacts => ({
  component: "",
  path,
  functionKind: "query",
  requestId: "r",
  caller: "HttpApi",
  startedMs,
});

test("plain entries wait for one that matters, and keep their order", () => {
  const outbox = new LogOutbox();
  outbox.add(facts("a"), PLAIN);
  expect(outbox.take()).toEqual([]);
  outbox.add(facts("b"), { error: "no", returnBytes: 3 });
  const entries = outbox.take();
  expect(entries).toMatchObject([
    { path: "a", executionId: "r-1", error: null, lines: [], returnBytes: 0 },
    { path: "b", executionId: "r-2", error: "no", returnBytes: 3 },
  ]);
  expect(outbox.take()).toEqual([]);
  outbox.add(facts("c"), { lines: [{ level: "LOG", text: "hi", timestampMs: 1, isTruncated: false }] });
  expect(outbox.take()).toMatchObject([{ path: "c", executionId: "r-3", lines: [{ text: "hi" }] }]);
});

test("while somebody looks, plain entries go at once", () => {
  const outbox = new LogOutbox();
  outbox.add(facts("a"), PLAIN);
  outbox.want(2_000);
  expect(paths(outbox.take())).toEqual(["a"]);
  outbox.add(facts("b"), PLAIN);
  expect(paths(outbox.take())).toEqual(["b"]);
  outbox.add(facts("c", 2_001), PLAIN);
  expect(outbox.take()).toEqual([]);
});

test("an outbox that nobody empties stays bounded and keeps the newest, in order", () => {
  const outbox = new LogOutbox();
  for (let i = 0; i < 10_000; i += 1) outbox.add(facts(`${i}`), PLAIN);
  outbox.want(0);
  const kept = paths(outbox.take());
  expect(kept).toEqual(Array.from({ length: 256 }, (_, at) => `${9_744 + at}`));
  outbox.add(facts("next"), { error: "no" });
  expect(paths(outbox.take())).toEqual(["next"]);
});

test("cursors give each entry once; the ring keeps the newest 2,000", () => {
  const ring = new LogRing();
  ring.add([entry("a"), entry("b")]);
  const first = ring.read(0);
  expect(paths(first.entries)).toEqual(["a", "b"]);
  ring.add([entry("c")]);
  expect(paths(ring.read(first.cursor).entries)).toEqual(["c"]);
  ring.add(Array.from({ length: 3_000 }, (_, i) => entry(`${i}`)));
  const rest = ring.read(first.cursor);
  expect(rest.entries.length).toBe(2_000);
  expect(ring.read(rest.cursor).entries).toEqual([]);
});

test("a ring of long entries is bounded by their size", () => {
  const ring = new LogRing();
  for (let i = 0; i < 100; i += 1) ring.add([entry(`${i}`, { error: "x".repeat(1_000_000) })]);
  expect(ring.read(0).entries.length).toBeLessThanOrEqual(8);
});

test("a cursor of an earlier process gives everything new, one from the future nothing", () => {
  const before = new LogRing(1_000);
  before.add([entry("old"), entry("older")]);
  const { cursor } = before.read(0);
  const after = new LogRing(2_000);
  after.add([entry("a")]);
  expect(paths(after.read(cursor).entries)).toEqual(["a"]);
  expect(after.read(3_000)).toEqual({ entries: [], cursor: 2_001 });
});

test("a reader waits for the first entry, and not for ever", async () => {
  const ring = new LogRing();
  const waiting = ring.wait(0, 60_000);
  ring.add([entry("a")]);
  expect(paths((await waiting).entries)).toEqual(["a"]);
  const closing = ring.wait(1, 60_000);
  ring.close();
  expect((await closing).entries).toEqual([]);
  expect((await ring.wait(1, 60_000)).entries).toEqual([]);
});

test("entries of an earlier process come first, each to readers who have not seen it", () => {
  const before = new LogRing(100);
  before.add([entry("a"), entry("b"), entry("c")]);
  const kept: PlacedEntry[] = [];
  const ring = new LogRing(1_000, (placed) => kept.push(...placed));
  ring.restore([
    { at: 100, entry: entry("a") },
    { at: 102, entry: entry("c") },
  ]);
  ring.add([entry("d")]);
  const seen = (cursor: number): readonly string[] => ring.read(cursor).entries.map(({ path }) => path);
  expect([0, 100, 101, 103, 1_000, 1_001].map(seen)).toEqual([
    ["a", "c", "d"],
    ["a", "c", "d"],
    ["c", "d"],
    ["d"],
    ["d"],
    [],
  ]);
  expect(kept).toEqual([{ at: 1_000, entry: entry("d") }]);
});
