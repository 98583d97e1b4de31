import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { LogLockedError, openLog } from "./log.ts";
import { temporaryDirectory, textsOf } from "./testing/log-driver.ts";

const HOLDER = fileURLToPath(new URL("./testing/log-holder.ts", import.meta.url));
/** A process table of its own; the program ends with `unshare`. */
const APART = ["--pid", "--fork", "--kill-child", "--mount-proc"];
const canUnshare = spawnSync("unshare", [...APART, "true"]).status === 0;

/** Starts a program that opens the log, and waits until it has. */
async function heldBy(program: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

const open = (directory: string) => openLog({ directory, segmentBytes: 4096 });

test("a log opens once at a time, and again after closing", async () => {
  const directory = temporaryDirectory();
  const log = open(directory);
  expect(() => open(directory)).toThrow(LogLockedError);
  expect(() => open(directory)).toThrow(
    `Cannot open log "${directory}": process ${process.pid} has it open; stop that process first`,
  );
  await log.close();
  expect(readdirSync(directory)).toEqual(["0000000000000001.log"]);
  await open(directory).close();
});

test("another process is named, and its lock is taken over when it was killed", async () => {
  const directory = temporaryDirectory();
  const child = await heldBy(process.execPath, ["--import", "tsx", HOLDER, directory]);
  expect(() => open(directory)).toThrow(`process ${child.pid} has it open`);
  await killed(child);
  expect(existsSync(join(directory, "lock"))).toBe(true);
  const log = open(directory);
  expect(textsOf(log)).toEqual(["held"]);
  await log.close();
});

test("a lock whose process cannot be seen from here holds as long as that process lives", async () => {
  const directory = temporaryDirectory();
  const child = await heldBy(process.execPath, ["--import", "tsx", HOLDER, directory]);
  // As it looks from a container with another process table: this number means nothing here.
  writeFileSync(join(directory, "lock"), "999999999 0 another-container");
  expect(() => open(directory)).toThrow('process 999999999 on host "another-container" has it open; stop that process');
  await killed(child);
  await open(directory).close();
});

test.runIf(canUnshare)("a lock holds in another process table, in both directions", async () => {
  const directory = temporaryDirectory();
  const inside = await heldBy("unshare", [...APART, process.execPath, "--import", "tsx", HOLDER, directory]);
  expect(() => open(directory)).toThrow(/process \d+ has it open/u);
  const second = spawnSync("unshare", [...APART, process.execPath, "--import", "tsx", HOLDER, directory]);
  expect(second.status).not.toBe(0);
  expect(String(second.stderr)).toContain("has it open");
  await killed(inside);
  const log = open(directory);
  const refused = spawnSync("unshare", [...APART, process.execPath, "--import", "tsx", HOLDER, directory]);
  expect(String(refused.stderr)).toContain(`process ${process.pid} has it open`);
  await log.close();
});

test("a worker thread that was terminated does not block its own process", async () => {
  const directory = temporaryDirectory();
  const source = `import("tsx/esm/api").then(({ register }) => {
    register();
    process.argv[2] = ${JSON.stringify(directory)};
    return import(${JSON.stringify(HOLDER)});
  }).then(() => require("node:worker_threads").parentPort.postMessage("open"));`;
  const worker = new Worker(source, { eval: true, stdout: true });
  onTestFinished(async () => void (await worker.terminate()));
  await once(worker, "message");
  expect(() => open(directory)).toThrow(LogLockedError);
  await worker.terminate();
  const log = open(directory);
  expect(textsOf(log)).toEqual(["held"]);
  await log.close();
});

test.each([
  { name: "of a living process that does not have it open", content: `${process.ppid} 0` },
  { name: "of a process that does not exist", content: "999999999 0" },
  { name: "without content", content: "" },
  { name: "with nonsense in it", content: "hello" },
])("a lock file $name is stale", async ({ content }) => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, "lock"), content);
  writeFileSync(join(directory, "lock-leftover"), "");
  await open(directory).close();
  expect(readdirSync(directory)).toEqual(["0000000000000001.log"]);
});

test("a failed opening gives the lock back", async () => {
  const directory = temporaryDirectory();
  const log = open(directory);
  await log.close();
  const path = join(directory, "0000000000000001.log");
  writeFileSync(path, "no log");
  expect(() => open(directory)).toThrow("the file is cut off after 6 bytes");
  expect(readdirSync(directory)).toEqual(["0000000000000001.log"]);
});
