/**
 * Hole 5: rows that every message writes, the deployment's and the chat's.
 */
import type { TestDeployment } from "@narrowcast/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { partsOf } from "../convex/lib/dbStats.ts";
import {
  chatRow,
  countsOf,
  liveMessages,
  makeChat,
  openChatApp,
  pathIn,
  rowsOf,
  sendTo,
  type Form,
} from "../testing/chat-app.ts";
import { conflictsOf } from "../testing/concurrency.ts";

const INSERTS = 1_000;
const AT_ONCE = 16;
const SLOW_MS = 120_000;

let app: TestDeployment;

describe("the counter of all messages", () => {
  beforeEach(async () => {
    app = await openChatApp();
  });
  afterEach(async () => await app.close());

  test.each(["after", "fixed"] as const)("%s: 1,000 messages at once are 1,000", { timeout: SLOW_MS }, async (form) => {
    const chats = await Promise.all(Array.from({ length: 40 }, () => makeChat(app, form)));
    await Promise.all(Array.from({ length: INSERTS }, (_, index) => sendTo(app, form, chats[index % 40]!)));
    await app.settled();
    const { reported, actual } = await countsOf(app, form);
    expect(reported).toEqual(actual);
    expect(actual.messages.total).toBe(INSERTS);
    for (const chat of chats.slice(0, 3))
      expect((await chatRow(app, chat)).messageCount).toBe(await liveMessages(app, chat));
  });

  /** The counter rows that each of 1,000 messages, all in different chats, wrote. */
  const writtenRows = async (form: Form): Promise<Set<string>[]> => {
    const chats = await Promise.all(Array.from({ length: 20 }, () => makeChat(app, form)));
    await app.settled();
    const values = async () => new Map((await rowsOf(app, "dbStats")).map((row) => [row.key, row.value]));
    const written: Set<string>[] = [];
    let before = await values();
    for (let index = 0; index < INSERTS; index++) {
      await sendTo(app, form, chats[index % 20]!);
      const after = await values();
      written.push(new Set([...after].filter(([key, value]) => before.get(key) !== value).map(([key]) => key)));
      before = after;
    }
    return written;
  };

  test("after: all write one row, so of 16 at once 15 conflict: 937 of 1,000", { timeout: SLOW_MS }, async () => {
    const written = await writtenRows("after");
    expect(new Set(written.flatMap((rows) => [...rows]))).toEqual(new Set(["messages_total"]));
    expect(conflictsOf(written, AT_ONCE)).toBe(937);
  });

  test("fixed: each writes one of 16 rows, and well under half as many conflict", { timeout: SLOW_MS }, async () => {
    const written = await writtenRows("fixed");
    expect(new Set(written.flatMap((rows) => [...rows]))).toEqual(new Set(partsOf("messages_total")));
    expect(written.every((rows) => rows.size === 1)).toBe(true);
    expect(conflictsOf(written, AT_ONCE)).toBeLessThan(937 / 2);
    // Four at a time are more than 20,000 messages a day ever make.
    expect(conflictsOf(written, 4)).toBeLessThan(150);
    expect((await countsOf(app, "fixed")).reported).toMatchObject({ messages: { total: INSERTS } });
  });
});

describe("the chat's row, which the sidebar lists", () => {
  // By Convex's rules a list is run again when any field of a row changes.
  beforeEach(async () => {
    app = await openChatApp({ tracking: "document" });
  });
  afterEach(async () => await app.close());

  /** What the sidebar goes through while an answer is begun and streamed, and when it is complete. */
  const sidebarOf = async (form: Form) => {
    const chat = await makeChat(app, form);
    const path = pathIn(form, "chats:list");
    const sidebar = await app.subscribe(path, { userId: chat.userId });
    const stream = async (content: string, status = "streaming") =>
      void (await app.mutation(pathIn(form, "messages:streamUpsert"), {
        ...chat,
        clientMessageId: "answer",
        role: "assistant",
        content,
        status,
      }));
    const during = async (work: () => Promise<void>) => {
      const updates = sidebar.updates;
      const cost = await app.expectCost(work);
      return { reruns: cost.functions[path]?.reruns ?? 0, news: sidebar.updates - updates };
    };
    return {
      begun: await during(() => stream("A")),
      streamed: await during(async () => {
        for (let piece = 1; piece < 20; piece++) await stream("A".repeat(piece + 1));
      }),
      completed: await during(() => stream("A".repeat(21), "completed")),
    };
  };

  test("after: a counter on it makes the sidebar run again for nothing", async () => {
    expect(await sidebarOf("after")).toEqual({
      begun: { reruns: 1, news: 0 },
      streamed: { reruns: 0, news: 0 },
      completed: { reruns: 1, news: 1 },
    });
  });

  test("fixed: whenever it is written the sidebar has something to show", async () => {
    expect(await sidebarOf("fixed")).toEqual({
      begun: { reruns: 1, news: 1 },
      streamed: { reruns: 0, news: 0 },
      completed: { reruns: 1, news: 1 },
    });
  });
});
