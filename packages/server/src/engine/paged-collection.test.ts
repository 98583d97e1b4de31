import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { BaseBatch } from "./base-batch.ts";
import { Base } from "./base.ts";
import { PagedCollection } from "./paged-collection.ts";
import { RowCache } from "./row-cache.ts";
import { indexKeyOf, movesOf, testCodec } from "./testing/test-rows.ts";
import type { TestRow } from "./testing/test-rows.ts";
import { PRIMARY } from "./types.ts";

const root = mkdtempSync(join(tmpdir(), "narrowcast-paged-"));
const base = new Base(root);
const counters = { rowsDecoded: 0, rowsFromBase: 0, bytesFromBase: 0, flushes: 0, bytesLogged: 0, checkpoints: 0 };
const old: TestRow = { a: 1, text: "old" };
const fresh: TestRow = { a: 2, text: "fresh" };
let paged: PagedCollection<TestRow>;

afterAll(async () => {
  await base.close();
  rmSync(root, { recursive: true, force: true });
});

/** Brings the base to record `applied`, in which row "k" has a value. */
async function applyToBase(row: TestRow, applied: number): Promise<void> {
  const batch = new BaseBatch(base.reader, base.state.nextLink);
  batch.put(1, PRIMARY, "k", testCodec.encode(row));
  batch.put(1, 1, indexKeyOf(1, "k", row), Buffer.from("k"));
  await base.write(batch, { applied, progress: 0, head: applied }, new Map());
}

function write(row: TestRow, before: TestRow | undefined, sequence: number) {
  return paged.apply("k", row, testCodec.encode(row), movesOf("k", before, row), sequence);
}

function overlay(): unknown[] {
  return [...paged.overlayRows(), ...paged.overlayEntries(1), ...paged.overlayEntries(2)];
}

beforeEach(async () => {
  await applyToBase(old, 1);
  paged = new PagedCollection<TestRow>(base, 1, { codec: testCodec, cache: new RowCache(1_000_000), counters });
});

test("a write hides the base's row, and a rolled back one leaves nothing behind", () => {
  expect(paged.get("k")).toEqual(old);
  const undo = write(fresh, old, 2);
  expect(paged.get("k")).toEqual(fresh);
  undo.revert();
  expect([paged.get("k"), overlay()]).toEqual([old, []]);
});

test("what the base has applied meanwhile does not come back into the overlay by a rollback", async () => {
  write(fresh, old, 2).settle();
  const undo = write({ a: 3, text: "open" }, fresh, 3);
  await applyToBase(fresh, 2);
  paged.forgetWrite({ collection: 1, key: "k", bytes: undefined, lengthBefore: 1, moves: movesOf("k", old, fresh) }, 2);
  expect(paged.get("k")?.text).toBe("open");
  undo.revert();
  expect([paged.get("k"), overlay()]).toEqual([fresh, []]);
});

test("a newer write survives when an older one is forgotten", async () => {
  write(fresh, old, 2).settle();
  write({ a: 3, text: "newer" }, fresh, 3).settle();
  await applyToBase(fresh, 2);
  paged.forgetWrite({ collection: 1, key: "k", bytes: undefined, lengthBefore: 1, moves: movesOf("k", old, fresh) }, 2);
  expect(paged.get("k")?.text).toBe("newer");
});

test("a pinned overlay keeps everything; unpinned it forgets what was applied", async () => {
  paged.pin();
  write(fresh, old, 2).settle();
  await applyToBase(fresh, 2);
  paged.forgetWrite({ collection: 1, key: "k", bytes: undefined, lengthBefore: 1, moves: movesOf("k", old, fresh) }, 2);
  expect([...paged.overlayRows()].length).toBe(1);
  paged.unpin();
  expect([paged.get("k"), overlay()]).toEqual([fresh, []]);
});

test("a decoded row of the base is not given once a newer one is applied", async () => {
  expect(paged.get("k")).toEqual(old);
  write(fresh, old, 2).settle();
  await applyToBase(fresh, 2);
  paged.forgetWrite({ collection: 1, key: "k", bytes: undefined, lengthBefore: 1, moves: movesOf("k", old, fresh) }, 2);
  expect(paged.get("k")).toEqual(fresh);
});

test("a dropped tree hides the base until the base has applied the drop", async () => {
  const hidden = new PagedCollection<TestRow>(base, 1, { codec: testCodec, cache: new RowCache(1000), counters }, 3);
  expect([hidden.get("k"), hidden.lengthOf("k"), hidden.hasHidden]).toEqual([undefined, -1, true]);
  expect(hidden.scan(PRIMARY, { start: "", end: undefined }, "asc").next()).toBe(false);
  await applyToBase(fresh, 3);
  expect([hidden.get("k"), hidden.hasHidden]).toEqual([fresh, false]);
});
