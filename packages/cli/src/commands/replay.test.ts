/** `dev --trace`, and `replay` of what it wrote. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ReplayReport } from "@narrowcast/server";
import { AppFolder, freePort } from "./testing/app-folder.ts";

let app: AppFolder;

beforeAll(async () => {
  app = await AppFolder.make();
  const ports = ["--port", String(await freePort()), "--site-port", String(await freePort())];
  const dev = app.start("dev", "--trace", "day.jsonl", ...ports);
  await dev.until("out", /functions ready/u);
  for (const text of ["a", "b"]) await app.run("run", "notes:add", JSON.stringify({ text }));
  await app.run("run", "notes:count");
  await dev.stop("SIGINT");
}, 60_000);
afterAll(async () => await app.close());

test("the trace is for its owner, and its replay prints both accounts", async () => {
  const { mode } = await stat(join(app.directory, "day.jsonl"));
  expect(mode & 0o077).toBe(0);
  const [narrow, convex] = await Promise.all([
    app.run("replay", "day.jsonl"),
    app.run("replay", "day.jsonl", "--rules", "convex", "--json"),
  ]);
  expect(narrow.err).toBe("");
  expect(narrow.out).toMatch(/^Replayed \d+ calls of [\d.]+ s under narrow rules in \d+ ms of CPU$/mu);
  expect(narrow.out).toMatch(/^documents read +2 +2 +0%$/mu);
  expect(narrow.out).toMatch(/^notes:add +2 +0 /mu);
  const report = JSON.parse(convex.out) as ReplayReport;
  expect(report).toMatchObject({ rules: "convex", refused: 0 });
  expect(report.ledger.totals).toMatchObject({ documents: 2, convexDocuments: 2, documentsWritten: 2 });
});

test("what is no trace is refused", async () => {
  const [missing, other] = await Promise.all([app.run("replay", "none.jsonl"), app.run("replay", "convex/notes.ts")]);
  expect(missing).toMatchObject({ code: 1, out: "" });
  expect(missing.err).toContain("Cannot read trace");
  expect(other).toMatchObject({ code: 1, out: "" });
  expect(other.err).toContain("is no JSON");
});
