/**
 * The page in a browser window, with the demonstration's password sent and its data there.
 *
 * @module
 */
import type { Page } from "playwright-core";
import type { BrowserApp } from "../../ui/testing/browser-app.ts";

/** @param width Of the window, in pixels. */
export async function openWindow(app: BrowserApp, width: number): Promise<Page> {
  const page = await app.open({ width });
  await enter(page);
  return page;
}

/** Sends the demonstration's password and waits for its data. */
export async function enter(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByText("orchard-shop").first().waitFor({ state: "attached" });
}
