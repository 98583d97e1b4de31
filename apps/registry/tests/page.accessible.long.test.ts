/**
 * The page of the registry for everybody: the list and its filters, a skill, its report, a publication that is refused.
 */
import type { Locator, Page } from "playwright-core";
import { describeAccessiblePage } from "../../ui/testing/accessible.contract.ts";

function list(page: Page): Locator {
  return page.getByRole("list", { name: "Skills", exact: true });
}

async function openSkill(page: Page, name: string): Promise<Locator> {
  await page.getByLabel("Order by").selectOption("name");
  if (name === "Crypto Doubler") await page.getByLabel("Hide suspicious").uncheck();
  await list(page).getByText(name).click();
  const detail = page.getByRole("dialog");
  await detail.getByRole("heading", { name }).waitFor();
  return detail;
}

async function publish(page: Page, name: string): Promise<Locator> {
  await page.getByRole("button", { name: "Publish" }).click();
  const dialog = page.getByRole("dialog", { name: "Publish a skill" });
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("SKILL.md").fill("For whoever reads it.");
  return dialog;
}

describeAccessiblePage("registry", [
  { name: "the list", reach: async (page) => await list(page).getByRole("listitem").nth(11).waitFor() },
  {
    name: "the list, filtered",
    reach: async (page) => {
      await page.getByLabel("Highlighted").check();
      await page.getByText("That is all").waitFor();
    },
  },
  {
    name: "trending",
    reach: async (page, width) => {
      if (width < 1_000) await page.getByRole("button", { name: "Open Trending" }).click();
      await page.getByRole("list", { name: "Trending skills" }).getByRole("link").first().waitFor();
    },
  },
  { name: "a skill", reach: async (page) => void (await openSkill(page, "Form Filler")) },
  {
    name: "a suspicious skill",
    reach: async (page) =>
      await (await openSkill(page, "Crypto Doubler")).getByText("Suspicious", { exact: true }).waitFor(),
  },
  {
    name: "a report",
    reach: async (page) => {
      const detail = await openSkill(page, "Form Filler");
      await detail.getByRole("button", { name: "Report" }).click();
      await page.getByLabel("What is wrong with it?").fill("It fills in the wrong form.");
    },
  },
  {
    name: "a skill that is not public",
    reach: async (page) => {
      await page.goto(`${page.url()}#/skills/nowhere`);
      await page.getByText("Not public").waitFor();
    },
  },
  { name: "a publication", reach: async (page) => void (await publish(page, "For Everybody")) },
  {
    name: "a publication that is refused",
    reach: async (page) => {
      const dialog = await publish(page, "Form Filler");
      await dialog.getByRole("button", { name: "Publish 1.0.0" }).click();
      await dialog.locator('[aria-invalid="true"]').waitFor();
    },
  },
]);
