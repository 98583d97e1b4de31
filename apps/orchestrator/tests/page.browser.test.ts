/**
 * The whole thing as a person meets it: `npm start`, then two browser windows on the page.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { browserApp, canBrowse, START_MS, STEP_MS, type BrowserApp } from "../../ui/testing/browser-app.ts";
import { openWindow } from "../testing/page-window.ts";

describe.runIf(canBrowse)("the page", () => {
  let app: BrowserApp;

  beforeAll(async () => {
    app = await browserApp("orchestrator", { DEMO_STEPS: "4", DEMO_STEP_MS: "500" });
  }, START_MS);

  afterAll(() => app.close(), STEP_MS);

  test(
    "a message appears in the other window, then the typing indicator and an answer",
    { timeout: 90_000 },
    async () => {
      const [one, two] = [await openWindow(app, 1600), await openWindow(app, 400)];
      for (const page of [one, two]) await openThread(page, "Search: apples and apple");
      const text = "Does a search for apple find apples?";
      await one.getByLabel("Message", { exact: true }).fill(text);
      await one.getByRole("button", { name: "Send" }).click();
      await two.getByRole("log", { name: "Messages" }).getByText(text).first().waitFor();
      await two
        .getByText(/is typing|is working|thinking/i)
        .first()
        .waitFor();
      await two.getByRole("log", { name: "Messages" }).getByText("I looked at it").first().waitFor();
    },
  );
});

/** On a narrow window the list of threads is one step away. */
async function openThread(page: Page, title: string): Promise<void> {
  const thread = page.getByText(title).first();
  if (!(await thread.isVisible())) await page.getByText("orchard-shop").first().click();
  await thread.click();
  await page.getByLabel("Message", { exact: true }).waitFor();
}
