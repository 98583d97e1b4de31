/**
 * What every form of the functions promises: arguments, results, order, refusals.
 */
import type { TestDeployment } from "@narrowcast/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Id } from "../convex/_generated/dataModel.js";
import { arrange, chatRow, FORMS, makeChat, openChatApp, pathIn, rowsOf, sendTo } from "../testing/chat-app.ts";

interface Message {
  readonly _id: Id<"messages">;
  readonly role: string;
  readonly content: string;
  readonly status?: string;
}

let app: TestDeployment;
beforeAll(async () => {
  app = await openChatApp();
});
afterAll(async () => await app.close());

describe.each(FORMS)("the %s form", (form) => {
  const call = async (path: string, args: object) => await app.mutation(pathIn(form, path), { ...args });
  const ask = async (path: string, args: object) => await app.query(pathIn(form, path), { ...args });

  test("users.ensure makes a user once, and writes it again only when a field differs", async () => {
    const args = { externalId: `ann of ${form}`, name: "Ann" };
    const first = await call("users:ensure", args);
    const written = await app.expectCost(async () => expect(await call("users:ensure", args)).toEqual(first));
    expect(written.documentsWritten).toBe(0);
    await call("users:ensure", { ...args, name: "Anne" });
    const found = (await rowsOf(app, "users")).filter((user) => user.externalId === args.externalId);
    expect(found.map((user) => user.name)).toEqual(["Anne"]);
  });

  test("chats.create cleans the title, and refuses an empty and a long one", async () => {
    const { userId } = await makeChat(app, form);
    const { chatId } = (await call("chats:create", { userId, title: " A\u0007  plain\n title " })) as {
      chatId: Id<"chats">;
    };
    expect((await chatRow(app, { chatId })).title).toBe("A plain title");
    await expect(call("chats:create", { userId, title: " \n" })).rejects.toThrow("its title is empty");
    await expect(call("chats:create", { userId, title: "x".repeat(201) })).rejects.toThrow("201 characters");
    await call("chats:create", { userId, title: "x".repeat(200) });
  });

  test("chats.list gives pages, the chat that changed last first, and no deleted one", async () => {
    const { userId, chatId } = await makeChat(app, form, "first");
    await call("chats:create", { userId, title: "second" });
    const third = (await call("chats:create", { userId, title: "third" })) as { chatId: Id<"chats"> };
    await call("chats:remove", { userId, chatId: third.chatId });
    // Times of one millisecond are ordered by creation, so the first chat is moved up by a time that is surely later.
    await arrange(app, async ({ db }) => await db.patch("chats", chatId, { updatedAt: Date.now() + 1_000 }));
    const titles = (result: unknown) => (result as { chats: { title: string }[] }).chats.map(({ title }) => title);
    const one = (await ask("chats:list", { userId, limit: 1 })) as { nextCursor: string | null };
    expect(titles(one)).toEqual(["first"]);
    const two = await ask("chats:list", { userId, limit: 1, cursor: one.nextCursor });
    expect(titles(two)).toEqual(["second"]);
    expect(await ask("chats:list", { userId })).toMatchObject({ nextCursor: null });
    await expect(ask("chats:list", { userId, limit: 201 })).rejects.toThrow("the limit is 201");
  });

  test("a chat of somebody else is not there", async () => {
    const { chatId } = await makeChat(app, form);
    const { userId } = await makeChat(app, form);
    expect(await ask("chats:get", { chatId, userId })).toBeNull();
    await expect(ask("messages:list", { chatId, userId })).rejects.toThrow("Chat not found");
    await expect(call("chats:remove", { chatId, userId })).rejects.toThrow("Chat not found");
    await expect(call("messages:send", { chatId, userId, userMessage: { content: "hi" } })).rejects.toThrow(
      "Chat not found",
    );
  });

  test("messages.send writes up to two messages, once for each client id, and moves the chat's times", async () => {
    const chat = await makeChat(app, form);
    const args = {
      ...chat,
      userMessage: { content: "How?", clientMessageId: "q" },
      assistantMessage: { content: "So.", clientMessageId: "a", createdAt: Date.now() + 10 },
    };
    const first = (await call("messages:send", args)) as Record<string, string>;
    const again = await call("messages:send", { ...args, userMessage: { content: "How then?", clientMessageId: "q" } });
    expect(again).toEqual(first);
    const messages = (await ask("messages:list", { ...chat })) as unknown as Message[];
    expect(messages.map(({ _id, role, content }) => [_id, role, content])).toEqual([
      [first["userMessageId"], "user", "How then?"],
      [first["assistantMessageId"], "assistant", "So."],
    ]);
    const row = await chatRow(app, chat);
    expect(row.lastMessageAt).toBe(row.updatedAt);
    expect(row.messageCount).toBe(form === "before" ? undefined : 2);
    expect(await call("messages:send", { ...chat, userMessage: { content: "only me" } })).toEqual({
      ok: true,
      userMessageId: expect.any(String),
    });
  });

  test("messages.streamUpsert fills one message, and moves the chat when it is complete", async () => {
    const chat = await makeChat(app, form);
    const stream = { ...chat, clientMessageId: "s", role: "assistant" };
    const begun = await call("messages:streamUpsert", { ...stream, content: "Be" });
    const before = await chatRow(app, chat);
    expect(await call("messages:streamUpsert", { ...stream, content: "Begun" })).toEqual(begun);
    expect((await chatRow(app, chat)).updatedAt).toBe(before.updatedAt);
    await call("messages:streamUpsert", { ...stream, content: "Begun and done", status: "completed" });
    const messages = (await ask("messages:list", { ...chat })) as unknown as Message[];
    expect(messages.map(({ content, status }) => [content, status])).toEqual([["Begun and done", "completed"]]);
    expect((await chatRow(app, chat)).lastMessageAt).toBeGreaterThanOrEqual(before.updatedAt);
  });

  test("a message has one of two roles and at most 100 KB, counted in bytes", async () => {
    const chat = await makeChat(app, form);
    const stream = (fields: object) =>
      call("messages:streamUpsert", { ...chat, role: "user", content: "x", ...fields });
    await expect(stream({ role: "system" })).rejects.toThrow('its role is "system"');
    await stream({ content: "é".repeat(51_200) });
    await expect(stream({ content: "é".repeat(51_201) })).rejects.toThrow("102402 bytes");
  });

  test("chats.remove takes the messages along, and leaves nothing to read", async () => {
    const chat = await makeChat(app, form);
    await sendTo(app, form, chat);
    expect(await call("chats:remove", { ...chat })).toEqual({ ok: true });
    expect(await ask("chats:get", { ...chat })).toBeNull();
    const messages = (await rowsOf(app, "messages")).filter((message) => message.chatId === chat.chatId);
    const row = await chatRow(app, chat);
    expect(messages.map((message) => message.deletedAt)).toEqual([row.deletedAt]);
    expect(row.messageCount).toBe(form === "before" ? undefined : 0);
    await expect(sendTo(app, form, chat)).rejects.toThrow("Chat not found");
  });
});

test("the optimised lists have smaller items: 14 % of a chat, 58 bytes and more of a message", async () => {
  const chat = await makeChat(app, "after");
  await sendTo(app, "after", chat, "x".repeat(200));
  const size = async (path: string) => JSON.stringify(await app.query(path, { ...chat })).length;
  const chats = async (path: string) => JSON.stringify(await app.query(path, { userId: chat.userId })).length;
  expect(await size("after/messages:list")).toBeLessThan((await size("before/messages:list")) - 58);
  expect((await chats("after/chats:list")) / (await chats("before/chats:list"))).toBeLessThan(0.86);
});
