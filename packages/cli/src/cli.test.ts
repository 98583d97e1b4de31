/**
 * The first minutes with the built `narrowcast` command: dev, a call, a look at the data, a save, and a start. `cli.long.test.ts` has the whole day.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AppFolder, freePort } from "./commands/testing/app-folder.ts";

let app: AppFolder;
let ports: string[];
beforeAll(async () => {
  app = await AppFolder.make();
  ports = ["--port", String(await freePort()), "--site-port", String(await freePort())];
});
afterAll(() => app.close());

test("dev serves and pushes saves, run and data show what is there", async () => {
  const dev = app.start("dev", ...ports);
  await dev.until("out", /8 functions ready[^]*Watching/u);
  expect(await readFile(join(app.directory, ".env.local"), "utf8")).toContain("CONVEX_URL=http://127.0.0.1:");
  const added = await app.run("run", "notes:add", '{"text": "first"}');
  expect(added.code, added.err).toBe(0);
  expect(added.err).toContain("adding");
  const [count, data, refused] = await Promise.all([
    app.run("run", "notes:count"),
    app.run("data", "notes", "--format", "jsonl"),
    app.run("run", "notes:nothing"),
  ]);
  expect(count.out).toBe("1\n");
  expect(JSON.parse(data.out)).toMatchObject({ text: "first" });
  expect(refused.code).toBe(1);
  // Nothing was saved, so nothing was pushed again.
  expect(dev.out.match(/functions ready/gu)).toHaveLength(1);
  const from = dev.out.length;
  await app.write(
    "convex/extra.ts",
    `import { queryGeneric } from "convex/server";\nexport const one = queryGeneric({ handler: async () => 1 });\n`,
  );
  await dev.until("out", /9 functions ready/u, from);
  expect((await app.run("run", "extra:one")).out).toBe("1\n");
  expect((await dev.stop("SIGTERM")).code).toBe(0);
  expect(existsSync(join(app.directory, ".narrowcast", "server.json"))).toBe(false);
});

test("start serves what dev pushed, with its data", async () => {
  const started = app.start("start", ...ports);
  await started.until("out", /Deployment at/u);
  expect((await app.run("run", "notes:count")).out).toBe("1\n");
  expect((await started.stop("SIGINT")).code).toBe(0);
  const without = await app.run("run", "notes:count");
  expect(without.code).toBe(1);
  expect(without.err).toContain('no server is running; start one with "narrowcast dev"');
});
