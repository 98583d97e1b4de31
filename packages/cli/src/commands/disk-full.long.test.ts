/**
 * A server whose disk is full: a small file system where this user may mount one, and a limit on the size of its files, which every user may set.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeSync, openSync, closeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { AppFolder, freePort } from "./testing/app-folder.ts";

const TEXT = "x".repeat(400_000);
/** More than the log takes without a new file. */
const MUTATIONS_MAX = 120;
const SMALL_DISK = "size=72m";
const PIECE = Buffer.alloc(65_536);

/** How a disk is made full, and empty again. */
interface Means {
  readonly name: string;
  readonly code: string;
  /** Where the app's folder goes. */
  readonly folder: string;
  fill(pid: number): void;
  empty(pid: number): void;
}

const root = mkdtempSync(join(tmpdir(), "narrowcast-full-"));
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", SMALL_DISK, "tmpfs", root]).status === 0;
afterAll(() => {
  if (mounted) execFileSync("umount", ["-l", root]);
  rmSync(root, { recursive: true, force: true });
});

const filler = join(root, "filler");
const smallDisk: Means = {
  name: "a full file system",
  code: "ENOSPC",
  folder: root,
  fill: () => {
    const fd = openSync(filler, "w");
    try {
      for (;;) writeSync(fd, PIECE);
    } catch (error) {
      expect(error).toMatchObject({ code: "ENOSPC" });
    } finally {
      closeSync(fd);
    }
  },
  empty: () => rmSync(filler),
};
const setLimit = (pid: number, bytes: string): void => {
  execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);
};
const fileLimit: Means = {
  name: "a limit on the size of files",
  code: "EFBIG",
  folder: tmpdir(),
  fill: (pid) => setLimit(pid, "1000000"),
  empty: (pid) => setLimit(pid, "unlimited"),
};

test.each([...(mounted ? [smallDisk] : []), fileLimit])(
  "$name: writes fail, reads go on, and writes come back",
  async (means) => {
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = means.folder;
    const app = await AppFolder.make();
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    const port = await freePort();
    const server = app.start(
      "start",
      "--push",
      "--errors",
      "show",
      "--port",
      String(port),
      "--site-port",
      String(await freePort()),
    );
    try {
      await server.until("out", /Deployment at/u);
      const { pid } = JSON.parse(readFileSync(join(app.directory, ".narrowcast", "server.json"), "utf8")) as {
        pid: number;
      };
      const call = async (kind: string, path: string, args: object): Promise<Record<string, unknown>> => {
        const body = JSON.stringify({ path, args });
        const answer = await fetch(`http://127.0.0.1:${port}/api/${kind}`, { method: "POST", body });
        return (await answer.json()) as Record<string, unknown>;
      };
      const health = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}/health`)).json();
      let acknowledged = 0;
      const add = async (): Promise<Record<string, unknown>> => {
        const outcome = await call("mutation", "notes:add", { text: TEXT });
        if (outcome["status"] === "success") acknowledged += 1;
        return outcome;
      };
      await add();
      means.fill(pid);
      let last: Record<string, unknown> = {};
      for (let at = 0; at < MUTATIONS_MAX && last["status"] !== "error"; at += 1) last = await add();
      expect(last).toMatchObject({
        status: "error",
        errorMessage: expect.stringContaining(`(${means.code}); reads go on`),
      });
      expect(await health()).toEqual({ status: "read-only", reason: expect.stringContaining(means.code) });
      expect(await call("query", "notes:count", {})).toMatchObject({ value: acknowledged });

      means.empty(pid);
      await expect.poll(health, { timeout: 20_000 }).toEqual({ status: "ok" });
      expect(await add()).toMatchObject({ status: "success" });
      expect(await call("query", "notes:count", {})).toMatchObject({ value: acknowledged });
      expect((await server.stop("SIGTERM")).code).toBe(0);
      const check = await app.run("check");
      expect([check.code, check.out]).toEqual([0, expect.stringContaining("Sound")]);
    } finally {
      await app.close();
    }
  },
  120_000,
);
