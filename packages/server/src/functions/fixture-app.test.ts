/**
 * A whole small app from its sources: bundled, loaded, analysed, run.
 */
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { bundleApp } from "../app/bundle.ts";
import { FIXTURE_DIR, NOW_MS, openApp } from "../testing/app-harness.ts";
import type { TestApp } from "../testing/app-harness.ts";

let app: TestApp;
let room: string;
beforeAll(async () => {
  app = await openApp((await bundleApp(FIXTURE_DIR)).code);
  room = (await app.mutation("rooms/admin:open", { name: "lobby" })).value as string;
});

/** `line:column` of the first `text` in a file of the app, both from 1. */
function placeOf(file: string, text: string): string {
  const before = readFileSync(`${FIXTURE_DIR}/${file}`, "utf8").split(text)[0]!.split("\n");
  return `${before.length}:${before.at(-1)!.length + 1}`;
}

test("analysis lists every function with kind, visibility and environment", () => {
  const lines = app.user.analysis.functions.map(
    ({ path, kind, visibility, environment }) => `${path} ${kind} ${visibility} ${environment}`,
  );
  expect(lines.sort()).toEqual([
    "files:hash action public node",
    "maintenance:tidy mutation internal isolate",
    "messages:like mutation internal isolate",
    "messages:likeAll mutation public isolate",
    "messages:likeUnless mutation internal isolate",
    "messages:list query public isolate",
    "messages:page query public isolate",
    "messages:send mutation public isolate",
    "messages:summary query internal isolate",
    "rooms/admin:byName query public isolate",
    "rooms/admin:default query public isolate",
    "rooms/admin:open mutation public isolate",
    "rooms/admin:report action internal isolate",
  ]);
});

test("analysis reads schema, crons and routes", () => {
  const { schema, crons, httpRoutes } = app.user.analysis;
  expect(schema?.tables.map((table) => table.tableName).sort()).toEqual(["messages", "rooms"]);
  expect(crons).toEqual([
    {
      name: "tidy",
      path: "maintenance:tidy",
      args: `{"keep":{"$integer":"BQAAAAAAAAA="}}`,
      schedule: { type: "interval", seconds: 600 },
    },
    {
      name: "report",
      path: "maintenance:tidy",
      args: `{"keep":{"$integer":"AQAAAAAAAAA="}}`,
      schedule: { type: "weekly", dayOfWeek: 1, hourUTC: 6, minuteUTC: 30 },
    },
    {
      name: "nightly",
      path: "maintenance:tidy",
      args: `{"keep":{"$integer":"AgAAAAAAAAA="}}`,
      schedule: { type: "cron", cronExpr: "0 3 * * *" },
    },
  ]);
  expect(httpRoutes).toEqual([
    { path: "/broken", method: "GET" },
    { path: "/summary", method: "GET" },
    { path: "/echo/*", method: "POST" },
  ]);
});

test("a mutation writes, schedules and returns its id", async () => {
  const sent = await app.mutation("messages:send", { room, author: "ada", body: "hello" });
  expect(sent.error).toBeUndefined();
  expect(app.scheduled.at(-1)).toEqual({
    path: "messages:like",
    args: JSON.stringify({ id: sent.value }),
    atMs: NOW_MS + 1_000,
  });
  const listed = await app.query("messages:list", { room });
  expect(listed.value).toMatchObject([{ _id: sent.value, author: "ada", body: "hello", likes: 0 }]);
});

test("a ConvexError travels with its data", async () => {
  const missing = room.replace(/^./, "1");
  const sent = await app.mutation("messages:send", { room: missing, author: "ada", body: "hello" });
  expect(sent.error).toContain("ArgumentValidationError");
  const closed = await app.mutation("rooms/admin:open", { name: "closed" });
  const tx = app.database.begin({ readOnly: false });
  tx.patch(closed.value as string, { isOpen: false });
  tx.commit("test");
  const refused = await app.mutation("messages:send", { room: closed.value as string, author: "ada", body: "x" });
  expect(refused.outcome.result).toMatchObject({
    ok: false,
    errorData: JSON.stringify({ code: "closed", room: closed.value }),
  });
  expect(refused.error).toContain("Uncaught ConvexError: ");
});

test("a nested mutation that throws is undone, the others stay", async () => {
  const fresh = (await app.mutation("rooms/admin:open", { name: "nested" })).value as string;
  for (const author of ["ada", "bob", "cyd"])
    await app.mutation("messages:send", { room: fresh, author, body: author });
  const liked = await app.mutation("messages:likeAll", { room: fresh, failOn: "bob" });
  expect(liked.value).toBe(2);
  expect(liked.lines).toEqual([`[WARN] 'not liked' 'Uncaught Error: will not like bob'`]);
  const listed = await app.query("messages:list", { room: fresh });
  expect(
    (listed.value as { author: string; likes: number }[]).map(({ author, likes }) => `${author} ${likes}`),
  ).toEqual(["cyd 1", "bob 0", "ada 1"]);
});

test("stack frames point into the developer's files", async () => {
  const fresh = (await app.mutation("rooms/admin:open", { name: "long" })).value as string;
  await app.mutation("messages:send", { room: fresh, author: "ada", body: "x".repeat(2_000) });
  const failed = await app.query("messages:summary", { room: fresh }, { allowInternal: true });
  expect(failed.error).toBe(
    [
      "[Request ID: 0123456789abcdef] Server Error",
      "Uncaught RangeError: text of 2000 characters",
      `    at excerpt (../convex/text.ts:${placeOf("text.ts", "new RangeError")})`,
      `    at handler (../convex/messages.ts:${placeOf("messages.ts", "excerpt(last.body)")})`,
      "",
    ].join("\n"),
  );
});

test("pages follow each other, and a journal keeps a page's border", async () => {
  const fresh = (await app.mutation("rooms/admin:open", { name: "paged" })).value as string;
  for (let n = 0; n < 5; n++) await app.mutation("messages:send", { room: fresh, author: "ada", body: `${n}` });
  const ask = (cursor: string | null, journal: string | null = null) =>
    app.query("messages:page", { room: fresh, paginationOpts: { numItems: 2, cursor } }, { journal });
  const bodies = (value: unknown) => (value as { page: { body: string }[] }).page.map(({ body }) => body);
  const first = await ask(null);
  expect(bodies(first.value)).toEqual(["0", "1"]);
  const { continueCursor } = first.value as { continueCursor: string };
  expect(first.outcome.journal).not.toBeNull();
  const second = await ask(continueCursor);
  expect(bodies(second.value)).toEqual(["2", "3"]);
  const doc = (first.value as { page: { _id: string }[] }).page[0]!;
  app.write((tx) => tx.delete(doc._id));
  const again = await ask(null, first.outcome.journal);
  expect(bodies(again.value)).toEqual(["1"]);
});

test("the identity is observed only when it is looked at", async () => {
  const identity = { kind: "user" as const, key: "u", attributes: { subject: "u1", issuer: "test" } };
  const asked = await app.query("rooms/admin", {}, { identity });
  expect(asked.value).toBe("u1");
  expect(asked.outcome.identityObserved).toBe(true);
  const listed = await app.query("messages:list", { room }, { identity });
  expect(listed.outcome.identityObserved).toBe(false);
});
