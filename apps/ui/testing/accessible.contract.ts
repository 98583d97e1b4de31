/**
 * Every page's contract: it has no defects, in its first view and its main states, on a wide and a narrow window, light and dark.
 *
 * `PAGE_PICTURES` names a folder to put a picture of each state into.
 */
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserApp, canBrowse, START_MS, STEP_MS, type BrowserApp } from "./browser-app.ts";
import { defects } from "./defects.ts";

/** Several waits for one thing each. */
const CASE_MS = 4 * STEP_MS;
const PICTURES = process.env["PAGE_PICTURES"];
const WIDTHS = [400, 1440];
const COLOR_SCHEMES = ["light", "dark"] as const;

/** A state that a person brings a page into. */
export interface PageState {
  readonly name: string;
  /** From the first view on; `width` is the window's, in pixels. Ends when what the state is about can be seen. */
  readonly reach: (page: Page, width: number) => Promise<void>;
}

/** The contract of one app's page. @param environment Of its processes, beside this process's own. */
export function describeAccessiblePage(
  name: string,
  states: readonly PageState[],
  environment: { readonly [name: string]: string } = {},
): void {
  describe.runIf(canBrowse)("the page has no defects", () => {
    let app: BrowserApp;
    beforeAll(async () => {
      app = await browserApp(name, environment);
    }, START_MS);
    afterAll(async () => await app?.close(), STEP_MS);

    describe.each(WIDTHS)("%i px wide", (width) => {
      test.each(states)("$name", { timeout: CASE_MS }, async ({ name: state, reach }) => {
        const page = await app.open({ width });
        await reach(page, width);
        for (const colorScheme of COLOR_SCHEMES) {
          // One page in both: as when the system's choice changes while somebody reads.
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
          // Names, parts and sizes are the same in both schemes.
          const found = await defects(page, colorScheme === "light" ? "everything" : "colours");
          if (PICTURES !== undefined) {
            const file = `${name} ${state} ${width} ${colorScheme}.png`.replaceAll(/[^a-z0-9.]+/gu, "-");
            await page.screenshot({ path: join(PICTURES, file) });
          }
          expect.soft(found.join("\n"), colorScheme).toBe("");
        }
        await page.context().close();
      });
    });
  });
}
