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

  test.each([1, 2, 3, 4, 5, 6])(
    "fixed: a count in steps is right whatever is written meanwhile (course %i)",
    async (seed) => {
      const random = seededRandom(seed);
      const chat = await olderChat(app, { messages: 0, messageCount: between(random, 0, 9) });
      await addOlderMessages(app, chat, 130, LARGE_BYTES);
      const step = async () =>
        await app.mutation("migrations:stepChat", { name: "fixMessageCounts", chatId: chat.chatId });
      await app.mutation("migrations:beginChats", { name: "fixMessageCounts", isResumed: false });
      // Whole chats go in and out of the bin in steps of their own, which take turns with the count's.
      const acts = [
        async () => void (await sendTo(app, "fixed", chat)),
        async () => await app.advance(0),
        async () => void (await app.mutation("chats:remove", { ...chat })),
        async () => void (await app.mutation("chats:restore", { ...chat })),
      ];
      for (let isDone = false; !isDone;) {
        isDone = (await step()) as boolean;
        // An act that is refused (a chat in the bin takes no message) is part of the course.
        await pick(random, acts)().catch((error: Error) =>
          expect(error.message).toMatch(/not found|restore the chat/u),
        );
      }
      await app.advance(0);
      if ((await chatRow(app, chat)).deletedAt !== undefined) await app.mutation("chats:restore", { ...chat });
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

  test.each([1, 2, 3, 4, 5, 6])(
    "fixed: the counters are right whatever is written meanwhile (course %i)",
    async (seed) => {
      const random = seededRandom(seed);
      const chats = [await olderChat(app, { messages: 0 }), await olderChat(app, { messages: 0 })];
      for (const chat of chats) await addOlderMessages(app, chat, 70, LARGE_BYTES);
      await app.mutation("migrations:beginStats", { force: true });
      const acts = [
        async () => void (await sendTo(app, "fixed", pick(random, chats))),
        async () => void chats.push(await makeChat(app, "fixed")),
        async () => void (await app.mutation("chats:remove", { ...pick(random, chats) })),
        async () => void (await app.mutation("chats:restore", { ...pick(random, chats) })),
        async () => void (await app.action("crons:cleanupSoftDeletedRecords", { retentionDays: 0 })),
      ];
      for (let isDone = false; !isDone;) {
        isDone = ((await app.mutation("migrations:stepStats")) as { isDone: boolean }).isDone;
        await pick(random, acts)().catch((error: Error) =>
          expect(error.message).toMatch(/not found|restore the chat/u),
        );
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
