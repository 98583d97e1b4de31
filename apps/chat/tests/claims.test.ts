/**
 * What the optimisation promised, measured, and at which size the first form ends.
 */
import { VirtualClock, type TestDeployment } from "@narrowcast/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeChat, olderChat, openChatApp, pathIn, sendTo, type Form } from "../testing/chat-app.ts";

const SLOW_MS = 120_000;
const MESSAGES = 10_000;

describe("statistics of 10,000 records", () => {
  let app: TestDeployment;
  beforeAll(async () => {
    app = await openChatApp();
    await olderChat(app, { messages: MESSAGES, messageCount: MESSAGES });
    await app.mutation("after/migrations:initializeStats");
    await app.action("migrations:initializeStats", { force: true });
  }, SLOW_MS);
  afterAll(async () => await app.close());

  test.each([
    // Two tables twice, and the users.
    ["before", 2 * (MESSAGES + 1) + 1],
    ["after", 5],
    // The count's own row besides; a hot counter has up to 16 rows, so far one.
    ["fixed", 6],
  ] as const)("%s: %i documents are read", async (form, documents) => {
    const cost = await app.expectCost(() => app.mutation(pathIn(form, "crons:generateDatabaseStats")));
    expect(cost.convexDocuments).toBe(documents);
  });

  test("all forms give the same report", async () => {
    const reports = [];
    for (const form of ["before", "after", "fixed"] as const) {
      reports.push(await app.mutation(pathIn(form, "crons:generateDatabaseStats")));
    }
    const tables = {
      chats: { total: 1, softDeleted: 0, active: 1 },
      messages: { total: MESSAGES, softDeleted: 0, active: MESSAGES },
      users: { total: 1 },
    };
    for (const report of reports) {
      expect(report).toEqual({ success: true, stats: { timestamp: expect.any(Number) as number, tables } });
    }
  });
});

test(
  "before: statistics end between 15,900 and 16,100 small messages; after and fixed: five counters",
  { timeout: SLOW_MS },
  async () => {
    const app = await openChatApp();
    await olderChat(app, { messages: 15_900 });
    await app.mutation("before/crons:generateDatabaseStats");
    await olderChat(app, { messages: 200 });
    await expect(app.mutation("before/crons:generateDatabaseStats")).rejects.toThrow(
      "Too many documents read in a single function execution (limit: 32000). Consider using smaller limits in your queries",
    );
    await app.action("migrations:initializeStats");
    expect(await app.mutation("crons:generateDatabaseStats")).toMatchObject({
      success: true,
      stats: { tables: { messages: { total: 16_100 } } },
    });
    await app.close();
  },
);

test(
  "before: with messages of 1.5 KB it is the bytes that end them, between 4,500 and 5,500",
  { timeout: SLOW_MS },
  async () => {
    const app = await openChatApp();
    await olderChat(app, { messages: 4_500, bytes: 1_500 });
    await app.mutation("before/crons:generateDatabaseStats");
    await olderChat(app, { messages: 1_000, bytes: 1_500 });
    await expect(app.mutation("before/crons:generateDatabaseStats")).rejects.toThrow(
      "Too many bytes read in a single function execution (limit: 16777216)",
    );
    await app.close();
  },
);

describe.each([1_000, 9_999])("a message in a chat of %i", (messages) => {
  /** Documents read by Convex's rules: of a message that is sent, and of one that finds its chat full. */
  const send = async (form: Form) => {
    const app = await openChatApp();
    const chat = await olderChat(app, { messages, messageCount: messages });
    await makeChat(app, form);
    await app.mutation("after/migrations:initializeStats");
    await app.action("migrations:initializeStats");
    const cost = await app.expectCost(() => sendTo(app, form, chat));
    if (messages === 9_999) await expect(sendTo(app, form, chat)).rejects.toThrow("the chat has 10000 messages");
    await app.close();
    return cost.convexDocuments;
  };

  test.each([
    // The chat, all its messages, and the chat again for its times.
    ["before", messages + 2],
    // The chat three times, its counter and the deployment's, each read and written.
    ["after", 6],
    // The chat read and written, the count's row, one part of the counter read and written when it is there.
    ["fixed", 5],
  ] as const)("%s: at most %i documents are read", { timeout: SLOW_MS }, async (form, documents) => {
    const read = await send(form);
    expect(read).toBeLessThanOrEqual(documents);
    expect(read).toBeGreaterThan(form === "before" ? messages : 2);
  });
});

test("registered: the statistics and the emptying of the bin happen every day by themselves", async () => {
  const app = await openChatApp({ clock: new VirtualClock(Date.UTC(2026, 0, 15)) });
  const chat = await makeChat(app, "fixed");
  await sendTo(app, "fixed", chat);
  await app.mutation("chats:remove", { ...chat });
  const day = async () => await app.expectCost(() => app.advance(24 * 3_600_000));
  const first = await day();
  expect(first.functions["crons:generateDatabaseStats"]?.calls).toBe(1);
  expect(first.functions["crons:cleanupStep"]?.calls).toBe(2);
  expect(await app.query("stats:live")).toMatchObject({ chats: 1, deletedChats: 1, messages: 1 });
  await app.advance(90 * 24 * 3_600_000);
  expect(await app.query("stats:live")).toMatchObject({ chats: 0, deletedChats: 0, messages: 0, deletedMessages: 0 });
  await app.close();
});
