/** `narrowcast top` in a pipe, against a server with a real subscriber. */
import { ConvexClient } from "convex/browser";
import { anyApi } from "convex/server";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { LedgerReport } from "@narrowcast/server";
import { AppFolder, freePort } from "./testing/app-folder.ts";

let app: AppFolder;

beforeAll(async () => {
  app = await AppFolder.make();
  const port = await freePort();
  const dev = app.start("dev", "--port", String(port), "--site-port", String(await freePort()));
  await dev.until("out", /functions ready/u);
  const client = new ConvexClient(`http://127.0.0.1:${port}`, { unsavedChangesWarning: false, logger: false });
  const { notes } = anyApi;
  const seen: unknown[] = [];
  client.onUpdate(notes!["count"]!, {}, (value) => void seen.push(value));
  await vi.waitFor(() => expect(seen.at(-1)).toBe(0));
  await client.mutation(notes!["add"]!, { text: "a" });
  await client.mutation(notes!["add"]!, { text: "b" });
  await vi.waitFor(() => expect(seen.at(-1)).toBe(2));
  await client.close();
}, 30_000);
afterAll(async () => await app.close());

test("prints one table and ends, in a pipe or with --once", async () => {
  const [piped, once, pairs] = await Promise.all([
    app.run("top"),
    app.run("top", "--once", "--view", "tables"),
    app.run("top", "--view", "pairs"),
  ]);
  expect([piped.code, once.code, pairs.code]).toEqual([0, 0, 0]);
  expect(piped.out).toMatch(/^notes:count +3 +2 /mu);
  expect(piped.out).toMatch(/^notes:add +2 +0 /mu);
  expect(piped.out).not.toContain("\u001b");
  expect(once.out).toMatch(/^notes +2 /mu);
  expect(pairs.out).toMatch(/^notes:add → notes:count +2 .*notes\.by_creation_time \(insert\) ×2$/mu);
});

test("--json prints the ledger", async () => {
  const { out, code } = await app.run("top", "--json");
  expect(code).toBe(0);
  const ledger = JSON.parse(out) as LedgerReport;
  expect(ledger.totals.reruns).toBe(2);
  expect(ledger.totals.bytesSent).toBeGreaterThan(0);
});

test("says what is wrong when the table is unknown or nothing runs", async () => {
  expect(await app.run("top", "--view", "nothing")).toMatchObject({ code: 1, out: "" });
  const unreachable = await app.run("top", "--once", "--url", "http://127.0.0.1:9", "--admin-key", "x");
  expect(unreachable).toMatchObject({ code: 1, out: "" });
  expect(unreachable.err).toContain("Cannot reach the deployment");
});
