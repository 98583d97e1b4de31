import * as fc from "fast-check";
import { readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeLogFs } from "./log-fs.ts";
import { checkLog, openLog, STAGED_BYTES_MAX } from "./log.ts";
import { type Log, LogDamagedError } from "./log-types.ts";
import { payloadOf, SIM_DIRECTORY, temporaryDirectory, textsOf, writeTogether } from "./testing/log-driver.ts";
import { SimDisk } from "./testing/sim-disk.ts";

const KIB = 1024;

test("a record comes back with its sequence after closing and opening again", async () => {
  const directory = temporaryDirectory();
  const log = openLog({ directory, segmentBytes: 64 * KIB });
  expect(log.append(Buffer.from("one"))).toBe(1);
  expect(log.append(new Uint8Array(0))).toBe(2);
  expect([log.lastSequence, log.durableSequence]).toEqual([2, 0]);
  await log.flush();
  expect([log.lastSequence, log.durableSequence, log.flushes]).toEqual([2, 2, 1]);
  await log.close();

  const again = openLog({ directory, segmentBytes: 64 * KIB });
  expect([again.lastSequence, again.durableSequence, again.bytesAppended]).toEqual([2, 2, 0]);
  expect([...again.replay(0)].map((record) => [record.sequence, Buffer.from(record.payload).toString()])).toEqual([
    [1, "one"],
    [2, ""],
  ]);
  expect(textsOf(again, 1)).toEqual([""]);
  await again.close();
});

test("append() touches no disk and copies the payload", async () => {
  const disk = new SimDisk();
  const log = openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: 4 * KIB });
  const before = checkLog(SIM_DIRECTORY, disk).bytes;
  const payload = Buffer.from("first");
  log.append(payload);
  payload.fill(0);
  expect(checkLog(SIM_DIRECTORY, disk).bytes).toBe(before);
  await log.close();
  expect(textsOf(openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: 4 * KIB }))).toEqual(["first"]);
});

test("segments are created at full size and a large record gets a segment of its own", async () => {
  const directory = temporaryDirectory();
  const log = openLog({ directory, segmentBytes: 4 * KIB });
  await writeTogether(log, [payloadOf(1, 100)]);
  await writeTogether(log, [payloadOf(2, 100 * KIB)]);
  await writeTogether(log, [payloadOf(3, 100)]);
  await log.close();
  const sizes = readdirSync(directory)
    .sort()
    .map((name) => statSync(join(directory, name)).size);
  expect(sizes).toEqual([4 * KIB, 44 + 25 + 100 * KIB, 4 * KIB]);
  const again = openLog({ directory, segmentBytes: 4 * KIB });
  expect(textsOf(again).map((text) => text.length)).toEqual([100, 100 * KIB, 100]);
  await again.close();
});

test("flush() shares: calls during a flush wait for the next one, and an empty flush does nothing", async () => {
  const log = openLog({ directory: SIM_DIRECTORY, fs: new SimDisk(), segmentBytes: 64 * KIB });
  await log.flush();
  expect(log.flushes).toBe(0);

  log.append(payloadOf(1, 10));
  const first = log.flush();
  log.append(payloadOf(2, 10));
  const second = log.flush();
  const third = log.flush();
  await first;
  expect([log.flushes, log.durableSequence]).toEqual([1, 1]);
  await Promise.all([second, third]);
  expect([log.flushes, log.durableSequence]).toEqual([2, 2]);

  log.append(payloadOf(3, 10));
  const fourth = log.flush();
  await log.flush();
  expect(log.durableSequence).toBe(3);
  await fourth;
  expect(log.flushes).toBe(3);
  await log.close();
});

test("a hundred callers that append and flush at once cost two flushes", async () => {
  const log = openLog({ directory: SIM_DIRECTORY, fs: new SimDisk(), segmentBytes: 64 * KIB });
  await Promise.all(
    Array.from({ length: 100 }, async (_, n) => {
      const sequence = log.append(payloadOf(n, 20));
      await log.flush();
      expect(log.durableSequence).toBeGreaterThanOrEqual(sequence);
    }),
  );
  expect(log.flushes).toBe(2);
  await log.close();
});

test("replay() refuses after the first append", async () => {
  const log = openLog({ directory: SIM_DIRECTORY, fs: new SimDisk(), segmentBytes: 4 * KIB });
  log.append(payloadOf(1, 10));
  expect(() => log.replay(0)).toThrow("records were appended already");
  await log.close();
});

