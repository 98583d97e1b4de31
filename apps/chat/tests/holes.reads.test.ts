/**
 * Holes 8 to 11: reads that are larger than what they are for, and one saving that is none.
 */
import type { TestDeployment } from "@narrowcast/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Id } from "../convex/_generated/dataModel.js";
import { DAY_MS } from "../convex/model/limits.ts";
import {
  addOlderMessages,
  arrange,
  makeChat,
  olderChat,
  openChatApp,
  pathIn,
  rowsOf,
  sendTo,
  type Form,
  type OwnChat,
} from "../testing/chat-app.ts";

let app: TestDeployment;
beforeAll(async () => {
  app = await openChatApp();
});
afterAll(async () => await app.close());

/** Documents that a call reads by Convex's rules. */
async function documentsOf(call: () => Promise<unknown>): Promise<number> {
  return (await app.expectCost(call)).convexDocuments;
}

describe("hole 8: emptying the bin", () => {
  test.each(["before", "after"] as const)("%s: with nothing to delete, every row is read", async (form) => {
    await olderChat(app, { messages: 300 });
    const rows = (await rowsOf(app, "chats")).length + (await rowsOf(app, "messages")).length;
    const call = () => app.mutation(pathIn(form, "crons:cleanupSoftDeletedRecords"));
    expect(await documentsOf(call)).toBe(rows);
  });

  test("fixed: with nothing to delete, nothing is read", async () => {
    const cost = await app.expectCost(() => app.action("crons:cleanupSoftDeletedRecords"));
    expect(cost.convexDocuments).toBe(0);
  });

  test("fixed: all that is due goes, batch after batch, each table from where it was; the rest stays", async () => {
    const chat = await olderChat(app, { messages: 255, messageCount: 255 });
    await app.action("migrations:initializeStats", { force: true });
    const old = Date.now() - 91 * DAY_MS;
    await app.mutation("chats:remove", { ...chat });
    const recent = await makeChat(app, "fixed");
    await sendTo(app, "fixed", recent);
    await app.mutation("chats:remove", { ...recent });
    await arrange(app, async ({ db }) => {
      await db.patch("chats", chat.chatId, { deletedAt: old });
      const messages = await db
        .query("messages")
        .withIndex("by_chat_creation", (q) => q.eq("chatId", chat.chatId))
        .collect();
      for (const { _id } of messages) await db.patch("messages", _id, { deletedAt: old });
    });
    const clean = (args: object) => app.action("crons:cleanupSoftDeletedRecords", { ...args });
    const cutoffDate = expect.stringMatching(/^\d{4}-\d\d-\d\dT/u) as string;
    const dry = await app.expectCost(async () =>
      expect(await clean({ dryRun: true })).toEqual({ success: true, deleted: 256, dryRun: true, cutoffDate }),
    );
    expect(dry.documentsWritten).toBe(0);
    const cost = await app.expectCost(async () =>
      expect(await clean({ batchSize: 100 })).toEqual({ success: true, deleted: 256, dryRun: false, cutoffDate }),
    );
    // Messages in three batches, the chat in one.
    expect(cost.functions["crons:cleanupStep"]?.calls).toBe(4);
    expect(await clean({})).toMatchObject({ deleted: 0 });
    expect(await arrange(app, async ({ db }) => await db.get("chats", chat.chatId))).toBeNull();
    expect(await arrange(app, async ({ db }) => await db.get("chats", recent.chatId))).not.toBeNull();
    expect(await app.query("stats:live")).toMatchObject({
      chats: (await rowsOf(app, "chats")).length,
      messages: (await rowsOf(app, "messages")).length,
    });
  });
});

/** Rows of files that were uploaded so long ago, all of one stored file. */
async function addFiles(chat: OwnChat, files: number, ageMs: number): Promise<Id<"_storage">> {
  const storageId = (await app.action("seed:blob")) as Id<"_storage">;
  await arrange(app, async ({ db }) => {
    for (let index = 0; index < files; index++) {
      const file = { filename: "old.txt", contentType: "text/plain", size: 24, uploadedAt: Date.now() - ageMs };
      await db.insert("fileUploads", { ...chat, storageId, ...file });
    }
    await db.patch("users", chat.userId, { fileUploadCount: files });
  });
  return storageId;
}

