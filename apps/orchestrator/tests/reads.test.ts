/**
 * What the hot queries read (invariants I4, I5), and that nobody names the retired ones (I3).
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { api, internal } from "../convex/_generated/api.js";
import type { Doc, Id } from "../convex/_generated/dataModel.js";
import type { QueryCtx } from "../convex/_generated/server.js";
import * as beforeChatJobs from "../convex/before/chatJobs.ts";
import * as beforeScheduler from "../convex/before/scheduler.ts";
import * as assignments from "../convex/assignments.ts";
import * as chatJobs from "../convex/chatJobs.ts";
import * as namespaces from "../convex/namespaces.ts";
import * as scheduler from "../convex/scheduler.ts";
import { PASSWORD, type ArrangeableBackend } from "../testing/backend.ts";
import { convexTestDriver } from "../testing/convex-test-backend.ts";
import { countingCtx, type Reads } from "../testing/counting-db.ts";
import { makeChain, makeNamespace } from "../testing/world.ts";

/** The app's folder. */
const ROOT = join(import.meta.dirname, "..");

describe("reads", () => {
  let backend: ArrangeableBackend;
  beforeEach(async () => {
    backend = await convexTestDriver.open();
  });

  /** Runs a registered query's handler on a counting context. */
  const readsOf = async (fn: object, args: object): Promise<Reads> => {
    const reads: Reads = {};
    const { _handler } = fn as { _handler: (ctx: QueryCtx, args: object) => Promise<unknown> };
    await backend.arrange((ctx) => _handler(countingCtx(ctx.db, reads), { password: PASSWORD, ...args }));
    return reads;
  };

  describe("on a deployment in use", () => {
    let namespaceId: Id<"namespaces">;
    let active: Doc<"assignments">;
    beforeEach(async () => {
      for (let number = 0; number <= 32; number++) {
        await backend.internal(internal.seed.step, { state: "typical", seed: 1, now: 0, number });
      }
      namespaceId = (await backend.query(api.namespaces.list, {}))[0]!._id;
      active = (await backend.query(api.assignments.list, { namespaceId, status: "active" }))[0]!;
    });

    test("getReadyJobs reads active and pending assignments and one group, no job", async () => {
      expect(await readsOf(scheduler.getReadyJobs, { namespaceId })).toEqual({ assignments: 3, jobGroups: 1 });
    });

    test("before, it read every assignment and walked to the running group", async () => {
      expect(await readsOf(beforeScheduler.getReadyJobs, { namespaceId })).toEqual({
        assignments: 32,
        jobGroups: 3,
        jobs: 7,
      });
    });

    test("the sidebar reads namespaces only; before, every assignment too", async () => {
      expect(await readsOf(namespaces.list, {})).toEqual({ namespaces: 1 });
      expect(await readsOf(beforeScheduler.getAllNamespaces, {})).toEqual({ namespaces: 1, assignments: 32 });
    });

    test("a badge reads one document, the chain pane one assignment and its groups", async () => {
      expect(await readsOf(assignments.get, { id: active._id })).toEqual({ assignments: 1 });
      expect(await readsOf(assignments.getGroupChain, { id: active._id })).toEqual({ assignments: 1, jobGroups: 5 });
    });
  });

  test("getReadyJobs reads jobs of an assignment only when none of its groups runs", async () => {
    const namespaceId = await makeNamespace(backend);
    const running = await makeChain(backend, namespaceId, ["plan plan plan"], { independent: true });
    await backend.mutation(api.jobs.start, { id: running.jobIds[0]![0]! });
    expect((await readsOf(scheduler.getReadyJobs, { namespaceId })).jobs).toBeUndefined();
    await makeChain(backend, namespaceId, ["plan plan", "implement"], { independent: true });
    expect((await readsOf(scheduler.getReadyJobs, { namespaceId })).jobs).toBe(2);
  });

  test("typing reads at most one document per look-up, before it read every chat job", async () => {
    const namespaceId = await makeNamespace(backend);
    const threadId = await backend.mutation(api.chatThreads.create, { namespaceId });
    await backend.mutation(api.chatMessages.add, { threadId, role: "user", content: "hello" });
    for (let n = 0; n < 8; n++) {
      const { jobId } = await backend.mutation(api.chatJobs.trigger, { threadId });
      if (n < 6) await backend.mutation(api.chatJobs.start, { id: jobId });
    }
    expect(await readsOf(chatJobs.getActiveForThread, { threadId })).toEqual({ chatJobs: 1 });
    expect(await readsOf(beforeChatJobs.getActiveForThread, { threadId })).toEqual({ chatJobs: 8 });
  });
});

test("page, runner, command line and tools name none of the retired queries", async () => {
  const retired = /getAllAssignments|getAllNamespaces|watchQueue|getQueueStatus|api\.before/u;
  const offenders: string[] = [];
  let looked = 0;
  for (const folder of ["ui", "runner", "cli", "tools"]) {
    for (const entry of await readdir(join(ROOT, folder), { recursive: true })) {
      if (!/\.tsx?$/u.test(entry)) continue;
      looked += 1;
      if (retired.test(await readFile(join(ROOT, folder, entry), "utf8"))) offenders.push(join(folder, entry));
    }
  }
  expect(offenders).toEqual([]);
  expect(looked).toBeGreaterThan(10);
});

test("nothing in the app imports the server", async () => {
  for (const folder of ["convex", "ui", "runner", "cli", "tools"]) {
    for (const entry of await readdir(join(ROOT, folder), { recursive: true })) {
      if (!/\.tsx?$/u.test(entry)) continue;
      const source = await readFile(join(ROOT, folder, entry), "utf8");
      const imports = [...source.matchAll(/from "(@?narrowcast[^"]*)"/gu)].map((match) => match[1]);
      expect(imports.filter((name) => name !== "@narrowcast/ui" && name !== "@narrowcast/ui/styles.css")).toEqual([]);
    }
  }
});
