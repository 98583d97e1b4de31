import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { announceServer, findServer, requireServer } from "./state-directory.ts";

const ADDRESSES = { url: "http://127.0.0.1:1", siteUrl: "http://127.0.0.1:2" };
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "narrowcast-state-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const note = (): string => join(directory, ".narrowcast", "server.json");

test("a running server is found until it takes its note away", () => {
  expect(findServer(directory)).toBeUndefined();
  const server = { ...ADDRESSES, pid: process.pid };
  const forget = announceServer(directory, server);
  expect(findServer(directory)).toEqual(server);
  expect(requireServer(directory)).toEqual(server);
  forget();
  expect(findServer(directory)).toBeUndefined();
  expect(() => requireServer(directory)).toThrow("no server is running");
});

test("a note without the start of its process counts while there is such a process", () => {
  announceServer(directory, { ...ADDRESSES, pid: process.pid });
  writeFileSync(note(), JSON.stringify({ ...ADDRESSES, pid: process.pid }));
  expect(findServer(directory)).toMatchObject(ADDRESSES);
});

// Other systems do not tell when a process started.
test.runIf(existsSync("/proc/self/stat"))("a killed server whose number another process has now does not run", () => {
  announceServer(directory, { ...ADDRESSES, pid: process.pid });
  const written = JSON.parse(readFileSync(note(), "utf8")) as { started: string };
  writeFileSync(note(), JSON.stringify({ ...written, started: "1" }));
  expect(findServer(directory)).toBeUndefined();
});

test.runIf(existsSync("/proc/self/stat"))("a killed server that its parent has not buried does not run", async () => {
  // The shell leaves its background child to `sleep`, which never waits for it.
  const parent = spawn("sh", ["-c", "sleep 30 & echo $!; exec sleep 30"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(String(line));
    announceServer(directory, { ...ADDRESSES, pid });
    expect(findServer(directory)).toMatchObject({ pid });
    process.kill(pid, "SIGKILL");
    await expect.poll(() => findServer(directory)).toBeUndefined();
    expect(() => process.kill(pid, 0)).not.toThrow();
  } finally {
    parent.kill("SIGKILL");
  }
});
