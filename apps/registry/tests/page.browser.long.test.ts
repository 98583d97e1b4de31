/**
 * The registry as a person meets it: `npm start -- registry`, then two browser windows on the page.
 */
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserApp, canBrowse, eventually, START_MS, STEP_MS, type BrowserApp } from "../../ui/testing/browser-app.ts";

const TEST_MS = 120_000;

describe.runIf(canBrowse)("the page", () => {
  let app: BrowserApp;
  beforeAll(async () => {
    app = await browserApp("registry");
  }, START_MS);
  afterAll(async () => await app?.close(), STEP_MS);

  const list = (page: Page): Locator => page.getByRole("list", { name: "Skills", exact: true });
  const names = async (page: Page): Promise<string[]> => await list(page).locator(".skill-name").allInnerTexts();
  const total = async (page: Page): Promise<number> =>
    Number.parseInt(await page.getByText(/public skills/u).innerText(), 10);

  test("a skill that is published appears in the other window once it is scanned", { timeout: TEST_MS }, async () => {
    const [one, two] = [await app.open({ width: 1600 }), await app.open({ width: 1000 })];
    await list(two).waitFor();
    await two.getByText(/public skills/u).waitFor();
    const before = await total(two);
    await two.getByRole("button", { name: "Show more" }).click();
    await eventually(async () => expect((await names(two)).length).toBe(24));
    const shown = await names(two);

    await one.getByRole("button", { name: "Publish" }).click();
    const dialog = one.getByRole("dialog", { name: "Publish a skill" });
    await dialog.getByLabel("Name").fill("Two Windows");
    await dialog.getByLabel("Summary").fill("Shows the same in two windows.");
    await dialog.getByLabel("SKILL.md").fill("Open two windows and look.");
    await dialog.getByRole("button", { name: "Publish 1.0.0" }).click();

    await list(two).getByText("Two Windows", { exact: true }).waitFor();
    // Loaded pages stay whole: nothing falls between them when one is pushed down.
    expect(await names(two)).toEqual(["Two Windows", ...shown]);
    await eventually(async () => expect(await total(two)).toBe(before + 1));

    await one.getByRole("dialog").getByRole("heading", { name: "Two Windows" }).waitFor();
    await one.getByText("scan clean").waitFor();
    await one.getByRole("button", { name: "New version" }).click();
    const next = one.getByRole("dialog", { name: "New version of Two Windows" });
    await next.getByLabel("What is new").fill("A third window.");
    await next.getByLabel("SKILL.md").fill("Open three windows and look.");
    await next.getByRole("button", { name: "Publish 1.1.0" }).click();
    await list(two).getByText("1.1.0", { exact: true }).first().waitFor();
    expect(app.pageErrors).toEqual([]);
  });

  test("a star counts at once, and the fourth report hides a skill everywhere", { timeout: TEST_MS }, async () => {
    const [one, two] = [await app.open({ width: 1600 }), await app.open({ width: 400 })];
    for (const page of [one, two]) {
      await page.getByLabel("Order by").selectOption("name");
      await list(page).getByText("Form Filler").click();
    }
    const detail = (page: Page): Locator => page.getByRole("dialog");
    const stars = async (page: Page): Promise<string> =>
      await detail(page).locator("dt", { hasText: "Stars" }).locator("+ dd").innerText();
    const before = Number(await stars(two));
    await detail(one).getByRole("button", { name: "Star", exact: true }).click();
    await eventually(async () => expect(Number(await stars(two))).toBe(before + 1));

    await detail(one).getByRole("button", { name: "Report" }).click();
    await one.getByLabel("What is wrong with it?").fill("It fills in the wrong form.");
    await one.getByRole("button", { name: "Send report" }).click();
    for (const page of [one, two]) {
      await detail(page).getByText("Not public").waitFor();
      await detail(page).getByRole("button", { name: "Close" }).click();
      await eventually(async () => expect(await names(page)).not.toContain("Form Filler"));
    }
    expect(app.pageErrors).toEqual([]);
  });

  test("orders, filters and pages", { timeout: TEST_MS }, async () => {
    const page = await app.open({ width: 1000 });
    await list(page).waitFor();
    await page.getByLabel("Order by").selectOption("name");
    await eventually(async () => expect((await names(page))[0]).toBe("Alt Writer"));
    await page.getByRole("button", { name: /^Ascending/u }).click();
    await eventually(async () => expect((await names(page))[0]).toBe("Weather Window"));
    await page.getByLabel("Order by").selectOption("name");
    for (let more = page.getByRole("button", { name: "Show more" }); await more.isVisible();) {
      const length = (await names(page)).length;
      await more.click();
      await eventually(async () => expect((await names(page)).length).toBeGreaterThan(length));
      more = page.getByRole("button", { name: "Show more" });
    }
    const strict = await names(page);
    expect(strict).not.toContain("Crypto Doubler");
    expect(new Set(strict).size).toBe(strict.length);
    await page.getByLabel("Highlighted").check();
    await eventually(async () => expect(await names(page)).toHaveLength(5));
    await page.getByLabel("Highlighted").uncheck();
    await page.getByLabel("Hide suspicious").uncheck();
    await list(page).getByText("Crypto Doubler").click();
    await page.getByRole("dialog").getByText("Suspicious", { exact: true }).waitFor();
    await page.getByRole("list", { name: "Trending skills" }).getByRole("listitem").first().waitFor();
    expect(app.pageErrors).toEqual([]);
  });
});
