import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Base } from "./base.ts";
import { checkStore } from "./check.ts";
import { openDiskEngine } from "./open-disk-engine.ts";
import { beginWorkload, numberOf, runTransaction, WorkloadModel, workloadOptions } from "./testing/engine-workload.ts";

/** `CRASHES=50` kills more often. */
const CRASHES = Number(process.env["CRASHES"] ?? 10);
const WRITER = join(import.meta.dirname, "testing/engine-writer.ts");

const root = mkdtempSync(join(tmpdir(), "narrowcast-crash-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs the writer for a while, kills it, and gives the last transaction that it acknowledged. */
async function writeAndKill(directory: string, lifeMs: number): Promise<number> {
  const flags = ["--import", "tsx", "--conditions=@narrowcast/source"];
  const child = spawn(process.execPath, [...flags, WRITER, directory], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (output === "") setTimeout(() => child.kill("SIGKILL"), lifeMs);
    output += text;
  });
  const [, signal] = await once(child, "close");
  expect(signal).toBe("SIGKILL");
  // The last line may be cut short.
  return Number(output.split("\n").at(-2) ?? 0);
}

/** Records that the base of a killed store has applied. */
async function appliedIn(directory: string): Promise<number> {
  const base = new Base(join(directory, "base"));
  const { applied, progress } = base.state;
  if (process.env["CRASHES"] !== undefined) console.log(`base at record ${applied}, ${progress} writes into the next`);
  await base.close();
  return applied;
}

test(
  "a store that is killed under load has everything acknowledged, and nothing by halves",
  { timeout: 60_000 + CRASHES * 10_000 },
  async () => {
    const directory = join(root, "killed");
    const model = new WorkloadModel();
    let checkpointed = 0;
    for (let crash = 0; crash < CRASHES; crash += 1) {
      const acknowledged = await writeAndKill(directory, 20 + Math.random() * 300);
      checkpointed += await appliedIn(directory);
      expect(await checkStore(directory)).toEqual([]);
      const engine = openDiskEngine({ ...workloadOptions(directory), checkpointOnClose: crash % 2 === 0 });
      expect(numberOf(engine)).toBeGreaterThanOrEqual(acknowledged);
      model.compare(engine);
      await engine.settled();
      model.compare(engine);
      beginWorkload(engine);
      runTransaction(engine, numberOf(engine) + 1);
      model.compare(engine);
      await engine.close();
    }
    expect(model.number).toBeGreaterThan(CRASHES);
    // Otherwise the kills never met a checkpointer at work, and proved less than they say.
    expect(checkpointed).toBeGreaterThan(0);
  },
);
