/**
 * Holes 1, 4, 6 and 7: counters that begin wrong, drift unseen, or cannot be read. Each as the optimised form has it, and mended.
 */
import type { TestDeployment } from "@narrowcast/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  addOlderMessages,
  arrange,
  chatRow,
  countsOf,
  liveMessages,
  makeChat,
  olderChat,
  openChatApp,
  pathIn,
  rowsOf,
  sendTo,
} from "../testing/chat-app.ts";

let app: TestDeployment;
beforeEach(async () => {
  app = await openChatApp();
});
afterEach(async () => await app.close());

describe("hole 1: a message between the deployment and the backfill", () => {
  test("after: the count begins at 1, the backfill leaves it, and only the repair finds it", async () => {
    const touched = await olderChat(app, { messages: 3 });
    const untouched = await olderChat(app, { messages: 5 });
    await sendTo(app, "after", touched);
    expect(await app.mutation("after/migrations:backfillMessageCounts")).toEqual({
      success: true,
      processed: 2,
      updated: 1,
    });
    expect((await chatRow(app, untouched)).messageCount).toBe(5);
    expect((await chatRow(app, touched)).messageCount).toBe(1);
    expect(await app.mutation("after/migrations:verifyMessageCounts")).toEqual({
      success: true,
      totalChats: 2,
      inconsistencies: 1,
      samples: [{ chatId: touched.chatId, storedCount: 1, actualCount: 4 }],
    });
    expect(await app.mutation("after/migrations:fixMessageCounts")).toEqual({ success: true, totalChats: 2, fixed: 1 });
    expect((await chatRow(app, touched)).messageCount).toBe(4);
  });

  test("after: a full chat that nobody has counted takes more", async () => {
    const full = await olderChat(app, { messages: 10_000 });
    await sendTo(app, "after", full);
    expect((await chatRow(app, full)).messageCount).toBe(1);
  });

  test("fixed: whoever finds no count makes it, so a backfill has nothing to repair", async () => {
    const touched = await olderChat(app, { messages: 3 });
    await sendTo(app, "fixed", touched);
    expect((await chatRow(app, touched)).messageCount).toBe(4);
    expect(await app.action("migrations:backfillMessageCounts")).toEqual({ success: true, processed: 1, updated: 0 });
  });

  test("fixed: a full chat is refused, also while a large chat is still being counted", async () => {
    const full = await olderChat(app, { messages: 10_000 });
    // The first look counts a part of it and goes on by itself.
    await sendTo(app, "fixed", full);
    await app.settled();
    expect((await chatRow(app, full)).messageCount).toBe(10_001);
    await expect(sendTo(app, "fixed", full)).rejects.toThrow("Cannot add the message: the chat has 10001 messages");
  });

  test("fixed: the backfill compares, so what the optimised form left behind becomes right", async () => {
    const touched = await olderChat(app, { messages: 3 });
    await sendTo(app, "after", touched);
    expect(await app.action("migrations:backfillMessageCounts", { batchSize: 50 })).toEqual({
      success: true,
      processed: 1,
      updated: 1,
    });
    expect((await chatRow(app, touched)).messageCount).toBe(4);
  });
});

describe("hole 4: a deployment counter that begins by itself", () => {
  test("after: it begins at the first change, whatever was there", async () => {
    const older = await olderChat(app, { messages: 30 });
    await sendTo(app, "after", older);
    const { reported, actual } = await countsOf(app, "after");
    expect(reported).toMatchObject({ chats: { total: 0 }, messages: { total: 1 }, users: { total: 0 } });
    expect(actual).toMatchObject({ chats: { total: 1 }, messages: { total: 31 }, users: { total: 1 } });
  });

  test("fixed: the first change begins a count of the tables, and says so until it is done", async () => {
    const older = await olderChat(app, { messages: 30 });
    expect(await app.query("stats:live")).toMatchObject({ isCounted: false });
    await sendTo(app, "fixed", older);
    await app.settled();
    const { success, reported, actual } = await countsOf(app, "fixed");
    expect([success, reported]).toEqual([true, actual]);
    expect(await app.query("stats:live")).toMatchObject({ isCounted: true, messages: 31 });
  });

  test("fixed: a new deployment is counted from its first user on", async () => {
    await makeChat(app, "fixed");
    await app.settled();
    const { success, reported, actual } = await countsOf(app, "fixed");
    expect([success, reported]).toEqual([true, actual]);
  });
});

