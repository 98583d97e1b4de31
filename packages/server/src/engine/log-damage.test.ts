import { join } from "node:path";
import { expect, test } from "vitest";
import { checkLog, openLog } from "./log.ts";
import { LogDamagedError } from "./log-types.ts";
import { payloadOf, reopenedTexts, SIM_DIRECTORY, writeTogether } from "./testing/log-driver.ts";
import { seededRandom, SimDisk } from "./testing/sim-disk.ts";

const SEGMENT_BYTES = 1024;

/** A log of flushes; gives the disk as `kill -9` leaves it, or after a close. */
async function logOf(flushes: readonly (readonly number[])[], isClosed: boolean): Promise<SimDisk> {
  const disk = new SimDisk();
  const log = openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: SEGMENT_BYTES });
  let n = 0;
  for (const sizes of flushes)
    await writeTogether(
      log,
      sizes.map((size) => payloadOf(++n, size)),
    );
  if (isClosed) await log.close();
  return disk.fork();
}

/** Texts of the records that `logOf` wrote. */
function textsFor(flushes: readonly (readonly number[])[]): string[] {
  return flushes.flat().map((size, index) => payloadOf(index + 1, size).toString("latin1"));
}

function segmentPaths(disk: SimDisk): string[] {
  return disk
    .list(SIM_DIRECTORY)
    .filter((name) => name.endsWith(".log"))
    .sort()
    .map((name) => join(SIM_DIRECTORY, name));
}

/** What opening says: the records, or the damage. */
async function outcome(disk: SimDisk): Promise<readonly string[] | LogDamagedError> {
  try {
    return await reopenedTexts(disk, SEGMENT_BYTES);
  } catch (error) {
    if (error instanceof LogDamagedError) return error;
    throw error;
  }
}

test("a last flush that was cut at any byte goes away whole or in part, and nothing else does", async () => {
  const before = [[40], [10, 300]];
  const flushes = [...before, [60, 120, 5]];
  const path = segmentPaths(await logOf(flushes, false))[0]!;
  const start = (await logOf(before, false)).bytesOf(path).findLastIndex((byte) => byte !== 0) + 1;
  const whole = await logOf(flushes, false);
  const end = whole.bytesOf(path).findLastIndex((byte) => byte !== 0) + 1;
  expect(end - start).toBe(60 + 120 + 5 + 3 * 25);
  for (let cut = start; cut < end; cut++) {
    const disk = whole.fork();
    disk.bytesOf(path).fill(0, cut);
    const kept = cut < start + 85 ? 3 : cut < start + 85 + 145 ? 4 : 5;
    const check = checkLog(SIM_DIRECTORY, disk);
    expect(check, `cut at ${cut}`).toMatchObject({ records: kept, damage: undefined });
    const tornStart = [start, start + 85, start + 85 + 145][kept - 3]!;
    expect(check.tornTailBytes > 0).toBe(cut > tornStart);
    expect(await outcome(disk)).toEqual(textsFor(flushes).slice(0, kept));
    expect(checkLog(SIM_DIRECTORY, disk)).toMatchObject({ records: kept, damage: undefined, tornTailBytes: 0 });
  }
});

test("after a cut the next records take the place of the torn ones", async () => {
  const disk = await logOf([[40], [100, 100]], false);
  const path = segmentPaths(disk)[0]!;
  disk.bytesOf(path).fill(0, 44 + 65 + 125 + 60);
  const log = openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: SEGMENT_BYTES });
  expect(log.lastSequence).toBe(2);
  await writeTogether(log, [Buffer.from("new")]);
  expect(await reopenedTexts(disk.fork(), SEGMENT_BYTES)).toEqual([...textsFor([[40], [100]]), "new"]);
  await log.close();
});

test("sectors of the last flush that never arrived, in any combination, are no damage", async () => {
  const flushes = [[200], [100, 30, 400, 90]];
  const firstFlushEnd = 44 + 225;
  const whole = await logOf(flushes, false);
  const path = segmentPaths(whole)[0]!;
  for (let arrived = 0; arrived < 4; arrived++) {
    const disk = whole.fork();
    const bytes = disk.bytesOf(path);
    for (let sector = 0; sector < 2; sector++) {
      if ((arrived & (1 << sector)) === 0) bytes.fill(0, Math.max(firstFlushEnd, sector * 512), (sector + 1) * 512);
    }
    const result = await outcome(disk);
    expect(result, `arrived ${arrived}`).not.toBeInstanceOf(LogDamagedError);
    const records = result as readonly string[];
    expect(records).toEqual(textsFor(flushes).slice(0, records.length));
    expect(records.length).toBeGreaterThanOrEqual(1);
  }
});

