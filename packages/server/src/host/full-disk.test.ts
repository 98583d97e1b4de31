/**
 * A disk that takes nothing, and then something again: who writes is told, reads go on, and what waited is done.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT_COMPONENT } from "@narrowcast/values";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeLogFs, type LogFs } from "../engine/log-fs.ts";
import { bundleTexts } from "../kit/text-app.ts";
import type { CallOutcome, CallRequest } from "../protocol/deployment-types.ts";
import { NOBODY } from "../testing/core-world.ts";
import { startDeployment, type RunningDeployment } from "./deployment.ts";

/** When the job is due, and how long the action takes: the disk is full by then. */
const DUE_MS = 2_000;
const APP = {
  "schema.ts": `
    import { defineSchema, defineTable } from "convex/server";
    import { v } from "convex/values";
    export default defineSchema({ notes: defineTable({ text: v.string() }) });
  `,
  "notes.ts": `
    import { actionGeneric as action, mutationGeneric as mutation, queryGeneric as query, makeFunctionReference } from "convex/server";
    export const add = mutation(async (ctx, { text, times }) => { await ctx.db.insert("notes", { text: text.repeat(times) }); });
    export const count = query(async (ctx) => (await ctx.db.query("notes").collect()).length);
    export const jobs = query(async (ctx) => (await ctx.db.system.query("_scheduled_functions").collect()).map((job) => job.state.kind));
    export const later = mutation(async (ctx) => { await ctx.scheduler.runAfter(0, makeFunctionReference("notes:waits"), {}); });
    export const waits = action(async () => { await new Promise((resolve) => setTimeout(resolve, ${DUE_MS})); });
    export const soon = mutation(async (ctx) => { await ctx.scheduler.runAfter(${DUE_MS}, makeFunctionReference("notes:add"), { text: "soon", times: 1 }); });
  `,
};
/** Of a document: 18 of them fill a segment of the log. */
const LARGE = 900_000;

/** What of the disk fails now, and how. */
let broken: { readonly code: string; readonly calls: readonly string[] } | undefined;
const disk: LogFs = new Proxy(nodeLogFs, {
  get(target, property: keyof LogFs) {
    const method = target[property] as (...rest: readonly unknown[]) => unknown;
    return (...rest: readonly unknown[]) => {
      if (broken?.calls.includes(property) !== true) return method(...rest);
      const error = Object.assign(new Error(`${broken.code}: ${property}`), { code: broken.code });
      if (property === "syncData" || property === "writeBehind") return Promise.reject(error);
      throw error;
    };
  },
});

let directory: string;
let deployment: RunningDeployment;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "narrowcast-test-"));
  const urls = { cloudUrl: "http://cloud.test", siteUrl: "http://site.test" };
  deployment = await startDeployment({ ...urls, directory, threads: false, home: { logFs: disk } });
  expect(await deployment.push(await bundleTexts(APP))).toMatchObject({ ok: true });
});
afterEach(async () => {
  broken = undefined;
  await deployment.close();
  rmSync(directory, { recursive: true, force: true });
});

function call(name: string, args = "{}"): CallRequest {
  return {
    component: ROOT_COMPONENT,
    path: `notes:${name}`,
    args,
    identity: NOBODY,
    allowInternal: false,
    requestId: "00",
  };
}

const add = (times = 1): Promise<CallOutcome> => deployment.mutation(call("add", `{"text":"x","times":${times}}`));
const value = async (name: string): Promise<unknown> => {
  const outcome = await deployment.query(call(name));
  return outcome.ok ? JSON.parse(outcome.value) : outcome.errorMessage;
};

test("on a full disk mutations fail and say why, reads and the health go on, and what waited is done when there is room", async () => {
  broken = { code: "ENOSPC", calls: ["writeBehind"] };
  let stored = 0;
  let refused: CallOutcome | undefined;
  while (refused === undefined && stored < 40) {
    const outcome = await add(LARGE);
    if (outcome.ok) stored += 1;
    else refused = outcome;
  }
  expect(refused).toMatchObject({
    ok: false,
    errorMessage: expect.stringContaining("Cannot write: the disk is full (ENOSPC); reads go on"),
  });
  expect(stored).toBeGreaterThan(8);
  expect(await value("count")).toBe(stored);
  expect(await deployment.obstacle()).toContain("the disk is full (ENOSPC)");
  await expect(deployment.setEnvironment([{ name: "LONG", value: "y".repeat(8_000) }])).resolves.toBeUndefined();
  expect(
    await deployment.push(await bundleTexts({ ...APP, "more.ts": `export const text = "${"z".repeat(LARGE)}";` })),
  ).toMatchObject({
    ok: false,
    message: expect.stringContaining("the disk is full"),
  });
  expect(deployment.core.starts).toBe(1);

  broken = undefined;
  await expect.poll(() => deployment.obstacle(), { timeout: 5_000 }).toBeNull();
  expect(await add()).toMatchObject({ ok: true });
  expect(await value("count")).toBe(stored + 1);
  expect(deployment.core.starts).toBe(1);
});

test("what is scheduled and the ends of actions wait for room", async () => {
  broken = { code: "EDQUOT", calls: ["writeBehind"] };
  expect(await deployment.mutation(call("later"))).toMatchObject({ ok: true });
  expect(await deployment.mutation(call("soon"))).toMatchObject({ ok: true });
  await expect.poll(() => value("jobs")).toEqual(expect.arrayContaining(["inProgress", "pending"]));
  let stored = 0;
  // Until not even the smallest one fits.
  for (const times of [LARGE, LARGE / 10, LARGE / 100, LARGE / 1_000, 1]) {
    while ((await add(times)).ok) stored += 1;
  }
  await sleep(DUE_MS + 200);
  expect(await value("jobs")).toEqual(expect.arrayContaining(["inProgress", "pending"]));
  expect(await value("count")).toBe(stored);

  broken = undefined;
  await expect.poll(() => value("jobs"), { timeout: 10_000 }).toEqual(["success", "success"]);
  expect(await value("count")).toBe(stored + 1);
  expect(deployment.core.starts).toBe(1);
});

test.each(["write", "syncDataNow"])(
  "a disk whose %s fails ends no read, and takes no write until it is well",
  async (failing) => {
    let there = 0;
    const made = async (outcome: Promise<CallOutcome>): Promise<void> => {
      const { ok, ...rest } = await outcome;
      // What is answered with success is there; a record that was written before the failure may be.
      if (ok) there += 1;
      else expect(rest).toMatchObject({ errorMessage: expect.stringContaining("the disk reports errors (EIO)") });
    };
    await made(add());
    expect(there).toBe(1);
    const session = { sessionId: "8a0b9f4e-2d0f-4f0e-9a49-1f7a4c1e2b3d", requestId: 1 };
    broken = { code: "EIO", calls: [failing, "syncData", "writeBehind"] };
    const one = call("add", `{"text":"x","times":1}`);
    await Promise.all([made(deployment.mutation(one)), made(deployment.mutation({ ...one, session }))]);
    const { starts } = deployment.core;
    expect(starts).toBeGreaterThan(1);
    // Refused by the next core before anything is written: it does not end.
    for (let n = 0; n < 3; n += 1) expect(await add()).toMatchObject({ ok: false });
    expect(await value("count")).toBe(there);
    expect(await deployment.obstacle()).toContain("(EIO)");
    expect(deployment.core.starts).toBe(starts);

    broken = undefined;
    await expect.poll(() => deployment.obstacle(), { timeout: 5_000 }).toBeNull();
    await made(add());
    expect(await value("count")).toBe(there);
    expect(deployment.core.starts).toBe(starts);
  },
);