describe("hole 6: drift behind a floor, and a way back that is missing", () => {
  /** A chat in the bin whose deletion no counter has heard of. */
  const unheard = async () => {
    const chat = await makeChat(app, "fixed");
    await app.settled();
    await arrange(app, async ({ db }) => await db.patch("chats", chat.chatId, { deletedAt: 1 }));
    return chat;
  };

  test("after: two chats deleted, counters of one, and the sum looks well", async () => {
    await makeChat(app, "after");
    const one = await olderChat(app, { messages: 0 });
    await app.mutation("after/chats:remove", { ...one });
    await arrange(app, async ({ db }) => {
      for (const chat of await db.query("chats").collect()) await db.patch("chats", chat._id, { deletedAt: 1 });
    });
    await app.mutation("after/crons:cleanupSoftDeletedRecords");
    const stat = (await rowsOf(app, "dbStats")).map(({ key, value }) => [key, value]);
    // One was counted as made and one as deleted; two were taken from each, and neither shows it.
    expect(stat).toContainEqual(["chats_total", 0]);
    expect(stat).toContainEqual(["chats_soft_deleted", 0]);
    await makeChat(app, "after");
    expect((await countsOf(app, "after")).reported).toMatchObject({ chats: { total: 1, softDeleted: 0 } });
  });

  test("fixed: nothing is clamped, the report says that it is not true, and a forced count repairs it", async () => {
    const chat = await unheard();
    await app.mutation("chats:restore", { ...chat });
    const drifted = await countsOf(app, "fixed");
    expect([drifted.success, drifted.reported]).toMatchObject([false, { chats: { softDeleted: -1 } }]);
    await app.action("migrations:initializeStats", { force: true });
    const { success, reported, actual } = await countsOf(app, "fixed");
    expect([success, reported]).toEqual([true, actual]);
  });

  test("after: a removed chat has a count of 0, and nothing brings it back", async () => {
    const chat = await makeChat(app, "after");
    await sendTo(app, "after", chat);
    await app.mutation("after/chats:remove", { ...chat });
    // The way back that an operator has: to take the marks away.
    await arrange(app, async ({ db }) => {
      await db.patch("chats", chat.chatId, { deletedAt: undefined });
      for (const each of await db.query("messages").collect())
        await db.patch("messages", each._id, { deletedAt: undefined });
    });
    expect((await chatRow(app, chat)).messageCount).toBe(0);
    expect(await liveMessages(app, chat)).toBe(1);
  });

  test("fixed: a chat comes back with its messages and its count; what was deleted before stays deleted", async () => {
    const chat = await makeChat(app, "fixed");
    const alone = await sendTo(app, "fixed", chat, "deleted by itself");
    await sendTo(app, "fixed", chat, "stays");
    await arrange(app, async ({ db }) => {
      await db.patch("messages", alone, { deletedAt: 7 });
      await db.patch("chats", chat.chatId, { messageCount: 1 });
    });
    await app.action("migrations:initializeStats", { force: true });
    await app.mutation("chats:remove", { ...chat });
    expect(await app.query("chats:listDeleted", { userId: chat.userId })).toMatchObject([{ _id: chat.chatId }]);
    await app.mutation("chats:restore", { ...chat });
    const shown = (await app.query("messages:list", { ...chat })) as { content: string }[];
    expect(shown.map(({ content }) => content)).toEqual(["stays"]);
    expect((await chatRow(app, chat)).messageCount).toBe(1);
    const { success, reported, actual } = await countsOf(app, "fixed");
    expect([success, reported]).toEqual([true, actual]);
    await expect(app.mutation("chats:restore", { ...chat })).rejects.toThrow("it is not deleted");
  });

  test("fixed: a chat too large for one transaction goes and comes back in steps; after: it cannot go", async () => {
    const chat = await olderChat(app, { messages: 0, messageCount: 0 });
    await addOlderMessages(app, chat, 170, 100_000);
    await expect(app.mutation("after/chats:remove", { ...chat })).rejects.toThrow("Too many bytes read");
    await app.action("migrations:fixMessageCounts");
    await app.mutation("chats:remove", { ...chat });
    await expect(app.mutation("chats:restore", { ...chat })).rejects.toThrow("it is still removing");
    await app.settled();
    expect(await chatRow(app, chat)).toMatchObject({ messageCount: 0 });
    expect(await liveMessages(app, chat)).toBe(0);
    await app.mutation("chats:restore", { ...chat });
    await app.settled();
    expect(await chatRow(app, chat)).toMatchObject({ messageCount: 170 });
    expect(await liveMessages(app, chat)).toBe(170);
    const { reported, actual } = await countsOf(app, "fixed");
    expect(reported).toEqual(actual);
  });

  test("a hard delete of deleted messages leaves the chat's count alone", async () => {
    const chat = await makeChat(app, "fixed");
    const message = await sendTo(app, "fixed", chat);
    await sendTo(app, "fixed", chat);
    await arrange(app, async ({ db }) => {
      await db.patch("messages", message, { deletedAt: 1 });
      await db.patch("chats", chat.chatId, { messageCount: 1 });
    });
    expect(await app.action("crons:cleanupSoftDeletedRecords")).toMatchObject({ success: true, deleted: 1 });
    expect((await chatRow(app, chat)).messageCount).toBe(1);
    expect(await liveMessages(app, chat)).toBe(1);
  });
});

describe("hole 7: two rows of one counter", () => {
  const twoRows = async () =>
    await arrange(app, async ({ db }) => {
      await db.insert("dbStats", { key: "chats_total", value: 2, updatedAt: 1 });
      await db.insert("dbStats", { key: "chats_total", value: 3, updatedAt: 1 });
    });

  test("after: what reads or writes the counter fails from then on", async () => {
    await twoRows();
    await expect(app.mutation("after/crons:generateDatabaseStats")).rejects.toThrow("unique()");
    const { userId } = await olderChat(app, { messages: 0 });
    await expect(app.mutation("after/chats:create", { userId, title: "no" })).rejects.toThrow("unique()");
  });

  test("fixed: their sum is read, and the next write makes them one", async () => {
    const { userId } = await olderChat(app, { messages: 0 });
    await app.action("migrations:initializeStats");
    await arrange(app, async ({ db }) => {
      for (const row of await db.query("dbStats").collect()) await db.delete("dbStats", row._id);
    });
    await twoRows();
    expect(await app.query("stats:live")).toMatchObject({ chats: 5 });
    await app.mutation("chats:create", { userId, title: "yes" });
    const rows = (await rowsOf(app, "dbStats")).filter((row) => row.key === "chats_total");
    expect(rows.map(({ value }) => value)).toEqual([6]);
  });

  test.each(["after", "fixed"] as const)("%s: many first increments at once leave one row a key", async (form) => {
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        app.mutation(pathIn(form, "users:ensure"), { externalId: `at once ${index}` }),
      ),
    );
    await app.settled();
    const rows = await rowsOf(app, "dbStats");
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
    expect((await countsOf(app, form)).reported).toMatchObject({ users: { total: 100 } });
  });
});
