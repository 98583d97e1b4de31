/**
 * Deployments of this app for tests: either form, on a virtual clock, with its data and its peers.
 */
import { openTestDeployment, VirtualClock, type TestDeployment } from "@narrowcast/server";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { DataModel } from "../convex/_generated/dataModel.js";
import type { MutationCtx } from "../convex/_generated/server.js";
import { copyWithCrons } from "./folder.ts";

const CONVEX = join(import.meta.dirname, "../convex");
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
  const folder = timers === "before" ? copyWithCrons("before") : undefined;
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
