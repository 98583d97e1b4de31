/**
 * The whole thing as a person meets it: `npm start`, then two browser windows on the page.
 *
 * Needs Chromium (`CHROMIUM`, or where Debian puts it); with `CI` set its absence is a failure.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const ROOT = join(import.meta.dirname, "../../..");
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const START_MS = 120_000;
const STEP_MS = 30_000;

describe.runIf(existsSync(CHROMIUM) || process.env["CI"] !== undefined)("the page", () => {
  const directory = mkdtempSync(join(tmpdir(), "orchestrator-page-"));
  let app: ChildProcess;
  let url = "";
  let browser: Browser;

  beforeAll(async () => {
    const [port, pagePort] = [await freePort(), await freePort()];
    app = spawn(
      "node",
      ["tools/start.mjs", "--port", String(port), "--page-port", String(pagePort), "--dir", directory],
      // Ten seconds of work a job: long enough to see it run.
      { cwd: ROOT, env: { ...process.env, DEMO_STEPS: "20", DEMO_STEP_MS: "500" }, stdio: ["ignore", "pipe", "pipe"] },
    );
    url = await addressIn(app);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  }, START_MS);

  afterAll(async () => {
    await browser?.close();
    const ended = new Promise((resolve) => app.once("exit", resolve));
    app.kill("SIGTERM");
    await ended;
    rmSync(directory, { recursive: true, force: true });
  }, STEP_MS);

  async function openWindow(width: number): Promise<Page> {
    const page = await (await browser.newContext({ viewport: { width, height: 900 } })).newPage();
    page.setDefaultTimeout(STEP_MS);
    await page.goto(url);
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByText("orchard-shop").first().waitFor({ state: "attached" });
    return page;
  }

  test(
    "shows a running job tick, counts move and a chat go on, in two windows in step",
    { timeout: 120_000 },
    async () => {
      const [one, two] = [await openWindow(1600), await openWindow(1280)];
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
      const running = (page: Page): Locator => page.getByRole("button", { name: "look job, running" });
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

  test(
    "a message appears in the other window, then the typing indicator and an answer",
    { timeout: 90_000 },
    async () => {
      const [one, two] = [await openWindow(1600), await openWindow(400)];
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

/** The numbers on the first namespace's card. */
async function activeAndPending(page: Page): Promise<readonly (string | undefined)[]> {
  const text = await page.getByRole("navigation", { name: "Namespaces" }).innerText();
  return [/(\d+)\s+active/.exec(text)?.[1], /(\d+)\s+pending/.exec(text)?.[1], /(\d+)\s+done/.exec(text)?.[1]];
}

async function eventually(check: () => Promise<void>): Promise<void> {
  const endMs = Date.now() + STEP_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > endMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The page's address, once the program has printed it. */
async function addressIn(child: ChildProcess): Promise<string> {
  let output = "";
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const address = /page +(http:\S+)/.exec(output)?.[1];
      if (address !== undefined) resolve(address);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => reject(new Error(`npm start ended with ${code}:\n${output}`)));
  });
}

/** A port that is free together with the next one. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
