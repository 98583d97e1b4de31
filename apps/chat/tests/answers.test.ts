/**
 * Answers that arrive in pieces.
 */
import { VirtualClock, type TestDeployment, type TestSubscription } from "@narrowcast/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Id } from "../convex/_generated/dataModel.js";
import { ANSWER_PIECES, answerTo, growing } from "../convex/model/script.ts";
import { makeChat, openChatApp, type OwnChat } from "../testing/chat-app.ts";

interface Message {
  readonly _id: Id<"messages">;
  readonly content: string;
  readonly status?: string;
}

let app: TestDeployment;
let chat: OwnChat;
let list: TestSubscription;
beforeEach(async () => {
  app = await openChatApp({ clock: new VirtualClock(Date.UTC(2026, 0, 15)) });
  await app.setEnvironment({ ANSWER_DELAY_MS: "0" });
  chat = await makeChat(app, "fixed");
  list = await app.subscribe("messages:list", { ...chat });
});
afterEach(async () => await app.close());

const ask = async (content: string) =>
  (await app.mutation("answers:ask", { ...chat, content })) as { assistantMessageId: Id<"messages"> };
const shown = () => (list.value as unknown as Message[]).map(({ content, status }) => [content, status]);

test("an answer grows in twenty pieces, and whoever reads the chat sees each of them", async () => {
  await ask("Why is the list slow?");
  expect(shown()).toEqual([
    ["Why is the list slow?", undefined],
    ["", "streaming"],
  ]);
  const before = list.updates;
  const cost = await app.expectCost(() => app.advance(0));
  expect(cost.functions["messages:streamUpsert"]?.calls).toBe(ANSWER_PIECES);
  expect(list.updates - before).toBe(ANSWER_PIECES);
  const whole = answerTo("Why is the list slow?", "Why is the list slow?".length);
  expect(shown()[1]).toEqual([whole, "completed"]);
});

test("question and empty answer are two messages, counted once both", async () => {
  await ask("Are you there?");
  await app.advance(0);
  expect(await app.query("chats:get", { ...chat })).toMatchObject({ messageCount: 2 });
  expect(await app.query("stats:live")).toMatchObject({ messages: 2 });
});

test("a stopped answer stays as it is, and the action ends at its next piece", async () => {
  const { assistantMessageId } = await ask("Tell me everything.");
  const own = { ...chat, messageId: assistantMessageId };
  await app.mutation("messages:streamUpsert", { ...own, role: "assistant", content: "As far as" });
  expect(await app.mutation("messages:stop", { ...own })).toEqual({ ok: true });
  const cost = await app.expectCost(() => app.advance(0));
  expect(cost.functions["messages:streamUpsert"]?.calls).toBe(1);
  expect(shown()[1]).toEqual(["As far as", "stopped"]);
  expect(await app.mutation("messages:stop", { ...own })).toEqual({ ok: false });
});

test("an answer whose action is gone is ended after two minutes", async () => {
  const sent = (await app.mutation("messages:send", {
    ...chat,
    userMessage: { content: "Hello?" },
    assistantMessage: { content: "", status: "streaming" },
  })) as { assistantMessageId: Id<"messages"> };
  await app.mutation("answers:endLost", { messageId: sent.assistantMessageId });
  expect(shown()[1]).toEqual(["", "failed"]);
  await ask("Again?");
  await app.advance(130_000);
  expect(shown().at(-1)?.[1]).toBe("completed");
});

test("pieces grow and the last one is the whole", () => {
  const pieces = growing(answerTo("Anything at all", 4));
  expect(pieces).toHaveLength(ANSWER_PIECES);
  for (const [index, piece] of pieces.slice(1).entries()) expect(piece.startsWith(pieces[index]!)).toBe(true);
  expect(pieces.at(-1)).toBe(answerTo("Anything at all", 4));
});
