/**
 * The data set has the sizes that it promises, and counters that are true.
 */
import type { TestDeployment } from "@narrowcast/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Doc } from "../convex/_generated/dataModel.js";
import { chatSizes, populationAt } from "../convex/model/seedPlan.ts";
import { countsOf, openChatApp, rowsOf } from "../testing/chat-app.ts";

const SLOW_MS = 120_000;
const NOW = Date.UTC(2026, 0, 15, 9);

async function seeded(scale: number): Promise<TestDeployment> {
  const app = await openChatApp();
  await app.action("seed:blob");
  const { steps } = (await app.query("seed:plan", { scale })) as { steps: number };
  for (let number = 0; number < steps; number++) await app.mutation("seed:step", { scale, seed: 1, now: NOW, number });
  return app;
}

describe("a tenth of the data", () => {
  let app: TestDeployment;
  let messages: Doc<"messages">[];
  let chats: Doc<"chats">[];
  beforeAll(async () => {
    app = await seeded(0.1);
    messages = await rowsOf(app, "messages");
    chats = await rowsOf(app, "chats");
  }, SLOW_MS);
  afterAll(async () => await app.close());

  test("100 users, 1,000 chats, 20,000 messages, 300 files", async () => {
    const [users, files] = [await rowsOf(app, "users"), await rowsOf(app, "fileUploads")];
    expect([users.length, chats.length, messages.length, files.length]).toEqual([100, 1_000, 20_000, 300]);
  });

  test("texts have 0.2 to 8 KB, 1.5 KB on average, an answer nearly 3", () => {
    const mean = (rows: Doc<"messages">[]) => rows.reduce((sum, row) => sum + row.content.length, 0) / rows.length;
    expect(Math.min(...messages.map(({ content }) => content.length))).toBe(200);
    expect(Math.max(...messages.map(({ content }) => content.length))).toBe(8_000);
    expect(mean(messages)).toBeCloseTo(1_500, -3);
    expect(mean(messages)).toBeGreaterThan(1_400);
    expect(mean(messages)).toBeLessThan(1_650);
    expect(mean(messages.filter(({ role }) => role === "assistant")) / 1_000).toBeCloseTo(2.8, 0);
  });

  test("six chats of ten have fewer than 20 messages, the largest a twentieth of all", () => {
    const sizes = new Map<string, number>();
    for (const { chatId } of messages) sizes.set(chatId, (sizes.get(chatId) ?? 0) + 1);
    const all = [...sizes.values()];
    expect(all.filter((size) => size < 20).length).toBe(600);
    expect(Math.max(...all)).toBe(1_000);
  });

  test(
    "one message of twenty is deleted, and every counter is true",
    async () => {
      const share = messages.filter(({ deletedAt }) => deletedAt !== undefined).length / messages.length;
      expect(share).toBeCloseTo(0.05, 2);
      expect(await app.action("migrations:verifyMessageCounts")).toMatchObject({
        totalChats: 1_000,
        inconsistencies: 0,
      });
      for (const form of ["after", "fixed"] as const) {
        const { success, reported, actual } = await countsOf(app, form);
        expect([success, reported]).toEqual([true, actual]);
      }
    },
    SLOW_MS,
  );
});

test("the same seed gives the same documents", async () => {
  const [one, two] = [await seeded(0.01), await seeded(0.01)];
  const texts = async (app: TestDeployment) => (await rowsOf(app, "messages")).map(({ content }) => content);
  expect(await texts(one)).toEqual(await texts(two));
  await Promise.all([one.close(), two.close()]);
});

test("at full scale there are exactly 200,000 messages, and one chat of 10,000", () => {
  const sizes = chatSizes(populationAt(1), 1);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(200_000);
  expect(Math.max(...sizes)).toBe(10_000);
  expect(sizes.filter((size) => size < 20)).toHaveLength(6_000);
});

test("the demo is written once, with files to look at and true counters", async () => {
  const app = await openChatApp();
  expect(await app.action("seed:demo")).toEqual({ loaded: true });
  expect(await app.action("seed:demo")).toEqual({ loaded: false });
  await app.settled();
  expect(await app.action("migrations:verifyMessageCounts")).toMatchObject({ totalChats: 5, inconsistencies: 0 });
  const { success, reported, actual } = await countsOf(app, "fixed");
  expect([success, reported]).toEqual([true, actual]);
  await app.close();
});
