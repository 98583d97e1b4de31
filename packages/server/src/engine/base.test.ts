import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeEach, expect, test } from "vitest";
import { BaseBatch } from "./base-batch.ts";
import { LINK_COLLECTION, spaceAfter, spaceOf } from "./base-keys.ts";
import { Base } from "./base.ts";

const root = mkdtempSync(join(tmpdir(), "narrowcast-base-"));
const base = new Base(root);
let applied = 0;

afterAll(async () => {
  await base.close();
  rmSync(root, { recursive: true, force: true });
});

/** Writes pairs; `undefined` removes. */
async function write(pairs: readonly (readonly [string, string | undefined])[], tree = [1, 1]): Promise<void> {
  const batch = new BaseBatch(base.reader, base.state.nextLink);
  for (const [key, value] of pairs) {
    if (value === undefined) batch.remove(tree[0]!, tree[1]!, key);
    else batch.put(tree[0]!, tree[1]!, key, Buffer.from(value));
  }
  applied += 1;
  await base.write(batch, { applied, progress: 0, head: applied }, new Map());
}

function read(start: string, end: string | undefined, order: "asc" | "desc", rowsMax: number): string[][] {
  const found: string[][] = [];
  let range = { start, end };
  for (;;) {
    const page = base.reader.page(1, 1, range, order, rowsMax);
    for (const [at, key] of page.keys.entries()) found.push([key, Buffer.from(page.values[at]!).toString()]);
    if (page.isLast) return found;
    const last = page.keys.at(-1)!;
    range = order === "asc" ? { start: `${last}\0`, end } : { start, end: last };
  }
}

/** Number of link spaces and links that are stored. */
function linkCount(): number {
  return [...base.reader.storedKeys(spaceOf(1, 1))].filter((key) => key.length > 8 + 1024).length;
}

beforeEach(async () => {
  const all = [...read("", undefined, "asc", 1000)];
  await write(all.map(([key]) => [key!, undefined]));
});

const LONG = "p".repeat(1024);
const piece = fc.constantFrom("", "\0", "a", "p", "z", "\u00ff", LONG, LONG.slice(1), `${LONG}q`);
const key = fc.tuple(piece, piece, piece).map((pieces) => pieces.join(""));

test("keys of any length keep byte order, both ways, in pages of any size", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(key, fc.boolean()), { maxLength: 30 }),
      fc.array(fc.tuple(key, fc.boolean()), { maxLength: 30 }),
      key,
      fc.option(key, { nil: undefined }),
      fc.integer({ min: 1, max: 5 }),
      async (first, second, start, end, rowsMax) => {
        const model = new Map(read("", undefined, "asc", 1000).map(([key, value]) => [key!, value!]));
        for (const pairs of [first, second]) {
          await write(pairs.map(([key, isPut], at) => [key, isPut ? `value ${at}` : undefined]));
          for (const [at, [key, isPut]] of pairs.entries()) {
            if (isPut) model.set(key, `value ${at}`);
            else model.delete(key);
          }
        }
        const expected = [...model].filter(([key]) => key >= start && (end === undefined || key < end));
        expected.sort(([a], [b]) => (a < b ? -1 : 1));
        expect(read(start, end, "asc", rowsMax)).toEqual(expected);
        expect(read(start, end, "desc", rowsMax)).toEqual(expected.toReversed());
        for (const [key, value] of model) {
          expect(Buffer.from(base.reader.get(1, 1, key)!.subarray(0, value.length)).toString()).toBe(value);
        }
        expect(base.reader.get(1, 1, "nobody")).toBeUndefined();
      },
    ),
    { numRuns: 60 },
  );
});

test("links go when nothing is left behind them", async () => {
  const long = `${LONG}${LONG}${LONG}`;
  await write([
    [`${long}a`, "1"],
    [`${long}b`, "2"],
    [LONG, "3"],
  ]);
  expect(linkCount()).toBe(1);
  await write([[`${long}a`, undefined]]);
  expect(linkCount()).toBe(1);
  await write([[`${long}b`, undefined]]);
  expect(linkCount()).toBe(0);
  expect([...base.reader.storedKeys(spaceOf(1, 1))].length).toBe(1);
  const behind = base.reader.page(LINK_COLLECTION, 1, { start: "", end: undefined }, "asc", 10);
  expect(behind.keys).toEqual([]);
});

test("removing and adding behind one link in one batch keeps what was added", async () => {
  await write([[`${LONG}a`, "1"]]);
  await write([
    [`${LONG}a`, undefined],
    [`${LONG}b`, "2"],
  ]);
  expect(read("", undefined, "asc", 10)).toEqual([[`${LONG}b`, "2"]]);
});

test("neighbouring trees are never read", async () => {
  await write([["", "before"]], [1, 0]);
  await write([["", "after"]], [1, 2]);
  await write([["m", "mine"]]);
  expect(read("", undefined, "asc", 10)).toEqual([["m", "mine"]]);
  expect(read("", undefined, "desc", 10)).toEqual([["m", "mine"]]);
});

test("a reader sees its own state, whatever is written later", async () => {
  await write([["k", "old"]]);
  const reader = base.openReader();
  await write([["k", "new"]]);
  expect(Buffer.from(reader.get(1, 1, "k")!.subarray(0, 3)).toString()).toBe("old");
  expect(Buffer.from(base.reader.get(1, 1, "k")!.subarray(0, 3)).toString()).toBe("new");
  reader.close();
});

test("the space after one is the next in byte order", () => {
  expect(spaceAfter(spaceOf(1, 255))).toBe(spaceOf(1, 256).slice(0, 7));
  expect(spaceOf(1, 255) < spaceAfter(spaceOf(1, 255)) && spaceAfter(spaceOf(1, 255)) <= spaceOf(1, 256)).toBe(true);
  expect(() => spaceAfter("\u00ff\u00ff")).toThrow("no successor");
});

test("a disk that is nearly full is not written to, and takes the same batch when there is room", async () => {
  const directory = mkdtempSync(join(tmpdir(), "narrowcast-base-"));
  let free = 1024 * 1024;
  const small = new Base(directory, () => free);
  const put = (): Promise<void> => {
    const batch = new BaseBatch(small.reader, small.state.nextLink);
    batch.put(1, 1, "a", Buffer.from("x"));
    return small.write(batch, { applied: 1, progress: 0, head: 1 }, new Map());
  };
  await expect(put()).rejects.toThrow("the disk is full (ENOSPC)");
  expect(small.state.applied).toBe(0);
  free = Infinity;
  await put();
  expect(small.state.applied).toBe(1);
  await small.close();
  rmSync(directory, { recursive: true, force: true });
});
