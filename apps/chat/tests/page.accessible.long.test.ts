/**
 * The page of the chat for everybody: a new chat, chats with and without files, an answer under way, the bin.
 */
import type { Page } from "playwright-core";
import { describeAccessiblePage } from "../../ui/testing/accessible.contract.ts";

/** The list is a step away on a narrow window. */
async function openList(page: Page, width: number): Promise<void> {
  if (width < 1_000) await page.getByRole("button", { name: "Open Chats" }).click();
  await chatLink(page, "A talk about queues").waitFor();
}

function chatLink(page: Page, title: string) {
  return page.getByRole("navigation", { name: "Your chats" }).getByRole("link", { name: title }).first();
}

async function openChat(page: Page, width: number, title: string): Promise<void> {
  await openList(page, width);
  await chatLink(page, title).click();
  await page.getByRole("log", { name: "Messages" }).getByRole("article").first().waitFor();
}

async function ask(page: Page, question: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(question);
  await page.getByRole("button", { name: "Send" }).click();
}

describeAccessiblePage("chat", [
  { name: "a new chat", reach: async (page) => await page.getByText("What is on your mind?").waitFor() },
  { name: "chats", reach: openList },
  { name: "a chat", reach: async (page, width) => await openChat(page, width, "A talk about queues") },
  { name: "a chat with files", reach: async (page, width) => await openChat(page, width, "Dinners for the week") },
  {
    name: "files to send",
    reach: async (page) => {
      await page.locator('input[type="file"]').setInputFiles([
        { name: "list.txt", mimeType: "text/plain", buffer: Buffer.from("leeks\n") },
        {
          name: "a name that is much longer than most of them are.txt",
          mimeType: "text/plain",
          buffer: Buffer.from("x"),
        },
      ]);
      await page.getByLabel("Message", { exact: true }).fill("Look at these.");
      await page.getByRole("list", { name: "Files to send" }).getByText("list.txt").waitFor();
    },
  },
  {
    name: "an answer under way",
    reach: async (page) => {
      await ask(page, "How would you keep a count that many people change?");
      await page.getByRole("button", { name: "Stop the answer" }).waitFor();
      await page.getByRole("article", { name: "The answer" }).getByText("count").first().waitFor();
    },
  },
  {
    name: "the bin",
    reach: async (page, width) => {
      await ask(page, "Into the bin with it");
      await page.getByRole("button", { name: "Delete this chat" }).click();
      await page.getByText("What is on your mind?").waitFor();
      await openList(page, width);
      await page.locator("summary", { hasText: "Bin" }).click();
      await page.getByRole("button", { name: "Restore Into the bin with it" }).first().waitFor();
    },
  },
  {
    name: "a chat that cannot be shown",
    reach: async (page) => {
      await page.goto(`${page.url()}#nowhere`);
      await page.getByText("The chat cannot be shown").waitFor();
    },
  },
]);
