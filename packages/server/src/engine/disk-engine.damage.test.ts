import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkStore } from "./check.ts";
import { openDiskEngine } from "./open-disk-engine.ts";
import { LogDamagedError } from "./log-types.ts";
import { beginWorkload, numberOf, runTransaction, WorkloadModel, workloadOptions } from "./testing/engine-workload.ts";

/** `DAMAGES=1000` tries more places. */
const DAMAGES = Number(process.env["DAMAGES"] ?? 60);
const TRANSACTIONS = 40;
const CHECKPOINTED = 10;

const root = mkdtempSync(join(tmpdir(), "narrowcast-damage-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function optionsFor(directory: string) {
  return {
    ...workloadOptions(directory),
    segmentBytes: 16 * 1024,
    checkpointBytes: Infinity,
    checkpointDelayMs: Infinity,
  };
}

/** A closed store whose base has ten transactions and whose log has forty. */
async function makeStore(directory: string): Promise<void> {
  const engine = openDiskEngine({ ...optionsFor(directory), checkpointOnClose: false });
  beginWorkload(engine);
  for (let n = 1; n <= TRANSACTIONS; n += 1) {
    runTransaction(engine, n);
    if (n % 4 === 0) await engine.flush();
    if (n === CHECKPOINTED) await engine.checkpoint();
  }
  await engine.close();
}

/** Resolves when a store that could not be opened has let go of its lock. */
async function released(directory: string): Promise<void> {
  while (existsSync(join(directory, "log", "lock"))) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Cuts a segment, or flips one bit of it. */
function damage(directory: string): string {
  const segments = readdirSync(join(directory, "log")).filter(
    (name) => !name.endsWith(".tmp") && !name.includes("lock"),
  );
  const segment = join(directory, "log", segments[Math.floor(Math.random() * segments.length)]!);
  const bytes = readFileSync(segment);
  const at = Math.floor(Math.random() * bytes.length);
  if (Math.random() < 0.4) {
    truncateSync(segment, at);
    return `cut "${segment}" at ${at}`;
  }
  bytes[at]! ^= 1 << Math.floor(Math.random() * 8);
  writeFileSync(segment, bytes);
  return `flipped a bit of byte ${at} of "${segment}"`;
}

test(
  "a cut or damaged log is refused, or gives a state that was committed: never a wrong one",
  { timeout: 300_000 },
  async () => {
    const whole = join(root, "whole");
    await makeStore(whole);
    expect(await checkStore(whole)).toEqual([]);
    const outcomes = { refused: 0, opened: 0 };
    for (let at = 0; at < DAMAGES; at += 1) {
      const directory = join(root, String(at));
      cpSync(whole, directory, { recursive: true });
      const what = damage(directory);
      const problems = await checkStore(directory);
      await released(directory);
      try {
        const engine = openDiskEngine({ ...optionsFor(directory), memoryBytes: 1e9 });
        outcomes.opened += 1;
        expect(problems, what).toEqual([]);
        expect(numberOf(engine), what).toBeGreaterThanOrEqual(CHECKPOINTED);
        new WorkloadModel().compare(engine);
        await engine.close();
      } catch (error) {
        if (
          !(
            error instanceof LogDamagedError ||
            (error instanceof Error && /Cannot open (store|log)/.test(error.message))
          )
        ) {
          throw new Error(`Cannot trust the engine: after it was ${what}`, { cause: error });
        }
        outcomes.refused += 1;
        expect(problems.length, what).toBeGreaterThan(0);
      }
      await released(directory);
      rmSync(directory, { recursive: true });
    }
    // Damage behind the last record is harmless; in the middle it is not.
    expect(outcomes.refused).toBeGreaterThan(0);
    expect(outcomes.opened).toBeGreaterThan(0);
  },
);

test("a log that is older than its base is refused", async () => {
  const older = join(root, "older");
  await makeStore(older);
  const newer = join(root, "newer");
  cpSync(older, newer, { recursive: true });
  const engine = openDiskEngine(optionsFor(newer));
  await engine.checkpoint();
  await engine.close();
  rmSync(join(newer, "log"), { recursive: true });
  expect(() => openDiskEngine(optionsFor(newer))).toThrow("its log ends at record 0, but its base is at");
  await released(newer);
  expect((await checkStore(newer))[0]?.message).toContain("put back the log that belongs to it");
});
