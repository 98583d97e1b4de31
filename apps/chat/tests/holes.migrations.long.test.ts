/**
 * Holes 2 and 3: commands that are one transaction over whole tables, and a `force` that nobody looks at.
 */
import { VirtualClock, type TestDeployment } from "@narrowcast/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { between, pick, seededRandom } from "../convex/model/random.ts";
import {
  addOlderMessages,
  arrange,
  chatRow,
  countsOf,
  liveMessages,
  makeChat,
  olderChat,
  openChatApp,
  rowsOf,
  sendTo,
  type OwnChat,
} from "../testing/chat-app.ts";

const SLOW_MS = 120_000;
/** So large that a step of a count sees about forty. */
const LARGE_BYTES = 100_000;

let app: TestDeployment;
beforeEach(async () => {
  // Time stands still, so what is scheduled happens when a test says so.
  app = await openChatApp({ clock: new VirtualClock(Date.UTC(2026, 0, 15)) });
});
afterEach(async () => await app.close());

describe("hole 2: one transaction for everything", () => {
  test(
    "after: more than 32,000 documents are too many, whatever batchSize says; fixed: any number",
    { timeout: SLOW_MS },
    async () => {
      const chats = [];
      for (let index = 0; index < 11; index++) chats.push(await olderChat(app, { messages: 3_000 }));
      const tooMany = "Too many documents read in a single function execution (limit: 32000)";
      await expect(app.mutation("after/migrations:backfillMessageCounts", { batchSize: 1 })).rejects.toThrow(tooMany);
      await expect(app.mutation("after/migrations:verifyMessageCounts")).rejects.toThrow(tooMany);
      await expect(app.mutation("after/migrations:fixMessageCounts")).rejects.toThrow(tooMany);
      await expect(app.mutation("after/migrations:initializeStats")).rejects.toThrow(tooMany);

      expect(await app.action("migrations:verifyMessageCounts")).toMatchObject({ totalChats: 11, inconsistencies: 11 });
      expect(await app.action("migrations:backfillMessageCounts")).toEqual({
        success: true,
        processed: 11,
        updated: 11,
      });
      expect(await app.action("migrations:fixMessageCounts")).toEqual({ success: true, totalChats: 11, fixed: 0 });
      expect(await app.action("migrations:initializeStats")).toEqual({
        success: true,
        results: { chatsTotal: 11, chatsSoftDeleted: 0, messagesTotal: 33_000, messagesSoftDeleted: 0, usersTotal: 11 },
      });
      for (const chat of chats) expect((await chatRow(app, chat)).messageCount).toBe(3_000);
    },
  );

  test("after: a few thousand messages of 4 KB are too many bytes; fixed: not", { timeout: SLOW_MS }, async () => {
    await olderChat(app, { messages: 4_500, bytes: 4_000 });
    await expect(app.mutation("after/migrations:backfillMessageCounts")).rejects.toThrow("Too many bytes read");
    expect(await app.action("migrations:backfillMessageCounts")).toMatchObject({ updated: 1 });
  });

  test("fixed: what was stopped goes on where it was, and a finished backfill only looks at what is new", async () => {
    const name = "backfillMessageCounts";
    const chats: OwnChat[] = [];
    for (let index = 0; index < 5; index++) chats.push(await olderChat(app, { messages: 2 }));
    await app.mutation("migrations:beginChats", { name, isResumed: true });
    for (const { chatId } of chats.slice(0, 3)) await app.mutation("migrations:stepChat", { name, chatId });

    const cost = await app.expectCost(async () => {
      expect(await app.action(`migrations:${name}`)).toEqual({ success: true, processed: 5, updated: 5 });
    });
    expect(cost.functions["migrations:stepChat"]?.calls).toBe(2);

    await olderChat(app, { messages: 1 });
    expect(await app.action(`migrations:${name}`)).toEqual({ success: true, processed: 1, updated: 1 });
    expect(await app.action(`migrations:${name}`, { skipExisting: false })).toMatchObject({ processed: 6, updated: 0 });
  });

  test("fixed: a result names the first ten counters that differ", async () => {
    for (let index = 0; index < 12; index++) await olderChat(app, { messages: 1, messageCount: 9 });
    const result = (await app.action("migrations:verifyMessageCounts")) as { samples: unknown[] };
    expect(result).toMatchObject({ success: true, totalChats: 12, inconsistencies: 12 });
    expect(result.samples).toHaveLength(10);
    expect(result.samples[0]).toMatchObject({ storedCount: 9, actualCount: 1 });
    expect((await rowsOf(app, "chats")).every((chat) => chat.messageCount === 9)).toBe(true);
  });

  test("fixed: a step touches one chat, so only a message of that chat can get in its way", async () => {
    const [one] = [await olderChat(app, { messages: 40 }), await olderChat(app, { messages: 500 })];
    await app.mutation("migrations:beginChats", { name: "fixMessageCounts", isResumed: false });
    const cost = await app.expectCost(() =>
      app.mutation("migrations:stepChat", { name: "fixMessageCounts", chatId: one.chatId }),
    );
    // The chat and its messages, and the job's row; each write reads its document once more.
    expect(cost.convexDocuments).toBeLessThanOrEqual(40 + 4);
  });

  /** A chat of three to four steps of a count, whose own counter is right, so that a count that differs from it is wrong. */
  const countedChat = async (): Promise<{ chat: OwnChat; step: () => Promise<boolean> }> => {
    const name = "verifyMessageCounts";
    const chat = await olderChat(app, { messages: 0, messageCount: 130 });
    await addOlderMessages(app, chat, 130, LARGE_BYTES);
    await app.mutation("migrations:beginChats", { name, isResumed: false });
    const step = async () => (await app.mutation("migrations:stepChat", { name, chatId: chat.chatId })) as boolean;
    return { chat, step };
  };
  const verified = async () =>
    await app.mutation("migrations:noteBatch", { name: "verifyMessageCounts", isComplete: false });

  test("fixed: messages that leave while their chat is counted are taken from what was counted", async () => {
    const { chat, step } = await countedChat();
    expect(await step()).toBe(false);
    // The removal's first step takes some forty along, all of which were counted; the others follow by themselves.
    await app.mutation("chats:remove", { ...chat });
    while (!(await step()));
    expect(await verified()).toMatchObject({ processed: 1, inconsistencies: 0 });
  });

  test("fixed: messages that come back while their chat is counted are counted once", async () => {
    const { chat, step } = await countedChat();
    await app.mutation("chats:remove", { ...chat });
    await app.advance(0);
    expect(await step()).toBe(false);
    await app.mutation("chats:restore", { ...chat });
    await app.advance(0);
    while (!(await step()));
    expect(await verified()).toMatchObject({ processed: 1, inconsistencies: 0 });
    expect((await chatRow(app, chat)).messageCount).toBe(130);
  });

  test.each([1, 2, 3, 4, 5, 6])(
    "fixed: a count in steps is right whatever is written meanwhile (course %i)",
    async (seed) => {
      const random = seededRandom(seed);
      const { chat, step } = await countedChat();
      const acts = [
        async () => void (await sendTo(app, "fixed", chat)),
        // What was begun with a chat that goes in or out of the bin goes on.
        async () => await app.advance(0),
        async () => void (await app.mutation("chats:remove", { ...chat })),
        async () => void (await app.mutation("chats:restore", { ...chat })),
      ];
      for (let isDone = false; !isDone; isDone = await step()) {
        for (let act = between(random, 0, 3); act > 0; act--) await refusable(pick(random, acts));
      }
      expect(await verified()).toMatchObject({ processed: 1, inconsistencies: 0 });
      await app.advance(0);
      const { messageCount, recount, work } = await chatRow(app, chat);
      expect([recount, work]).toEqual([undefined, undefined]);
      expect(messageCount).toBe(await liveMessages(app, chat));
    },
  );
});

