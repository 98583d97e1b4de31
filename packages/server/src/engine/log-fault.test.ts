import { expect, test } from "vitest";
import { checkLog, openLog } from "./log.ts";
import type { Log } from "./log-types.ts";
import { faultyDisk, type FaultPlan } from "./testing/faulty-disk.ts";
import { payloadOf, reopenedTexts, SIM_DIRECTORY, textsOf, writeTogether } from "./testing/log-driver.ts";
import { seededRandom, SimDisk } from "./testing/sim-disk.ts";

const SEGMENT_BYTES = 1024;
const RECORDS = 12;
const HEALTHY: FaultPlan = { at: Infinity, isPersistent: false };

interface Run {
  readonly acknowledged: number;
  readonly calls: readonly string[];
  readonly failure: unknown;
}

/** Opens, replays, appends over several segments, trims, closes. Stops at the first failure and tries everything again. */
async function scenario(inner: SimDisk, plan: FaultPlan): Promise<Run> {
  const { disk, calls } = faultyDisk(inner, plan);
  let acknowledged = 0;
  let log: Log | undefined;
  try {
    log = openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: SEGMENT_BYTES });
    acknowledged = log.lastSequence;
    textsOf(log);
    for (let n = log.lastSequence + 1; n <= RECORDS; n++) {
      // Every third is flushed by an owner that waits for the device itself.
      if (n % 3 === 0) {
        log.append(payloadOf(n, 200));
        await log.flush(true);
      } else await writeTogether(log, [payloadOf(n, 200)]);
      acknowledged = n;
    }
    log.trim(0);
    await log.close();
  } catch (error) {
    return { acknowledged, calls, failure: error };
  }
  return { acknowledged, calls, failure: undefined };
}

const calls = (await scenario(new SimDisk(), HEALTHY)).calls;

test("the scenario makes every kind of call", () => {
  const kinds = [
    "close",
    "link",
    "list",
    "lock",
    "makeDirectory",
    "open",
    "read",
    "rename",
    "size",
    "sync",
    "syncData",
  ];
  expect([...new Set(calls)].sort()).toEqual([...kinds, "syncDataNow", "syncNow", "unlink", "write", "writeBehind"]);
});

test.each([false, true])(
  "whichever call fails (from then on: %s), what was acknowledged is there",
  async (isPersistent) => {
    const random = seededRandom(3);
    let failed = 0;
    for (let at = 0; at < calls.length; at++) {
      const disk = new SimDisk();
      disk.makeDirectory(SIM_DIRECTORY);
      const run = await scenario(disk, { at, isPersistent });
      if (run.failure !== undefined) failed++;
      const where = `call ${at}, ${calls[at]}`;
      for (const after of [disk.fork(), disk.crash(random)]) {
        expect(checkLog(SIM_DIRECTORY, after).damage, where).toBeUndefined();
        const texts = await reopenedTexts(after, SEGMENT_BYTES);
        expect(texts.length, where).toBeGreaterThanOrEqual(run.acknowledged);
        expect(texts, where).toEqual(texts.map((_, index) => payloadOf(index + 1, 200).toString("latin1")));
        // And the log goes on.
        expect(await scenario(after, HEALTHY), where).toMatchObject({ acknowledged: RECORDS, failure: undefined });
      }
    }
    expect(failed).toBeGreaterThan(calls.length / 2);
  },
);

