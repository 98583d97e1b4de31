/**
 * The page of the concerts for everybody: lists, a show with votes, an artist, the board of jobs.
 */
import type { Page } from "playwright-core";
import { describeAccessiblePage } from "../../ui/testing/accessible.contract.ts";

async function openShow(page: Page): Promise<void> {
  await page.locator(".rank-line").first().click();
  await page.getByRole("button", { name: /^Accurate/u }).waitFor();
}

async function openArtists(page: Page): Promise<void> {
  await page.getByText("Artists", { exact: true }).click();
  await page
    .getByText(/shows? ahead/u)
    .first()
    .waitFor();
}

async function openJobs(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Jobs" }).click();
  await page.getByRole("article", { name: "Rank shows" }).waitFor();
}

describeAccessiblePage("concerts", [
  { name: "shows", reach: async (page) => await page.locator(".rank-line").first().waitFor() },
  { name: "artists", reach: openArtists },
  { name: "a show", reach: openShow },
  {
    name: "a show, voted on",
    reach: async (page) => {
      await openShow(page);
      await page.getByRole("button", { name: /^Accurate/u }).click();
      await page.locator('[aria-pressed="true"]', { hasText: "Accurate" }).waitFor();
      await page.locator(".song").first().click();
      await page.locator('.song[aria-pressed="true"]').waitFor();
    },
  },
  {
    name: "an artist",
    reach: async (page) => {
      await openArtists(page);
      await page.locator(".rank-line").first().click();
      await page.getByRole("region", { name: "Details" }).getByRole("listitem").first().waitFor();
    },
  },
  {
    name: "a show that is not there",
    reach: async (page) => {
      await page.goto(`${page.url()}#/show/nowhere`);
      await page.getByText("No such show").waitFor();
    },
  },
  { name: "jobs", reach: openJobs },
  {
    name: "a job's runs",
    reach: async (page) => {
      await openJobs(page);
      const job = page.getByRole("article", { name: "Rank shows" });
      await job.getByRole("button", { name: /^Run now/u }).click();
      await job.getByRole("button", { name: "Earlier runs" }).click();
      await job.getByText("operator").first().waitFor();
    },
  },
  {
    name: "a job, edited and switched off",
    reach: async (page) => {
      await openJobs(page);
      const job = page.getByRole("article", { name: "Rank shows" });
      await page.getByLabel("Interval of Rank shows").selectOption("600000");
      if (await job.getByRole("switch").isChecked()) await job.getByRole("switch").press(" ");
      await job.getByText("switched off").waitFor();
      await job.getByRole("button", { name: /^Reset/u }).waitFor();
    },
  },
]);
