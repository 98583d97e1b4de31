/**
 * Deployments of this app for tests: either form, on a virtual clock, with its data and its peers.
 */
import { openTestDeployment, VirtualClock, type TestDeployment } from "@narrowcast/server";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DataModel } from "../convex/_generated/dataModel.js";
import type { MutationCtx } from "../convex/_generated/server.js";

const APP = join(import.meta.dirname, "..");
const CONVEX = join(APP, "convex");
/** A Monday morning. */
export const NOW = Date.UTC(2026, 0, 12, 9);
export const ADMIN_KEY = "operator";

/** How a deployment is opened. */
export interface OpenOptions {
  /** Whose timers it has; the functions of both forms are there in any case. */
  readonly timers?: "root" | "before";
  readonly tracking?: "document" | "fields";
  /** Address of the services outside; by default nobody is there. */
  readonly services?: string;
  /** A folder for the store, to be opened again later. */
  readonly directory?: string;
  readonly nowMs?: number;
}

/** Opens the app in memory on a virtual clock, with the first ring of its timers behind it. */
export async function openConcerts(options: OpenOptions = {}): Promise<TestDeployment> {
  const { timers = "root", tracking, directory, nowMs = NOW } = options;
  const folder = timers === "before" ? beforeFolder() : undefined;
  try {
    const app = await openTestDeployment(folder ?? CONVEX, {
      clock: new VirtualClock(nowMs),
      ...(tracking === undefined ? {} : { tracking }),
      ...(directory === undefined ? {} : { directory }),
    });
    // Port 9 is for discarding: nobody listens, and asking fails at once.
    const SERVICES_URL = options.services ?? "http://127.0.0.1:9";
    await app.setEnvironment({ ADMIN_KEY, SERVICES_URL, SETLIST_PAUSE_MS: "0" });
    await app.advance(0);
    return app;
  } finally {
    if (folder !== undefined) rmSync(join(folder, ".."), { recursive: true, force: true });
  }
}

/** The functions with the timers of the before form: a copy of the folder in which `crons.ts` is the one line that its module comment names. */
export function beforeFolder(): string {
  const root = mkdtempSync(join(tmpdir(), "concerts-before-"));
  const folder = join(root, "convex");
  cpSync(CONVEX, folder, { recursive: true });
  writeFileSync(join(folder, "crons.ts"), 'export { default } from "./before/crons.ts";\n');
  symlinkSync(join(APP, "../../node_modules"), join(root, "node_modules"), "junction");
  return folder;
}

/** Writes the big data set. */
export async function writeData(app: TestDeployment, scale: number, now = NOW): Promise<void> {
  const { steps } = (await app.query("seed:plan", { scale })) as { steps: number };
  for (let number = 0; number < steps; number++) await app.mutation("seed:step", { scale, seed: 1, now, number });
}

/** `app.run` with this app's tables and indexes. */
export async function arrange<T>(app: TestDeployment, handler: (ctx: MutationCtx) => Promise<T>): Promise<T> {
  return await app.run<T, DataModel>(handler);
}

/** Calls of each function during some work, the dearest first; functions that were not called are left out. */
export function callsOf(functions: { readonly [path: string]: { readonly calls: number } }): Record<string, number> {
  const calls = Object.entries(functions).map(([path, cost]) => [path, cost.calls] as const);
  return Object.fromEntries(calls.filter(([, count]) => count > 0).toSorted((a, b) => b[1] - a[1]));
}
