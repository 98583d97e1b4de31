/**
 * Files: really uploaded, shown by their addresses, deleted.
 */
import { openTestServer, type TestServer } from "@narrowcast/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Id } from "../convex/_generated/dataModel.js";
import { arrange, CONVEX_DIR, FORMS, makeChat, pathIn, rowsOf, type Form, type OwnChat } from "../testing/chat-app.ts";

let app: TestServer;
beforeAll(async () => {
  app = await openTestServer(CONVEX_DIR);
});
afterAll(async () => await app.close());

interface Saved {
  readonly fileId: Id<"fileUploads">;
  readonly filename: string;
  readonly url: string;
  readonly storageId: Id<"_storage">;
}

/** What a page does: ask for an address, send the bytes there, note the file. */
async function upload(form: Form, chat: OwnChat, text: string, contentType = "text/plain"): Promise<Saved> {
  const url = (await app.mutation(pathIn(form, "files:generateUploadUrl"), { ...chat })) as string;
  const response = await fetch(url, { method: "POST", headers: { "Content-Type": contentType }, body: text });
  const { storageId } = (await response.json()) as { storageId: Id<"_storage"> };
  const file = { storageId, filename: "note.txt", contentType, size: text.length };
  return {
    ...((await app.mutation(pathIn(form, "files:saveFileMetadata"), { ...chat, ...file })) as unknown as Saved),
    storageId,
  };
}

describe.each(FORMS)("the %s form", (form) => {
  const ask = async (path: string, args: object) => await app.query(pathIn(form, path), { ...args });

  test("a file goes up, is listed and counted, comes back by its address, and goes for good", async () => {
    const chat = await makeChat(app, form);
    const { userId } = chat;
    const { fileId, filename, url, storageId } = await upload(form, chat, "leeks and lentils");
    expect(filename).toBe("note.txt");
    expect(await (await fetch(url)).text()).toBe("leeks and lentils");
    expect(await ask("files:getUserQuota", { userId })).toEqual({ used: 1, limit: 150, remaining: 149 });
    expect(await ask("files:getFilesByChat", { ...chat })).toMatchObject([{ _id: fileId, size: 17, url }]);
    expect(await ask("files:getFilesByUser", { userId })).toMatchObject([{ _id: fileId }]);
    expect(await ask("files:getFileUrl", { userId, fileId })).toBe(url);
    expect(await ask("files:getBatchFileUrls", { userId, storageIds: [storageId] })).toEqual([{ storageId, url }]);

    expect(await app.mutation(pathIn(form, "files:deleteFile"), { userId, fileId })).toEqual({ ok: true });
    expect((await fetch(url)).status).toBe(404);
    expect(await ask("files:getFilesByChat", { ...chat })).toEqual([]);
    expect(await ask("files:getBatchFileUrls", { userId, storageIds: [storageId] })).toEqual([
      { storageId, url: null },
    ]);
    expect(await ask("files:getUserQuota", { userId })).toMatchObject({ used: 0 });
    expect((await rowsOf(app, "fileUploads")).find((file) => file._id === fileId)?.deletedAt).toBeGreaterThan(0);
  });

  test("a message shows its files; each address is looked up once, however many messages show it", async () => {
    const chat = await makeChat(app, form);
    const { storageId, url } = await upload(form, chat, "<svg/>", "image/svg+xml");
    const attachment = { storageId, filename: "a.svg", contentType: "image/svg+xml", size: 6, uploadedAt: 1 };
    for (const content of ["one", "two", "three"]) {
      const userMessage = { content, attachments: [{ ...attachment, url: "kept nowhere" }] };
      await app.mutation(pathIn(form, "messages:send"), { ...chat, userMessage });
    }
    const cost = await app.expectCost(async () => {
      const messages = (await ask("messages:list", { ...chat })) as { attachments: { url: string }[] }[];
      expect(messages.map(({ attachments }) => attachments[0]?.url)).toEqual([url, url, url]);
    });
    expect(cost.convexDocuments).toBe(1 + 3 + 1);
  });

  test("what is not allowed is refused: a type, a size, the 151st file, somebody else's chat and file", async () => {
    const chat = await makeChat(app, form);
    await expect(upload(form, chat, "MZ", "application/x-msdownload")).rejects.toThrow("its type is");
    const { fileId } = await upload(form, chat, "mine");
    const other = await makeChat(app, form);
    const strange = { userId: other.userId, chatId: chat.chatId };
    await expect(app.mutation(pathIn(form, "files:generateUploadUrl"), strange)).rejects.toThrow("Chat not found");
    await expect(ask("files:getFileUrl", { userId: other.userId, fileId })).rejects.toThrow("File not found");
    await expect(app.mutation(pathIn(form, "files:deleteFile"), { userId: other.userId, fileId })).rejects.toThrow(
      "File not found",
    );
    await arrange(app, async ({ db }) => await db.patch("users", chat.userId, { fileUploadCount: 150 }));
    await expect(upload(form, chat, "one more")).rejects.toThrow("the user has 150 files");
  });
});

test("after: a client's word for the size is taken; fixed: the stored file's own size counts", async () => {
  const large = "x".repeat(10 * 1024 * 1024 + 1);
  const save = async (form: Form) => {
    const chat = await makeChat(app, form);
    const url = (await app.mutation(pathIn(form, "files:generateUploadUrl"), { ...chat })) as string;
    const response = await fetch(url, { method: "POST", headers: { "Content-Type": "text/plain" }, body: large });
    const { storageId } = (await response.json()) as { storageId: string };
    const file = { storageId, filename: "large.txt", contentType: "text/plain", size: 1 };
    return await app.mutation(pathIn(form, "files:saveFileMetadata"), { ...chat, ...file });
  };
  expect(await save("after")).toMatchObject({ filename: "large.txt" });
  await expect(save("fixed")).rejects.toThrow("it has 10485761 bytes");
});

test("fixed: emptying the bin takes a chat's files along, bytes and count too", async () => {
  const chat = await makeChat(app, "fixed");
  const { url } = await upload("fixed", chat, "to be forgotten");
  const gone = await upload("fixed", chat, "bytes that are gone already");
  await arrange(app, async ({ storage }) => await storage.delete(gone.storageId));
  await app.mutation("chats:remove", { ...chat });
  await arrange(app, async ({ db }) => await db.patch("chats", chat.chatId, { deletedAt: 1 }));
  await app.action("crons:cleanupSoftDeletedRecords");
  expect((await fetch(url)).status).toBe(404);
  expect(await app.query("files:getUserQuota", { userId: chat.userId })).toMatchObject({ used: 0 });
});
