/**
 * Limits of user code on a machine that is busy with other things: honest work is not ended, a loop without an end is.
 *
 * Eight processes compute beside the deployment, for as long as the test takes and two minutes at most.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rootFunction } from "@narrowcast/values";
import { bundleTexts } from "../kit/text-app.ts";
import { NOBODY, NOTES_APP } from "../testing/core-world.ts";
import type { CallRequest } from "../protocol/deployment-types.ts";
import { startDeployment, type RunningDeployment } from "./deployment.ts";

const BUSY_PROCESSES = 8;
const BUSY_MS = 120_000;
/** Processor time of honest work. */
const WORK_MS = 300;

/** On a machine that others keep busy, too. */
const TEST_MS = 240_000;
const SAMPLE_ROUNDS = 100_000_000;

let folder: string;
let deployment: RunningDeployment;
let busy: ChildProcess[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "narrowcast-busy-"));
  deployment = await open();
});
afterEach(async () => {
  for (const child of busy) child.kill("SIGKILL");
  busy = [];
  await deployment.close();
  rmSync(folder, { recursive: true, force: true });
}, TEST_MS);

function open(): Promise<RunningDeployment> {
  return startDeployment({ directory: folder, cloudUrl: "http://cloud", siteUrl: "http://site" });
}

function call(path: string): CallRequest {
  return { ...rootFunction(path), args: "{}", identity: NOBODY, allowInternal: true, requestId: "0123456789abcdef" };
}

async function makeBusy(): Promise<void> {
  const loop = `const end = Date.now() + ${BUSY_MS}; console.log("on"); while (Date.now() < end);`;
  busy = Array.from({ length: BUSY_PROCESSES }, () => spawn(process.execPath, ["-e", loop]));
  await Promise.all(busy.map(async ({ stdout }) => stdout !== null && once(stdout, "data")));
}

test(
  "on a busy machine honest work succeeds, a loop is ended, and a start does not lose functions",
  async () => {
    const rounds = loopsFor(WORK_MS);
    const code = await bundleTexts({
      ...NOTES_APP,
      "busy.ts": `import { queryGeneric as query, mutationGeneric as mutation } from "convex/server";
      const work = (rounds: number) => { let x = 0; for (let i = 0; i < rounds; i += 1) x = (x * 31 + i) | 0; return x; };
      work(${rounds * 3});
      export const honest = query(async () => work(${rounds}));
      export const rows = mutation(async (ctx) => { for (let i = 0; i < 1_000; i += 1) await ctx.db.insert("notes", { text: "row " + i }); });
      export const endless = query(async () => { while (true) work(1); });`,
    });
    await makeBusy();
    expect(await deployment.push(code)).toMatchObject({ ok: true });
    expect(await deployment.query(call("busy:honest"))).toMatchObject({ ok: true });
    expect(await deployment.mutation(call("busy:rows"))).toMatchObject({ ok: true });
    expect(deployment.core.starts).toBe(1);
    const startMs = performance.now();
    expect(await deployment.query(call("busy:endless"))).toMatchObject({
      ok: false,
      errorMessage: expect.stringContaining("maximum duration: 1s"),
    });
    console.log(`the loop ended after ${Math.round(performance.now() - startMs)} ms`);
    expect(await deployment.query(call("busy:honest"))).toMatchObject({ ok: true });
    expect(deployment.core.starts).toBe(2);
    await deployment.close();
    deployment = await open();
    expect(await deployment.query(call("busy:honest"))).toMatchObject({ ok: true });
    expect(deployment.core.starts).toBe(1);
  },
  TEST_MS,
);

/** Rounds of {@linkcode compute} that take about that long here. */
function loopsFor(ms: number): number {
  const before = process.cpuUsage();
  compute(SAMPLE_ROUNDS);
  const { user } = process.cpuUsage(before);
  return Math.round((SAMPLE_ROUNDS * ms * 1_000) / Math.max(user, 1));
}

function compute(rounds: number): number {
  let x = 0;
  for (let i = 0; i < rounds; i += 1) x = (x * 31 + i) | 0;
  return x;
}
