/**
 * The page of the talent network for everybody: before and after a matching, one that waits, mails, programs.
 */
import type { Page } from "playwright-core";
import { describeAccessiblePage } from "../../ui/testing/accessible.contract.ts";

async function openPage(page: Page): Promise<void> {
  await page.getByRole("button", { name: /Run matching|Start over/u }).waitFor();
  await page.getByRole("list", { name: "History" }).getByRole("listitem").first().waitFor();
  await page.getByRole("region", { name: "Did you attend?" }).getByRole("group").first().waitFor();
}

async function finishMatching(page: Page): Promise<void> {
  await openPage(page);
  const matches = page.getByRole("region", { name: "Matches" });
  if (!(await matches.getByText("Finished").isVisible()))
    await matches.getByRole("button", { name: /Run matching|Start over/u }).click();
  await matches.getByText("Finished").waitFor();
  await matches.getByRole("list", { name: "Great fit" }).getByRole("listitem").first().waitFor();
}

describeAccessiblePage("talent", [
  { name: "the page", reach: openPage },
  {
    name: "people",
    reach: async (page, width) => {
      if (width < 1_000) await page.getByRole("button", { name: "Open People" }).click();
      await page.getByRole("navigation", { name: "People" }).getByRole("button").first().waitFor();
    },
  },
  { name: "matches", reach: finishMatching },
  {
    name: "matches, dismissed",
    reach: async (page) => {
      await finishMatching(page);
      const matches = page.getByRole("region", { name: "Matches" });
      await matches
        .getByRole("button", { name: /^Dismiss/u })
        .first()
        .click();
      await matches.getByText("Dismissed", { exact: true }).click();
      await matches
        .getByRole("button", { name: /^Take back/u })
        .first()
        .waitFor();
    },
  },
  {
    name: "a matching that waits for the model",
    reach: async (page) => {
      await openPage(page);
      const matches = page.getByRole("region", { name: "Matches" });
      await matches.getByRole("button", { name: /Make the model answer 429/u }).click();
      await matches.getByRole("button", { name: /end it/u }).waitFor();
      await matches.getByRole("button", { name: /Run matching|Start over/u }).click();
      await matches.getByText(/^Retry \d/u).waitFor();
    },
  },
  {
    name: "mails to choose from",
    reach: async (page) => {
      await openPage(page);
      await page.getByRole("button", { name: "Send one now" }).click();
      await page.getByRole("menuitem", { name: "Weekly digest" }).waitFor();
    },
  },
  {
    name: "a mail, sent",
    reach: async (page) => {
      await openPage(page);
      const mails = page.getByRole("list", { name: "Mails" });
      if ((await mails.getByRole("listitem").count()) === 0) {
        await page.getByRole("button", { name: "Send one now" }).click();
        await page.getByRole("menuitem", { name: "Weekly digest" }).click();
      }
      await mails.getByText("sent", { exact: true }).first().waitFor();
    },
  },
  {
    name: "a program's participants",
    reach: async (page) => {
      await openPage(page);
      const programs = page.getByRole("region", { name: "Programs" });
      await programs.getByRole("button").first().click();
      await programs.getByRole("combobox").first().waitFor();
      await programs.scrollIntoViewIfNeeded();
    },
  },
]);