test("a closed log refuses, and closing twice is closing once", async () => {
  const log = openLog({ directory: SIM_DIRECTORY, fs: new SimDisk(), segmentBytes: 4 * KIB });
  log.append(payloadOf(1, 10));
  await Promise.all([log.close(), log.close()]);
  expect(log.durableSequence).toBe(1);
  expect(() => log.append(payloadOf(2, 10))).toThrow("it is closed");
  await expect(log.flush()).rejects.toThrow("it is closed");
  expect(() => log.trim(1)).toThrow("it is closed");
});

test("append() refuses a record above the limit", async () => {
  const log = openLog({ directory: SIM_DIRECTORY, fs: new SimDisk(), segmentBytes: 4 * KIB });
  const huge = { length: STAGED_BYTES_MAX } as Uint8Array;
  expect(() => log.append(huge)).toThrow(RangeError);
  await log.close();
});

test("trim() deletes whole segments only, never the newest", async () => {
  const disk = new SimDisk();
  const log = openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: 256 });
  for (let n = 1; n <= 6; n++) await writeTogether(log, [payloadOf(n, 100)]); // One record a segment.
  const names = (): string[] => disk.list(SIM_DIRECTORY).filter((name) => name.endsWith(".log"));
  expect(names()).toHaveLength(6);
  log.trim(0);
  expect(names()).toHaveLength(6);
  log.trim(3);
  expect(names()).toEqual(["0000000000000004.log", "0000000000000005.log", "0000000000000006.log"]);
  log.trim(6);
  expect(names()).toEqual(["0000000000000006.log"]);
  await log.close();
  const again = openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: 256 });
  expect(again.lastSequence).toBe(6);
  expect(textsOf(again, 5)).toEqual([payloadOf(6, 100).toString()]);
  expect(() => textsOf(again, 3)).toThrow("records 4 to 5 are missing");
  await again.close();
});

test("a missing segment is damage, in the middle and at both ends", async () => {
  const directory = temporaryDirectory();
  const write = async (): Promise<void> => {
    const log = openLog({ directory, segmentBytes: 256 });
    for (let n = log.lastSequence + 1; n <= 4; n++) await writeTogether(log, [payloadOf(n, 100)]);
    await log.close();
  };
  await write();
  unlinkSync(join(directory, "0000000000000002.log"));
  const log = openLog({ directory, segmentBytes: 256 });
  expect(() => textsOf(log)).toThrow("record 2 is missing");
  expect(checkLog(directory).damage).toEqual({
    file: join(directory, "0000000000000001.log"),
    offset: 44 + 125,
    reason: "record 2 is missing",
  });
  expect(textsOf(log, 2)).toHaveLength(2);
  await log.close();

  unlinkSync(join(directory, "0000000000000001.log"));
  const headless = openLog({ directory, segmentBytes: 256 });
  expect(() => textsOf(headless)).toThrow(LogDamagedError);
  await headless.close();

  unlinkSync(join(directory, "0000000000000004.log"));
  const endless = openLog({ directory, segmentBytes: 256 });
  expect(() => textsOf(endless, 4)).toThrow("record 4 is missing");
  await endless.close();
});

test("a segment of another log is not taken for a continuation", async () => {
  const one = new SimDisk();
  const two = new SimDisk();
  for (const disk of [one, two]) {
    const log = openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: 256 });
    for (let n = 1; n <= 3; n++) await writeTogether(log, [payloadOf(n, 100)]);
    await log.close();
  }
  const path = join(SIM_DIRECTORY, "0000000000000003.log");
  one.overwrite(path, two.bytesOf(path));
  expect(checkLog(SIM_DIRECTORY, one).damage).toEqual({
    file: path,
    offset: 0,
    reason: "the file does not continue the one before it",
  });
});

test("a segment from another future of the same log is not taken for a continuation", async () => {
  const start = new SimDisk();
  const log = openLog({ directory: SIM_DIRECTORY, fs: start, segmentBytes: 256 });
  await writeTogether(log, [payloadOf(1, 100)]);
  const [one, two] = await Promise.all(
    ["one", "two"].map(async (name) => {
      const disk = start.fork();
      const future = openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: 256 });
      await writeTogether(future, [Buffer.from(name.padEnd(100, "."))]);
      await writeTogether(future, [payloadOf(3, 100)]);
      return disk;
    }),
  );
  const path = join(SIM_DIRECTORY, "0000000000000003.log");
  one!.overwrite(path, two!.bytesOf(path));
  expect(checkLog(SIM_DIRECTORY, one).damage).toMatchObject({ file: path, offset: 0 });
});

