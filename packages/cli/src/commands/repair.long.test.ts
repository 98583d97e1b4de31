/** `repair` of a store whose log and base are damaged: the damaged one stays, the new one is served with the same admin key, and what is lost is listed. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
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

test("a damaged store is repaired into a new folder, which is sound and is served", { timeout: 180_000 }, async () => {
  const none = await app.run("repair", "nothing");
  expect([none.code, none.err]).toEqual([1, expect.stringMatching(/^Cannot repair .*: there is no store here\n$/u)]);
  const server = app.start("start", "--push", ...ports);
  await server.until("out", /Deployment at/u);
  for (const text of ["first", "second"]) await app.run("run", "notes:add", JSON.stringify({ text }));
  const busy = await app.run("repair", "busy");
  expect([busy.code, busy.err]).toEqual([1, expect.stringMatching(/^Cannot repair the store: a server is using it/u)]);
  await server.stop("SIGTERM");

  const log = join(app.directory, ".narrowcast", "store", "log");
  const file = join(
    log,
    readdirSync(log).find((name) => name.endsWith(".log"))!,
  );
  const bytes = readFileSync(file);
  // The text of the second note, in the log and in the base.
  bytes[bytes.indexOf("second")] = 0x53;
  writeFileSync(file, bytes);
  const base = join(app.directory, ".narrowcast", "store", "base", "data.mdb");
  const pages = readFileSync(base);
  for (let at = pages.indexOf("second"); at !== -1; at = pages.indexOf("second", at)) pages[at] = 0x53;
  writeFileSync(base, pages);
  expect(await app.run("check")).toMatchObject({ code: 2 });

  const repaired = await app.run("repair", "repaired");
  expect([repaired.code, repaired.err]).toEqual([2, expect.not.stringContaining("Cannot")]);
  expect(repaired.out).toMatch(/Document "\w+" of table "notes" is lost/u);
  expect(repaired.out).toContain(`"narrowcast --dir ${join(app.directory, "repaired")} start" serves it`);
  expect(readFileSync(join(app.directory, "repaired", "lost.txt"), "utf8")).toMatch(/of table "notes" is lost\n/u);
  const taken = await app.run("repair", "repaired");
  expect([taken.code, taken.err]).toEqual([1, expect.stringMatching(/there is a deployment in it already/u)]);
  expect(readFileSync(base).equals(pages)).toBe(true);

  const secret = (folder: string): string =>
    readFileSync(join(app.directory, folder, ".narrowcast", "admin-key"), "utf8");
  expect(secret("repaired")).toBe(secret("."));
  expect(await app.run("--dir", "repaired", "check")).toMatchObject({ code: 0 });
  const restored = app.start("--dir", "repaired", "start", ...ports);
  await restored.until("out", /Deployment at/u);
  expect(await app.run("--dir", "repaired", "run", "notes:count")).toMatchObject({ out: "1\n" });
  await restored.stop("SIGTERM");
});
