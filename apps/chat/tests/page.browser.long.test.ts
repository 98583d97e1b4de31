/**
 * The chat as a person meets it: `npm start -- chat`, then two browser windows on the page.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserApp, canBrowse, eventually, START_MS, STEP_MS, type BrowserApp } from "../../ui/testing/browser-app.ts";

const TEST_MS = 120_000;

describe.runIf(canBrowse)("the page", () => {
  let app: BrowserApp;
  beforeAll(async () => {
    app = await browserApp("chat");
  }, START_MS);
  afterAll(async () => await app?.close(), STEP_MS);

  test(
    "an answer streams into two windows, is stopped, and the counters of both follow",
    { timeout: TEST_MS },
    async () => {
      const [one, two] = [await app.open({ width: 1600 }), await app.open({ width: 1000 })];
      await chatLink(one, "Counting without reading").waitFor();
      const before = await messagesCounted(one);
      expect(before).toBeGreaterThan(0);

      const question = "How would you keep a count that many people change?";
      await ask(one, question);
      await chatLink(one, question).waitFor();
      await chatLink(two, question).click();
      const answer = (page: Page) => page.getByRole("article", { name: "The answer" });
      const length = async (page: Page) => (await answer(page).innerText()).length;
      await eventually(async () => expect(await length(two)).toBeGreaterThan(60));
      const seen = await length(two);
      await eventually(async () => expect(await length(two)).toBeGreaterThan(seen));

      await two.getByRole("button", { name: "Stop the answer" }).click();
      await one.getByText("stopped", { exact: true }).waitFor();
      await eventually(async () => expect(await length(one)).toBe(await length(two)));
      await one.getByRole("button", { name: "Send" }).waitFor();
      for (const page of [one, two]) await eventually(async () => expect(await messagesCounted(page)).toBe(before + 2));

      await one.getByLabel("Message", { exact: true }).fill("And to the end, please.");
      await one.getByRole("button", { name: "Send" }).click();
      await two.locator('article[aria-busy="true"]').waitFor();
      await two.locator('article[aria-busy="true"]').waitFor({ state: "detached" });
      expect(app.pageErrors).toEqual([]);
    },
  );

  test("a picture and a text go up with a message and are shown by their addresses", { timeout: TEST_MS }, async () => {
    const page = await app.open();
    await page.getByLabel("Message", { exact: true }).fill("Look at these.");
    await page.locator('input[type="file"]').setInputFiles([
      { name: "square.svg", mimeType: "image/svg+xml", buffer: Buffer.from(SQUARE) },
      { name: "list.txt", mimeType: "text/plain", buffer: Buffer.from("leeks\n") },
    ]);
    await page.getByRole("list", { name: "Files to send" }).getByText("square.svg").waitFor();
    await page.getByRole("button", { name: "Send" }).click();
    const picture = page.getByRole("img", { name: "square.svg" });
    await picture.waitFor();
    await eventually(async () =>
      expect(await picture.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(40),
    );
    const address = await page.getByRole("link", { name: /list\.txt/u }).getAttribute("href");
    expect(await (await fetch(address!)).text()).toBe("leeks\n");
    expect(app.pageErrors).toEqual([]);
  });

  test(
    "a deleted chat leaves every window, waits in the bin and comes back with its messages",
    { timeout: TEST_MS },
    async () => {
      const [one, two] = [await app.open(), await app.open()];
      const title = "Dinners for the week";
      await chatLink(two, title).click();
      await chatLink(one, title).click();
      await one.getByText("Here is my list. What can I cook from it?").first().waitFor();
      await one.getByRole("button", { name: "Delete this chat" }).click();
      await two.getByText("This chat is gone").waitFor();
      await chatLink(two, title).waitFor({ state: "detached" });
      await two.getByText("Bin", { exact: false }).first().click();
      await two.getByRole("button", { name: `Restore ${title}` }).click();
      await two.getByText("Here is my list. What can I cook from it?").first().waitFor();
      await chatLink(one, title).waitFor();
    },
  );

  test("older messages come on demand, and a narrow window has everything", { timeout: TEST_MS }, async () => {
    const page = await app.open({ width: 400 });
    await page.getByRole("button", { name: "Open Chats" }).click();
    await chatLink(page, "A talk about queues").click();
    await page.getByText("Give me part 24").first().waitFor();
    expect(await page.getByText("Give me part 1 of").count()).toBe(0);
    for (let pages = 0; pages < 2; pages++) await page.getByRole("button", { name: "Show older messages" }).click();
    await page.getByText("Give me part 1 of").first().waitFor();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBe(0);
  });
});

const SQUARE =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40" fill="teal"/></svg>';

function chatLink(page: Page, title: string) {
  return page.getByRole("navigation", { name: "Your chats" }).getByRole("link", { name: title });
}

async function ask(page: Page, question: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(question);
  await page.getByRole("button", { name: "Send" }).click();
}

/** The deployment's counter of messages, as the sidebar shows it. */
async function messagesCounted(page: Page): Promise<number> {
  const counter = page.getByRole("region", { name: "This deployment" }).getByRole("status").first();
  return Number.parseInt(await counter.innerText(), 10);
}
