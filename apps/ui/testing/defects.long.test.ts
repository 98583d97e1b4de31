/**
 * What the look at a page must notice: each defect alone, on a page that has none otherwise.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserApp, canBrowse, START_MS, STEP_MS, type BrowserApp } from "./browser-app.ts";
import { defects } from "./defects.ts";

describe.runIf(canBrowse)("a defect is noticed", () => {
  let app: BrowserApp;
  let page: Page;
  beforeAll(async () => {
    app = await browserApp("chat");
    page = await app.open({ width: 1440 });
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.getByRole("link", { name: "A talk about queues" }).click();
    await page.getByRole("article").first().waitFor();
  }, START_MS);
  afterAll(async () => await app?.close(), STEP_MS);

  test.each<readonly [rule: string, how: string]>([
    ["color-contrast", `<p style="color: #999; background: #fff">pale</p>`],
    ["label", `<input type="text">`],
    ["button-name", `<button style="width: 40px; height: 40px"></button>`],
    ["landmark-no-duplicate-banner", `<div role="banner">a second one</div>`],
    [
      "target-size",
      `<button style="width: 12px; height: 12px; padding: 0" aria-label="a"></button><button style="width: 12px; height: 12px; padding: 0" aria-label="b"></button>`,
    ],
    ["label-content-name-mismatch", `<button aria-label="Something else">Send the letter</button>`],
    ["skip-link", `<a href="#nowhere" style="position: absolute; left: -9999px">to nothing</a>`],
    [
      "cut-though-there-is-room",
      `<div style="display: flex; width: 400px"><span style="width: 60px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap">much longer than that</span></div>`,
    ],
    [
      "cut-heading",
      `<h3 style="width: 60px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap">much longer than that</h3>`,
    ],
    ["wider-than-the-window", `<div style="width: 3000px; height: 1px"></div>`],
  ])("%s", { timeout: 2 * STEP_MS }, async (rule, html) => {
    const place = rule === "landmark-no-duplicate-banner" ? "body" : "#content";
    const added = await page.evaluateHandle(
      ([selector, text]) => {
        const holder = document.createElement("section");
        if (selector === "body") holder.role = "presentation";
        holder.innerHTML = text;
        document.querySelector(selector)!.prepend(holder);
        return holder;
      },
      [place, html] as const,
    );
    const found = await defects(page);
    await added.evaluate((holder) => holder.remove());
    expect(found.map((line) => line.split(":")[0])).toContain(rule);
  });

  test("and none where there is none", { timeout: 2 * STEP_MS }, async () => {
    expect(await defects(page)).toEqual([]);
  });
});