describe("hole 9: the rate of uploads", () => {
  const urlCost = async (form: Form, chat: OwnChat) =>
    await documentsOf(() => app.mutation(pathIn(form, "files:generateUploadUrl"), { ...chat }));

  test.each([
    ["before", 142],
    ["after", 142],
    ["fixed", 2],
  ] as const)("%s: of a user with 140 old files, %i documents are read", async (form, documents) => {
    const chat = await makeChat(app, form);
    await addFiles(chat, 140, DAY_MS);
    expect(await urlCost(form, chat)).toBe(documents);
  });

  test.each(["before", "after", "fixed"] as const)("%s: the eleventh upload of a minute is refused", async (form) => {
    const chat = await makeChat(app, form);
    await addFiles(chat, 9, 1_000);
    await app.mutation(pathIn(form, "files:generateUploadUrl"), { ...chat });
    await addFiles(chat, 1, 1_000);
    await expect(app.mutation(pathIn(form, "files:generateUploadUrl"), { ...chat })).rejects.toThrow(
      "there were 10 uploads in the last minute",
    );
  });
});

describe("hole 10: the second look at the user", () => {
  test("by Convex's rules the user is read twice in every form: saved was a wait, not a read", async () => {
    const reads: Record<string, number> = {};
    for (const form of ["before", "after", "fixed"] as const) {
      const chat = await makeChat(app, form);
      const storageId = await addFiles(chat, 0, 0);
      const save = { ...chat, storageId, filename: "a.txt", contentType: "text/plain", size: 24 };
      reads[form] = await documentsOf(() => app.mutation(pathIn(form, "files:saveFileMetadata"), save));
    }
    // The chat, the user, the user again by the patch of its counter, and the stored file's record for its address; the fixed form
    // looks at that record once more, for the real size.
    expect(reads).toEqual({ before: 4, after: 4, fixed: 5 });
  });
});

describe("hole 11: a look at a chat", () => {
  test.each(["before", "after"] as const)("%s: 170 messages of 100 KB are more than a query may read", async (form) => {
    const chat = await olderChat(app, { messages: 170, bytes: 100_000 });
    await expect(app.query(pathIn(form, "messages:list"), { ...chat })).rejects.toThrow(
      "Too many bytes read in a single function execution (limit: 16777216)",
    );
  });

  test("fixed: the newest that fit into 4 MB, oldest first, and pages of the rest", async () => {
    const chat = await olderChat(app, { messages: 0, messageCount: 0 });
    await addOlderMessages(app, chat, 170, 100_000);
    const list = (await app.query("messages:list", { ...chat })) as { createdAt: number }[];
    expect(list.map(({ createdAt }) => createdAt)).toEqual(Array.from({ length: 42 }, (_, index) => 128 + index));
    const seen: number[] = [];
    let cursor: string | null = null;
    for (let isDone = false; !isDone;) {
      const paginationOpts = { numItems: 100, cursor };
      const page = (await app.query("messages:page", { ...chat, paginationOpts })) as {
        page: { createdAt: number }[];
        isDone: boolean;
        continueCursor: string;
      };
      expect(page.page.length).toBeLessThan(50);
      seen.push(...page.page.map(({ createdAt }) => createdAt));
      ({ isDone, continueCursor: cursor } = page);
    }
    expect(seen).toEqual(Array.from({ length: 170 }, (_, index) => 169 - index));
  });

  test("fixed: a list has at most 100 messages, the newest ones", async () => {
    const chat = await olderChat(app, { messages: 150 });
    const list = (await app.query("messages:list", { ...chat })) as { createdAt: number }[];
    expect([list.length, list[0]?.createdAt, list.at(-1)?.createdAt]).toEqual([100, 50, 149]);
    await expect(app.query("messages:list", { ...chat, limit: 101 })).rejects.toThrow("the limit is 101");
  });
});

describe("hole 11: a look at a chat while an answer streams", () => {
  /** Documents that 20 patches make an open chat read again by Convex's rules, and by ours. */
  const streamed = async (form: Form, tracking: "document" | "fields") => {
    const own = await openChatApp({ tracking });
    const chat = await olderChat(own, { messages: 1_000, messageCount: 1_000 });
    const path = pathIn(form, "messages:list");
    await own.subscribe(path, { ...chat });
    const stream = async (piece: number) =>
      await own.mutation(pathIn(form, "messages:streamUpsert"), {
        ...chat,
        clientMessageId: "answer",
        role: "assistant",
        content: "A".repeat(piece),
      });
    await stream(1);
    const cost = await own.expectCost(async () => {
      for (let piece = 2; piece <= 21; piece++) await stream(piece);
    });
    await own.close();
    const { reruns, documents, convexDocuments } = cost.functions[path]!;
    return { reruns, documents: tracking === "document" ? convexDocuments : documents };
  };

  test.each([
    ["before", 20 * 1_002],
    ["after", 20 * 1_002],
    ["fixed", 20 * 101],
  ] as const)("%s: by Convex's rules 20 patches read %i documents again", async (form, documents) => {
    expect(await streamed(form, "document")).toEqual({ reruns: 20, documents });
  });

  test.each(["before", "after", "fixed"] as const)("%s: by ours only the message that grows", async (form) => {
    expect(await streamed(form, "fields")).toEqual({ reruns: 20, documents: 20 });
  });
});
