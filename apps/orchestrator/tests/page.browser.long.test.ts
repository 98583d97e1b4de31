/**
 * A job that runs, as two browser windows on the page show it; `page.browser.test.ts` has the chat.
 */
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserApp, canBrowse, eventually, START_MS, STEP_MS, type BrowserApp } from "../../ui/testing/browser-app.ts";
import { openWindow } from "../testing/page-window.ts";

describe.runIf(canBrowse)("the page", () => {
  let app: BrowserApp;

  beforeAll(async () => {
    // Ten seconds of work a job: long enough to see it run.
    app = await browserApp("orchestrator", { DEMO_STEPS: "20", DEMO_STEP_MS: "500" });
  }, START_MS);

  afterAll(() => app.close(), STEP_MS);

  test(
    "shows a running job tick, counts move and a chat go on, in two windows in step",
    { timeout: 120_000 },
    async () => {
      const [one, two] = [await openWindow(app, 1600), await openWindow(app, 1280)];
      const before = await activeAndPending(one);
      expect(await activeAndPending(two)).toEqual(before);

      await one.getByRole("tab", { name: "Assignments" }).click();
      await one.getByRole("button", { name: "New assignment" }).click();
      const dialog = one.getByRole("dialog");
      await dialog.getByLabel("North star").fill("Two windows show the same");
      await dialog.getByLabel("Independent").check();
      await dialog.getByLabel("Type of job 1").fill("look");
      await dialog.getByLabel("Task of job 1").fill("Watch the counters.");
      await dialog.getByRole("button", { name: /create/i }).click();
      await dialog.waitFor({ state: "hidden" });

      await two.getByRole("tab", { name: "Assignments" }).click();
      const row = two.getByText("Two windows show the same").first();
      await row.click();
      const running = (page: Page): Locator => page.getByRole("article", { name: "look job, running" });
      await running(two).waitFor();
      await running(one).waitFor();
      expect(await activeAndPending(two)).not.toEqual(before);
      await eventually(async () => expect(await activeAndPending(one)).toEqual(await activeAndPending(two)));

      const calls = async (page: Page): Promise<number> => {
        const label = await running(page)
          .getByRole("img", { name: /tool calls/ })
          .getAttribute("aria-label");
        return Number.parseInt(label ?? "", 10);
      };
      await eventually(async () => expect(await calls(one)).toBeGreaterThan(1));
      const seen = await calls(one);
      await eventually(async () => expect(await calls(two)).toBeGreaterThan(seen));
      await two.getByRole("button", { name: "look job, complete" }).waitFor();
      await one.getByRole("button", { name: "look job, complete" }).waitFor();
    },
  );
});

/** The numbers on the first namespace's card. */
async function activeAndPending(page: Page): Promise<readonly (string | undefined)[]> {
  const text = await page.getByRole("navigation", { name: "Namespaces" }).innerText();
  return [/(\d+)\s+active/.exec(text)?.[1], /(\d+)\s+pending/.exec(text)?.[1], /(\d+)\s+done/.exec(text)?.[1]];
}