test("frames of an earlier life of the file are not taken for records", async () => {
  const disk = new SimDisk();
  const path = join(SIM_DIRECTORY, "0000000000000001.log");
  const life = async (texts: readonly string[]): Promise<Buffer> => {
    const log = openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: 512 });
    for (const text of texts) await writeTogether(log, [Buffer.from(text)]);
    const bytes = Buffer.from(disk.bytesOf(path));
    await log.close();
    disk.unlink(path);
    return bytes;
  };
  const old = await life(["aaaa", "bbbb", "cccc"]);
  const young = await life(["AAAA"]);
  const frameEnd = 44 + 29;
  // The second frame of the first life lies exactly where the second life's would.
  disk.overwrite(path, Buffer.concat([young.subarray(0, frameEnd), old.subarray(frameEnd)]));
  expect(checkLog(SIM_DIRECTORY, disk)).toMatchObject({ records: 1, damage: { file: path, offset: frameEnd } });
});

test("checkLog() changes nothing and counts", async () => {
  const directory = temporaryDirectory();
  const log = openLog({ directory, segmentBytes: 4 * KIB });
  await writeTogether(log, [payloadOf(1, 100), payloadOf(2, 200)]);
  expect(checkLog(directory)).toEqual({ records: 2, bytes: 44 + 125 + 225, damage: undefined, tornTailBytes: 0 });
  await log.close();
  expect(checkLog(directory)).toMatchObject({ records: 2, bytes: 44 + 125 + 225 + 25 });
  expect(() => checkLog(join(directory, "nowhere"))).toThrow("ENOENT");
});

type Step =
  | { readonly kind: "append"; readonly size: number }
  | { readonly kind: "flush" | "reopen" | "kill" }
  | { readonly kind: "trim"; readonly share: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("append" as const), size: fc.nat(700) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("flush" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("reopen" as const, "kill" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("trim" as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
);

/** Runs a history against a list and compares everything after every opening. */
async function agrees(steps: readonly Step[], start: SimDisk): Promise<void> {
  let disk = start;
  const open = (): Log => openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: 1 * KIB });
  let log = open();
  let records: string[] = [];
  let flushed = 0;
  let trimmed = 0;
  const flush = async (): Promise<void> => {
    await log.flush();
    flushed = records.length;
  };
  for (const { kind, ...rest } of [...steps, { kind: "reopen" as const }]) {
    if (kind === "append") {
      const payload = payloadOf(records.length + 1, (rest as { size: number }).size);
      records.push(payload.toString("latin1"));
      expect(log.append(payload)).toBe(records.length);
    } else if (kind === "flush") {
      await flush();
    } else if (kind === "trim") {
      trimmed = Math.max(trimmed, Math.floor((rest as { share: number }).share * flushed));
      log.trim(trimmed);
    } else {
      if (kind === "reopen") {
        await log.close();
        flushed = records.length;
      } else {
        records = records.slice(0, flushed);
        disk = disk.fork();
      }
      log = open();
      expect([log.lastSequence, log.durableSequence]).toEqual([records.length, records.length]);
      expect(textsOf(log, trimmed)).toEqual(records.slice(trimmed));
      expect(checkLog(SIM_DIRECTORY, disk)).toMatchObject({ damage: undefined, tornTailBytes: 0 });
    }
    expect([log.lastSequence, log.durableSequence]).toEqual([records.length, flushed]);
  }
  await log.close();
  expect(disk.openFiles).toBe(0);
}

test("the log agrees with a list on any history", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      await agrees(steps, new SimDisk());
    }),
    { numRuns: Number(process.env["SIMS"] ?? 150) },
  );
});

test("opening a real log that was not closed gives every acknowledged record", async () => {
  const directory = temporaryDirectory();
  const log = openLog({ directory, segmentBytes: 4 * KIB });
  for (let n = 1; n <= 50; n++) await writeTogether(log, [payloadOf(n, 300)]);
  expect(checkLog(directory, nodeLogFs)).toMatchObject({ records: 50, damage: undefined, tornTailBytes: 0 });
  await log.close();
});
