/**
 * Goal: what a process was told is durable is there after `kill -9` at any moment.
 *
 * Method: a real process appends with 16 callers and prints what was acknowledged; it is killed after a random time, and
 * the log is opened, compared and continued by the next process.
 *
 *   CRASHES=200 npx vitest run log-crash      search longer
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { checkLog, openLog } from "./log.ts";
import { temporaryDirectory, textsOf } from "./testing/log-driver.ts";
import { seededRandom } from "./testing/sim-disk.ts";

const WRITER = fileURLToPath(new URL("./testing/log-writer.ts", import.meta.url));
const CRASHES = Number(process.env["CRASHES"] ?? 10);
const WRITE_MS_MAX = 250;

/** Runs the writer until it has acknowledged something, and a random time longer; gives the last acknowledged sequence. */
async function writeAndKill(directory: string, writeMs: number): Promise<number> {
  const child = spawn(process.execPath, ["--import", "tsx", WRITER, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = once(child, "close");
  await once(child.stdout, "data");
  setTimeout(() => child.kill("SIGKILL"), writeMs);
  await ended;
  expect(child.signalCode).toBe("SIGKILL");
  const lines = output.slice(0, output.lastIndexOf("\n")).split("\n").map(Number);
  return lines.reduce((highest, line) => Math.max(highest, line), 0);
}

test(`acknowledged records survive ${CRASHES} kills`, { timeout: 30_000 + CRASHES * 3000 }, async () => {
  const directory = temporaryDirectory();
  const random = seededRandom(Number(process.env["SEED"] ?? Date.now()));
  let after = 0;
  for (let crash = 0; crash < CRASHES; crash++) {
    const acknowledged = await writeAndKill(directory, random() * WRITE_MS_MAX);
    expect(acknowledged).toBeGreaterThan(after);
    expect(checkLog(directory).damage).toBeUndefined();
    const log = openLog({ directory, segmentBytes: 64 * 1024 });
    expect(log.lastSequence).toBeGreaterThanOrEqual(acknowledged);
    const numbers = textsOf(log, after).map((text) => Number(text.slice(0, text.indexOf(":"))));
    expect(numbers).toEqual(Array.from({ length: log.lastSequence - after }, (_, index) => after + index + 1));
    after = log.lastSequence;
    log.trim(after);
    await log.close();
  }
});