test.each(["write", "syncData"])(
  "after a failed %s the log refuses everything, though the disk works again",
  async (kind) => {
    const disk = new SimDisk();
    const healthy = faultyDisk(disk, HEALTHY);
    await openLog({ directory: SIM_DIRECTORY, fs: healthy.disk, segmentBytes: SEGMENT_BYTES }).close();
    const probe = faultyDisk(disk.fork(), HEALTHY);
    const probed = openLog({ directory: SIM_DIRECTORY, fs: probe.disk, segmentBytes: SEGMENT_BYTES });
    await writeTogether(probed, [payloadOf(1, 50)]);
    const at = probe.calls.lastIndexOf(kind);

    const faulty = faultyDisk(disk, { at, isPersistent: false });
    const log = openLog({ directory: SIM_DIRECTORY, fs: faulty.disk, segmentBytes: SEGMENT_BYTES });
    log.append(payloadOf(1, 50));
    const first = log.flush();
    log.append(payloadOf(2, 50));
    const second = log.flush();
    await expect(first).rejects.toThrow("EIO");
    await expect(second).rejects.toThrow("EIO");
    const made = faulty.calls.length;
    await expect(log.flush()).rejects.toThrow(/an earlier write failed \(EIO.*\); restart from disk/);
    expect(() => log.append(payloadOf(3, 50))).toThrow("an earlier write failed");
    expect(() => log.trim(1)).toThrow("an earlier write failed");
    expect(() => log.replay(0)).toThrow("an earlier write failed");
    expect(faulty.calls).toHaveLength(made);
    expect([log.durableSequence, log.flushes]).toEqual([0, 0]);
    await expect(log.close()).rejects.toThrow("EIO");
    expect(disk.openFiles).toBe(0);
    expect((await reopenedTexts(disk, SEGMENT_BYTES)).length).toBeLessThanOrEqual(1);
  },
);

test("a failed preparation of the next segment is tried again when the segment is needed", async () => {
  const at = calls.indexOf("writeBehind");
  const disk = new SimDisk();
  const run = await scenario(disk, { at, isPersistent: false });
  expect(run).toMatchObject({ acknowledged: RECORDS, failure: undefined });
});

const POWER_LOSSES = Number(process.env["SIMS"] ?? 150);

test(
  "whenever the power goes, the log is a prefix of what was appended with all that was acknowledged",
  { timeout: 30_000 + 50 * POWER_LOSSES },
  async () => {
    const seedFirst = Number(process.env["SEED"] ?? 1);
    for (let seed = seedFirst; seed < seedFirst + POWER_LOSSES; seed++) {
      const random = seededRandom(seed);
      let disk = new SimDisk();
      let expected: string[] = [];
      for (let life = 0; life < 4; life++) {
        const log = openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: 4096 });
        const texts = textsOf(log);
        expect(texts.length, `seed ${seed}`).toBeGreaterThanOrEqual(expected.length);
        expect(texts.slice(0, expected.length), `seed ${seed}`).toEqual(expected);
        const appended = [...texts];
        let acknowledged = texts.length;
        const flushes = Math.floor(random() * 12);
        for (let n = 0; n <= flushes; n++) {
          for (let record = 0; record < 1 + random() * 6; record++) {
            const payload = payloadOf(appended.length + life * 1000, Math.floor(random() * 900));
            appended.push(payload.toString("latin1"));
            log.append(payload);
          }
          const flushed = log.flush();
          if (n === flushes && random() < 0.8) {
            for (let turn = random() * 4; turn > 1; turn--) await new Promise((resolve) => void setImmediate(resolve));
            disk = disk.crash(random);
            await flushed; // The dead life ends by itself, on the disk that is gone.
          } else {
            await flushed;
            acknowledged = appended.length;
            if (n === flushes) disk = random() < 0.5 ? disk.crash(random) : disk.fork();
          }
        }
        const survived = await reopenedTexts(disk.fork(), 4096);
        expect(survived.length, `seed ${seed}`).toBeGreaterThanOrEqual(acknowledged);
        expect(survived, `seed ${seed}`).toEqual(appended.slice(0, survived.length));
        expected = survived;
      }
    }
  },
);

test("what a failed sync left only in memory is written again by the next opening", async () => {
  const disk = new SimDisk();
  const { disk: faulty } = faultyDisk(disk, HEALTHY);
  const log = openLog({ directory: SIM_DIRECTORY, fs: faulty, segmentBytes: SEGMENT_BYTES });
  const lost = disk.forgetful();
  await writeTogether(log, [payloadOf(1, 100)]);
  lost.restore();
  // The kernel shows the record, the device never got it, and the page counts as clean.
  const seen = openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes: SEGMENT_BYTES });
  expect(seen.durableSequence).toBe(1);
  expect(
    await reopenedTexts(
      disk.crash(() => 0),
      SEGMENT_BYTES,
    ),
  ).toEqual([payloadOf(1, 100).toString()]);
  await seen.close();
});
