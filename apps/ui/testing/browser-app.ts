/**
 * An app as a person meets it: `npm start -- app` on free ports in a folder of its own, and windows of a real browser on its page.
 *
 * Needs Chromium (`CHROMIUM`, or where Debian puts it); with `CI` set its absence is a failure.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";

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
/** For `beforeAll`: the page is built, the server started, the demo's data written. */
export const START_MS = 180_000;
/** Longest wait for one thing on a page. */
export const STEP_MS = 30_000;
const END_MS = 15_000;
const OUTPUT_CHARS_MAX = 20_000;

/** Whether there is a browser to test with; where tests must not be left out, there has to be. */
export const canBrowse = existsSync(CHROMIUM) || process.env["CI"] !== undefined;

/** How a window is opened. */
export interface WindowOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
}

/** A running app and its browser. */
export interface BrowserApp {
  /** The page's address. */
  readonly url: string;
  /** The deployment's address. */
  readonly deploymentUrl: string;
  /** A new window, with a session of its own. */
  open(options?: WindowOptions): Promise<Page>;
  /** Errors that pages threw or wrote to their consoles so far. */
  readonly pageErrors: readonly string[];
  close(): Promise<void>;
}

/**
 * Starts an app.
 *
 * @param environment Of its processes, beside this process's own.
 */
export async function browserApp(
  name: string,
  environment: { readonly [name: string]: string } = {},
): Promise<BrowserApp> {
  const directory = mkdtempSync(join(tmpdir(), `${name}-page-`));
  const [port, pagePort] = [await freePort(), await freePort()];
  const child = spawn(
    "node",
    ["tools/start.mjs", name, "--port", String(port), "--page-port", String(pagePort), "--dir", directory],
    { cwd: ROOT, env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const pageErrors: string[] = [];
  let browser: Browser | undefined;
  const close = async (): Promise<void> => {
    await browser?.close();
    await end(child);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const output = outputOf(child);
    const url = await addressIn(child, output);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    const open = async ({ width = 1280, height = 900, colorScheme = "light" }: WindowOptions = {}): Promise<Page> => {
      const context = await browser!.newContext({ viewport: { width, height }, colorScheme });
      const page = await context.newPage();
      page.setDefaultTimeout(STEP_MS);
      page.on("pageerror", (error) => pageErrors.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") pageErrors.push(message.text());
      });
      await page.goto(url).catch((error: unknown) => {
        const state = child.exitCode === null ? "goes on" : `has ended with ${child.exitCode}`;
        throw new Error(`Cannot open ${url}; npm start ${state}:\n${output.text}`, { cause: error });
      });
      return page;
    };
    return { url, deploymentUrl: `http://127.0.0.1:${port}`, open, pageErrors, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Tries until `check` holds. @throws What it threw last, after {@link STEP_MS}. */
export async function eventually(check: () => Promise<void>): Promise<void> {
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

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
  await ended;
  clearTimeout(timer);
}

/** What the program has written so far. */
function outputOf(child: ChildProcess): { readonly text: string } {
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output.text = (output.text + chunk.toString()).slice(-OUTPUT_CHARS_MAX);
    });
  }
  return output;
}

/** The page's address, once the program has printed it. */
async function addressIn(child: ChildProcess, output: { readonly text: string }): Promise<string> {
  return await new Promise((resolve, reject) => {
    const look = (): void => {
      const address = /page +(http:\S+)/.exec(output.text)?.[1];
      if (address !== undefined) resolve(address);
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.once("exit", (code) => reject(new Error(`npm start ended with ${code}:\n${output.text}`)));
  });
}

/** A port that is free together with the next one, which takes HTTP actions. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = await listenOnce(0);
    if (port !== undefined && (await listenOnce(port + 1)) !== undefined) return port;
  }
}

async function listenOnce(port: number): Promise<number | undefined> {
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
  if (!isFree) return undefined;
  const { port: taken } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return taken;
}
