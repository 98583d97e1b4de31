/**
 * The page in real windows: votes and jobs move in both of them, at once.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { browserApp, canBrowse, eventually, START_MS, type BrowserApp } from "../../ui/testing/browser-app.ts";

describe.runIf(canBrowse)("the page", () => {
  let app: BrowserApp;
  beforeAll(async () => {
    app = await browserApp("concerts");
  }, START_MS);
  afterAll(async () => app.close());

  const openFirstShow = async (page: Page): Promise<void> => {
    await page.locator(".rank-line").first().click();
    await page.getByRole("button", { name: /^Accurate/ }).waitFor();
  };
  const count = async (page: Page, name: RegExp): Promise<number> => {
    const text = await page.getByRole("button", { name }).first().innerText();
    return Number(/\d+/.exec(text)?.[0]);
  };

  test(
    "a vote of one window is seen in the other, for the whole setlist and for a song",
    { timeout: 120_000 },
    async () => {
      const [one, two] = [await app.open({ width: 1600 }), await app.open({ width: 400, colorScheme: "dark" })];
      await openFirstShow(one);
      await openFirstShow(two);
      const before = await count(two, /^Accurate/);
      await one.getByRole("button", { name: /^Accurate/ }).click();
      await eventually(async () => expect(await count(two, /^Accurate/)).toBe(before + 1));
      await one.getByRole("button", { name: /^Inaccurate/ }).click();
      await eventually(async () => expect(await count(two, /^Accurate/)).toBe(before));

      const song = (page: Page) => page.locator(".song").nth(11);
      const wanted = async () => Number(/wanted by (\d+)/u.exec(await song(two).innerText())?.[1]);
      const wantedBefore = await wanted();
      await song(one).click();
      await eventually(async () => expect(await wanted()).toBe(wantedBefore + 1));
      expect(await song(one).getAttribute("aria-pressed")).toBe("true");
      expect(await song(two).getAttribute("aria-pressed")).toBe("false");
    },
  );

  test("a crowd moves the counts by itself", { timeout: 90_000 }, async () => {
    const page = await app.open();
    await openFirstShow(page);
    const sum = async () => (await count(page, /^Accurate/)) + (await count(page, /^Inaccurate/));
    const before = await sum();
    await page.getByRole("button", { name: /people vote/ }).click();
    await eventually(async () => expect(await sum()).toBe(before + 12));
  });

  test("a job that is run, edited, switched off and reset shows it in both windows", { timeout: 120_000 }, async () => {
    const [one, two] = [await app.open(), await app.open({ width: 1000 })];
    for (const page of [one, two]) await page.getByRole("link", { name: "Jobs" }).click();
    const job = (page: Page) => page.getByRole("article", { name: "Rank shows" });
    await job(two).getByRole("button", { name: "Earlier runs" }).click();
    await one.getByRole("button", { name: "Run now: Rank shows" }).click();
    await job(two).getByText("operator").first().waitFor();
    await one.getByLabel("Interval of Rank shows").selectOption("600000");
    await job(two).getByText("every 10 minutes").waitFor();
    await job(two)
      .getByText(/next (now|in )/)
      .waitFor();
    // The switch itself is drawn by its label; the input is what a keyboard reaches.
    await one.getByRole("switch", { name: "Rank shows enabled" }).press(" ");
    await job(two).getByText("switched off").waitFor();
    await one.getByRole("button", { name: "Reset: Rank shows" }).click();
    await job(two).getByText("every 4 hours").waitFor();
  });

  test("an address that names nothing says so, and no page has reported an error", { timeout: 60_000 }, async () => {
    const page = await app.open();
    await page.goto(`${app.url}#/show/nowhere`);
    await page.getByText("No such show").waitFor();
    expect(app.pageErrors).toEqual([]);
  });
});