describe("hole 3: force, and a count that misses what happens meanwhile", () => {
  test("after: without force everything is counted again all the same", async () => {
    await olderChat(app, { messages: 500 });
    await app.mutation("after/migrations:initializeStats");
    const cost = await app.expectCost(() => app.mutation("after/migrations:initializeStats", { force: false }));
    expect(cost.convexDocuments).toBeGreaterThan(500);
  });

  test("fixed: without force a count that is there stands; with it all is counted again", async () => {
    await olderChat(app, { messages: 500 });
    const first = await app.action("migrations:initializeStats");
    await arrange(app, async ({ db }) => {
      for (const row of await db.query("dbStats").collect()) await db.patch("dbStats", row._id, { value: 1_000 });
    });
    const cost = await app.expectCost(async () => {
      expect(await app.action("migrations:initializeStats")).toMatchObject({ results: { messagesTotal: 1_000 } });
    });
    expect(cost.convexDocuments).toBeLessThan(20);
    expect(await app.action("migrations:initializeStats", { force: true })).toEqual(first);
  });

  test("after: the count reads every document in one transaction, so under load any write makes it begin again", async () => {
    await olderChat(app, { messages: 200 });
    const cost = await app.expectCost(() => app.mutation("after/migrations:initializeStats"));
    expect(cost.functions["after/migrations:initializeStats"]).toMatchObject({ runs: 1 });
    expect(cost.convexDocuments).toBeGreaterThanOrEqual(202);
  });

  /** Begins a count that goes on only when the test says so: one that is begun by its command goes on by itself. */
  const beginByHand = async () =>
    await arrange(app, async ({ db }) => {
      const newest = await db.query("messages").order("desc").first();
      const walk = { table: "users", through: 0, until: newest?._creationTime ?? 0 } as const;
      await db.insert("migrationRuns", { name: "initializeStats", isComplete: false, ...walk, found: {}, samples: [] });
    });

  test("fixed: what changes in front of the count's position and behind it is counted once", async () => {
    const chats = [await olderChat(app, { messages: 0 }), await olderChat(app, { messages: 0 })];
    for (const chat of chats) await addOlderMessages(app, chat, 60, LARGE_BYTES);
    await app.action("migrations:fixMessageCounts");
    await beginByHand();
    const step = async () => (await app.mutation("migrations:stepStats")) as { table: string; isDone: boolean };
    while ((await step()).table !== "messages");
    // Users and chats are passed; the position lies within the first chat's messages.
    await app.mutation("chats:remove", { ...chats[0]! });
    await app.mutation("chats:remove", { ...chats[1]! });
    await makeChat(app, "fixed");
    await app.action("crons:cleanupSoftDeletedRecords", { retentionDays: -1, batchSize: 7 });
    await app.advance(0);
    while (!(await step()).isDone);
    const { success, reported, actual } = await countsOf(app, "fixed");
    expect([success, reported]).toEqual([true, actual]);
    expect(actual.messages.total).toBeLessThan(120);
  });

  test.each([1, 2, 3, 4, 5, 6])(
    "fixed: the counters are right whatever is written meanwhile (course %i)",
    async (seed) => {
      const random = seededRandom(seed);
      const chats = [await olderChat(app, { messages: 0 }), await olderChat(app, { messages: 0 })];
      for (const chat of chats) await addOlderMessages(app, chat, 70, LARGE_BYTES);
      await beginByHand();
      const acts = [
        async () => void (await sendTo(app, "fixed", pick(random, chats))),
        async () => void chats.push(await makeChat(app, "fixed")),
        async () => void (await app.mutation("chats:remove", { ...pick(random, chats) })),
        async () => void (await app.mutation("chats:restore", { ...pick(random, chats) })),
        async () => void (await app.action("crons:cleanupSoftDeletedRecords", { retentionDays: -1 })),
      ];
      for (let isDone = false; !isDone;) {
        for (let act = between(random, 0, 3); act > 0; act--) await refusable(pick(random, acts));
        isDone = ((await app.mutation("migrations:stepStats")) as { isDone: boolean }).isDone;
      }
      await app.advance(1);
      const { success, reported, actual } = await countsOf(app, "fixed");
      expect([success, reported]).toEqual([true, actual]);
    },
  );

  test("fixed: a count beside a crowd of writers is right when both are done", { timeout: SLOW_MS }, async () => {
    const older = await olderChat(app, { messages: 5_000 });
    const chats = await Promise.all(Array.from({ length: 20 }, () => makeChat(app, "fixed")));
    const counting = app.action("migrations:initializeStats", { force: true });
    await Promise.all(Array.from({ length: 400 }, (_, index) => sendTo(app, "fixed", [older, ...chats][index % 21]!)));
    await counting;
    const { success, reported, actual } = await countsOf(app, "fixed");
    expect([success, reported]).toEqual([true, actual]);
  });
});

/** Does what may be refused: a chat in the bin takes no message and is not removed twice, and that is part of a course. */
async function refusable(act: () => Promise<void>): Promise<void> {
  await act().catch((error: Error) => expect(error.message).toMatch(/not found|restore the chat/u));
}
