/**
 * The page of the orchestrator for everybody: behind the gate, threads and assignments, every dialog.
 */
import type { Page } from "playwright-core";
import { describeAccessiblePage, type PageState } from "../../ui/testing/accessible.contract.ts";
import { enter } from "../testing/page-window.ts";

const CHAIN = "Checkout must never charge twice";

async function openList(page: Page, tab: "Threads" | "Assignments"): Promise<void> {
  await enter(page);
  await page.getByRole("tab", { name: tab }).click();
}

async function openThread(page: Page): Promise<void> {
  await openList(page, "Threads");
  await page.getByRole("link", { name: "Double charges at checkout" }).click();
  await page.getByRole("log", { name: "Messages" }).getByRole("article").first().waitFor();
}

async function openAssignment(page: Page, title = CHAIN): Promise<void> {
  await openList(page, "Assignments");
  await page.getByRole("link", { name: title }).click();
  await page.getByRole("region", { name: "Jobs" }).getByRole("listitem").first().waitFor();
}

async function chooseFrom(page: Page, menu: string, item: string): Promise<void> {
  await page.getByRole("button", { name: menu }).click();
  await page.getByRole("menuitem", { name: item }).click();
  await page.getByRole("dialog").waitFor();
}

const GATE: readonly PageState[] = [
  { name: "the gate", reach: async (page) => await page.locator(".gate input").waitFor() },
  {
    name: "a wrong password",
    reach: async (page) => {
      await page.locator(".gate input").fill("wrong");
      await page.getByRole("button", { name: "Open" }).click();
      await page.getByText("That is not the password.").waitFor();
    },
  },
];

const LISTS: readonly PageState[] = [
  {
    name: "threads",
    reach: async (page) => {
      await openList(page, "Threads");
      await page.getByRole("link", { name: "Image bucket" }).waitFor();
    },
  },
  {
    name: "assignments",
    reach: async (page) => {
      await openList(page, "Assignments");
      await page.getByRole("link", { name: CHAIN }).waitFor();
    },
  },
  {
    name: "namespaces, searched",
    reach: async (page, width) => {
      await enter(page);
      if (width < 1_000) await page.getByRole("button", { name: "Open Namespaces" }).click();
      await page.getByRole("textbox", { name: "Search namespaces" }).fill("docs");
      await page.getByRole("link", { name: "orchard-docs" }).waitFor();
    },
  },
  {
    name: "namespaces, none found",
    reach: async (page, width) => {
      await enter(page);
      if (width < 1_000) await page.getByRole("button", { name: "Open Namespaces" }).click();
      await page.getByRole("textbox", { name: "Search namespaces" }).fill("nothing of the kind");
      await page.getByText("Nothing found").waitFor();
    },
  },
];

const THREAD: readonly PageState[] = [
  { name: "a thread", reach: openThread },
  {
    name: "a thread renamed",
    reach: async (page) => {
      await openThread(page);
      await page.getByRole("button", { name: "Rename the thread" }).click();
      await page.getByLabel("Title of the thread").waitFor();
    },
  },
  {
    name: "a thread's menu",
    reach: async (page) => {
      await openThread(page);
      await page.getByRole("button", { name: "More about this thread" }).click();
      await page.getByRole("menuitem", { name: "Remove the thread" }).waitFor();
    },
  },
  {
    name: "a thread's link chosen",
    reach: async (page) => {
      await openThread(page);
      await chooseFrom(page, "More about this thread", "Link another assignment");
      await page.getByRole("combobox", { name: "Assignment" }).click();
      await page.getByRole("option").first().waitFor();
    },
  },
];

const ASSIGNMENT: readonly PageState[] = [
  { name: "an assignment", reach: async (page) => await openAssignment(page) },
  {
    name: "a blocked assignment",
    reach: async (page) => {
      await openAssignment(page, "Move product images");
      await page.getByText("Blocked.", { exact: true }).waitFor();
    },
  },
  {
    name: "a group of four jobs",
    reach: async (page) => {
      await openAssignment(page, "Delivery slots by post code");
      const lanes = page.getByRole("region", { name: "Jobs" }).getByRole("button", { name: /^survey/u });
      if ((await lanes.count()) === 0) {
        await page.getByRole("button", { name: "Add jobs" }).click();
        const dialog = page.getByRole("dialog");
        for (let job = 1; job <= 4; job++) {
          if (job > 1) await dialog.getByRole("button", { name: "Another job" }).click();
          await dialog.getByLabel(`Type of job ${job}`).fill("survey");
        }
        await dialog.getByRole("button", { name: "Add jobs" }).click();
        await dialog.waitFor({ state: "hidden" });
      }
      await lanes.nth(3).waitFor();
      await lanes.nth(3).scrollIntoViewIfNeeded();
    },
  },
  {
    name: "a job",
    reach: async (page) => {
      await openAssignment(page);
      await page.getByRole("button", { name: /^plan/u }).click();
      await page.getByRole("dialog").getByRole("tab", { name: "Result" }).waitFor();
    },
  },
  {
    name: "an assignment's block",
    reach: async (page) => {
      // The demonstration's own may be complete by now.
      await openList(page, "Assignments");
      await page.getByRole("button", { name: "New assignment" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("North star").fill("Somebody has to wait");
      await dialog.getByRole("button", { name: "Remove job 1" }).click();
      await dialog.getByRole("button", { name: "Create assignment" }).click();
      await dialog.waitFor({ state: "hidden" });
      await chooseFrom(page, "More about this assignment", "Block");
    },
  },
  {
    name: "an assignment's deletion",
    reach: async (page) => {
      await openAssignment(page);
      await chooseFrom(page, "More about this assignment", "Delete");
    },
  },
];

const DIALOGS: readonly PageState[] = [
  {
    name: "a new assignment",
    reach: async (page) => {
      await openList(page, "Assignments");
      await page.getByRole("button", { name: "New assignment" }).click();
      await page.getByRole("dialog").getByLabel("North star").fill("Everybody can read this");
      await page.getByRole("dialog").getByRole("button", { name: "Another job" }).click();
    },
  },
  {
    name: "a new namespace",
    reach: async (page, width) => {
      await enter(page);
      if (width < 1_000) await page.getByRole("button", { name: "Open Namespaces" }).click();
      await page.getByRole("button", { name: "New namespace" }).click();
      await page.getByRole("dialog").getByLabel("Name").fill("orchard-tools");
    },
  },
  {
    name: "a check",
    reach: async (page) => {
      await enter(page);
      await page.getByRole("button", { name: "Check this namespace" }).click();
      await page.getByText("Nothing is wrong").waitFor();
    },
  },
];

// Jobs last a moment: what is shown stays as it is while it is looked at.
describeAccessiblePage("orchestrator", [...GATE, ...LISTS, ...THREAD, ...ASSIGNMENT, ...DIALOGS], {
  DEMO_STEPS: "1",
  DEMO_STEP_MS: "200",
});
