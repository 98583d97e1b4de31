import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { followFrom } from "./follow-log.ts";
import { openLog } from "./log.ts";
import type { Log, LogFollower } from "./log-types.ts";
import { MemoryLog } from "./memory-log.ts";
import { CommitWriter, encodeFill } from "./record-codec.ts";

const root = mkdtempSync(join(tmpdir(), "narrowcast-follow-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SEGMENT_BYTES = 4096;
let logs = 0;
const openDiskLog = (): Log => openLog({ directory: join(root, String(++logs)), segmentBytes: SEGMENT_BYTES });

const text = (payload: Uint8Array): string => Buffer.from(payload).toString("utf8");
const append = (log: Log, what: string): number => log.append(Buffer.from(what, "utf8"));

/** A follower that remembers what it was told, and fails where it is told to. */
function listener(failsAt?: string): LogFollower & { readonly told: string[]; readonly errors: Error[] } {
  const told: string[] = [];
  const errors: Error[] = [];
  return {
    told,
    errors,
    records: (records) => {
      for (const { sequence, payload } of records) {
        if (text(payload) === failsAt) throw new Error(`not ${failsAt}`);
        told.push(`${sequence} ${text(payload)}`);
      }
    },
    failed: (error) => void errors.push(error),
  };
}

describe.each([
  { name: "DiskLog", open: openDiskLog },
  { name: "MemoryLog", open: (): Log => new MemoryLog() },
])("$name", ({ open }) => {
  test("a follower is told of what is durable at once, and of the rest as soon as it is", async () => {
    const log = open();
    append(log, "a");
    await log.flush();
    append(log, "b");
    const early = listener();
    log.follow(0, early);
    expect(early.told).toEqual(["1 a"]);
    append(log, "c");
    expect(early.told).toEqual(["1 a"]);
    await log.flush();
    expect(early.told).toEqual(["1 a", "2 b", "3 c"]);
    const late = listener();
    log.follow(2, late);
    expect(late.told).toEqual(["3 c"]);
    append(log, "d");
    await log.flush();
    expect([early.told.at(-1), late.told.at(-1)]).toEqual(["4 d", "4 d"]);
    await log.close();
  });

  test("a follower that leaves is told nothing more", async () => {
    const log = open();
    const one = listener();
    const leave = log.follow(0, one);
    append(log, "a");
    await log.flush();
    leave();
    append(log, "b");
    await log.flush();
    expect(one.told).toEqual(["1 a"]);
    await log.close();
  });

  test("a follower that throws is left out; the log and the others go on", async () => {
    const log = open();
    const bad = listener("b");
    const good = listener();
    log.follow(0, bad);
    log.follow(0, good);
    for (const what of ["a", "b", "c"]) {
      append(log, what);
      await log.flush();
    }
    expect(bad.told).toEqual(["1 a"]);
    expect(bad.errors.map(({ message }) => message)).toEqual(["not b"]);
    expect(good.told).toEqual(["1 a", "2 b", "3 c"]);
    await log.close();
  });

  test("what is not durable yet cannot be behind a follower", async () => {
    const log = open();
    append(log, "a");
    expect(() => log.follow(1, listener())).toThrow("Cannot follow log behind record 1: records 1 to 0 are there");
    await log.close();
  });
});

test("followers are told over the borders of segments, also of flushes that are under way", async () => {
  const log = openDiskLog();
  const one = listener();
  log.follow(0, one);
  const expected: string[] = [];
  const flushes: Promise<void>[] = [];
  for (let n = 1; n <= 60; n += 1) {
    const what = `${n}:${"x".repeat(300)}`;
    expected.push(`${n} ${what}`);
    append(log, what);
    if (n % 7 === 0) flushes.push(log.flush());
    if (n === 30) await Promise.all(flushes);
  }
  await log.flush();
  expect(one.told).toEqual(expected);
  const late = listener();
  log.follow(10, late);
  expect(late.told).toEqual(expected.slice(10));
  await log.close();
});

test("records that were trimmed away cannot be followed; whoever follows already misses nothing", async () => {
  const log = openDiskLog();
  const one = listener();
  log.follow(0, one);
  for (let n = 1; n <= 40; n += 1) append(log, "x".repeat(500));
  await log.flush();
  append(log, "x".repeat(3500));
  await log.flush();
  log.trim(40);
  expect(log.trimmedSequence).toBe(40);
  append(log, "end");
  await log.flush();
  expect(one.told).toHaveLength(42);
  expect(() => log.follow(0, listener())).toThrow("Cannot follow log behind record 0: records 41 to 42 are there");
  await log.close();
});

describe("followFrom()", () => {
  const commit = (ts: number): Buffer => {
    const writer = new CommitWriter();
    writer.add({ collection: 1, key: String(ts), bytes: Buffer.from("v"), lengthBefore: -1, moves: [] });
    return writer.seal(ts, "");
  };
  const fill = encodeFill(1, 2, [{ indexKey: "i", key: "k" }]);

  test("goes on behind the commit, with what is not a commit", async () => {
    const log = new MemoryLog();
    for (const record of [commit(5), fill, commit(7), fill, commit(9)]) log.append(record);
    await log.flush();
    const counts = [0, 5, 7, 9].map((ts) => {
      let count = 0;
      followFrom(log, ts, {
        records: (records) => {
          count += records.length;
        },
        failed: () => undefined,
      });
      return count;
    });
    expect(counts).toEqual([5, 4, 2, 0]);
  });

  test("refuses when the log does not know the commit", async () => {
    const log = new MemoryLog();
    log.append(commit(7));
    await log.flush();
    expect(() => followFrom(log, 5, listener())).toThrow(
      "Cannot follow log behind the commit at 5: the next one is at 7",
    );
  });
});