const FLIPPED = [
  { name: "closed", flushes: [[10], [300, 20], [400], [700], [50, 60], [30]], isClosed: true },
  { name: "killed", flushes: [[10], [300, 20], [400], [700], [50, 60], [30]], isClosed: false },
  { name: "killed, last flush alone in its segment", flushes: [[500], [800]], isClosed: false },
  { name: "killed, one record", flushes: [[3]], isClosed: false },
];

test.each(FLIPPED)("a flipped bit anywhere in a log that was $name: reported, or nothing is lost", async (log) => {
  const whole = await logOf(log.flushes, log.isClosed);
  const expected = textsFor(log.flushes);
  const random = seededRandom(7);
  let damaged = 0;
  for (const path of segmentPaths(whole)) {
    const end = whole.bytesOf(path).findLastIndex((byte) => byte !== 0) + 1;
    for (let at = 0; at < whole.bytesOf(path).length; at++) {
      const disk = whole.fork();
      const bit = 1 << Math.floor(random() * 8);
      disk.bytesOf(path)[at]! ^= bit;
      const check = checkLog(SIM_DIRECTORY, disk);
      const result = await outcome(disk);
      const where = `${path} byte ${at} bit ${bit}`;
      if (result instanceof LogDamagedError) {
        damaged++;
        expect(result.damage.file, where).toBe(path);
        expect(result.damage.offset, where).toBeLessThanOrEqual(at);
        expect(result.message, where).toContain(result.damage.reason);
        expect(check.damage, where).toEqual(result.damage);
      } else {
        expect(result, where).toEqual(expected);
        expect(check.damage, where).toBeUndefined();
        expect(at, where).toBeGreaterThanOrEqual(end); // Every byte in use is guarded.
      }
    }
  }
  expect(damaged).toBeGreaterThan(0);
});

test.each([true, false])("a sector of an earlier flush that is lost is reported (closed: %s)", async (isClosed) => {
  const disk = await logOf([[400], [400], [60]], isClosed);
  const path = segmentPaths(disk)[0]!;
  disk.bytesOf(path).fill(0, 512, 700);
  const result = await outcome(disk);
  expect(result).toBeInstanceOf(LogDamagedError);
  expect((result as LogDamagedError).damage.reason).toMatch(
    /^record 2 has a wrong checksum, but record \d, written after/,
  );
});

test("zeroing the last flush of a closed log is reported: its mark testifies", async () => {
  const disk = await logOf([[40], [60]], true);
  const path = segmentPaths(disk)[0]!;
  disk.bytesOf(path).fill(0, 44 + 65, 44 + 65 + 85);
  expect((await outcome(disk)) as LogDamagedError).toBeInstanceOf(LogDamagedError);
});

test("zeroing the first flush of a later segment is reported: it was durable when the file got its name", async () => {
  const disk = await logOf([[900], [900]], false);
  const [, second] = segmentPaths(disk);
  disk.bytesOf(second!).fill(0, 44);
  const result = (await outcome(disk)) as LogDamagedError;
  expect(result.damage).toEqual({
    file: second,
    offset: 44,
    reason: "record 2 is not there, but it was durable when the file got its name",
  });
});

test("a sector missing from the first flush of a later segment is reported, though it looks torn", async () => {
  const disk = await logOf([[900], [300, 300]], false);
  const [, second] = segmentPaths(disk);
  disk.bytesOf(second!).fill(0, 512);
  const result = (await outcome(disk)) as LogDamagedError;
  expect(result.damage).toMatchObject({ file: second, offset: 44 + 325 });
  expect(result.damage.reason).toContain("it was durable when the file got its name");
});

test("a file that was cut short is reported", async () => {
  const disk = await logOf([[40], [60]], true);
  const path = segmentPaths(disk)[0]!;
  for (const length of [0, 20, 44, 100, SEGMENT_BYTES - 1]) {
    const copy = disk.fork();
    copy.overwrite(path, Buffer.from(copy.bytesOf(path).subarray(0, length)));
    expect(await outcome(copy), `${length} bytes`).toBeInstanceOf(LogDamagedError);
  }
});

test("random garbage over a run of bytes never gives a wrong record", async () => {
  const flushes = [[10], [300, 20], [400], [700], [50, 60], [30]];
  const whole = await logOf(flushes, true);
  const expected = textsFor(flushes);
  const random = seededRandom(Number(process.env["SEED"] ?? 11));
  for (let round = 0; round < Number(process.env["SIMS"] ?? 300); round++) {
    const disk = whole.fork();
    const paths = segmentPaths(disk);
    const bytes = disk.bytesOf(paths[Math.floor(random() * paths.length)]!);
    const start = Math.floor(random() * bytes.length);
    for (let at = start; at < Math.min(bytes.length, start + random() * 300); at++) bytes[at] = random() * 256;
    const result = await outcome(disk);
    if (!(result instanceof LogDamagedError)) expect(result).toEqual(expected);
  }
});
