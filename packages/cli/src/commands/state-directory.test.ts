import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { announceServer, findServer, requireServer, stateDirectory } from "./state-directory.ts";

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

test("a note that is not whole is named, with what to do about it", () => {
  announceServer(directory, { ...ADDRESSES, pid: process.pid });
  for (const torn of [readFileSync(note(), "utf8").slice(0, 30), "", "null", '{"url":"http://127.0.0.1:1"}']) {
    writeFileSync(note(), torn);
    const text = `Cannot read "${note()}": it is not whole; it should name the running server.`;
    expect(() => findServer(directory), torn).toThrow(text);
  }
});

test("the folder and what is in it are the owner's, also one that was open to others; nothing else is left in it", () => {
  const state = stateDirectory(directory);
  chmodSync(state, 0o755);
  announceServer(directory, { ...ADDRESSES, pid: process.pid });
  announceServer(directory, { ...ADDRESSES, pid: process.pid });
  const modeOf = (file: string): number => statSync(file).mode & 0o777;
  expect([modeOf(state), modeOf(note())]).toEqual([0o700, 0o600]);
  expect(readdirSync(state).sort()).toEqual([".gitignore", "server.json"]);
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
