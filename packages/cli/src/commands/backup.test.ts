/** `backup` of a running server and of none, and a server that is started on what it made. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AppFolder, freePort } from "./testing/app-folder.ts";

let app: AppFolder;
let ports: string[];

beforeAll(async () => {
  app = await AppFolder.make();
  ports = ["--port", String(await freePort()), "--site-port", String(await freePort())];
});
afterAll(async () => await app.close());

test(
  "a backup of a running server, and one of a stopped one, are served by start --dir, with the same admin key",
  { timeout: 180_000 },
  async () => {
    const none = await app.run("backup", "nothing");
    expect([none.code, none.err]).toEqual([1, expect.stringMatching(/^Cannot back up .*: there is no store here\n$/u)]);
    const server = app.start("start", "--push", ...ports);
    await server.until("out", /Deployment at/u);
    await app.run("run", "notes:add", '{"text": "first"}');
    const running = await app.run("backup", "running");
    expect([running.code, running.err]).toEqual([0, expect.not.stringContaining("Cannot")]);
    expect(running.out).toBe(
      `Backup in ${join(app.directory, "running")}; "narrowcast --dir ${join(app.directory, "running")} start" serves it\n`,
    );
    await app.run("run", "notes:add", '{"text": "second"}');
    const taken = await app.run("backup", "running");
    expect([taken.code, taken.err]).toEqual([
      1,
      expect.stringMatching(/there is a deployment in it already; name a new/u),
    ]);
    await server.stop("SIGTERM");
    expect(await app.run("backup", "stopped")).toMatchObject({ code: 0 });

    const secret = readFileSync(join(app.directory, ".narrowcast", "admin-key"), "utf8");
    for (const [folder, count] of [
      ["running", "1\n"],
      ["stopped", "2\n"],
    ] as const) {
      const state = join(app.directory, folder, ".narrowcast");
      expect(readFileSync(join(state, "admin-key"), "utf8")).toBe(secret);
      expect([statSync(state).mode & 0o77, statSync(join(state, "store", "base", "data.mdb")).mode & 0o77]).toEqual([
        0, 0,
      ]);
      expect(await app.run("--dir", folder, "check")).toMatchObject({ code: 0 });
      const restored = app.start("--dir", folder, "start", ...ports);
      await restored.until("out", /Deployment at/u);
      expect(await app.run("--dir", folder, "run", "notes:count")).toMatchObject({ out: count });
      await restored.stop("SIGTERM");
    }
  },
);
