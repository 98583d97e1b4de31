/**
 * What a tick costs on the data set of a deployment in use, as the server's own meter tells it: invariant I2 and the
 * figures before and after, in the typical and in the worst state.
 *
 * *Held* is what the subscriptions of one page and one runner read to be there; *paid* is what a tick makes the server read
 * again. Documents are those that were read, also where a filter drops them.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, internal } from "../convex/_generated/api.js";
import type { Doc, Id } from "../convex/_generated/dataModel.js";
import { SEED_STEPS, type SeedState } from "../convex/model/seedPlan.ts";
import type { ArrangeableBackend } from "../testing/backend.ts";
import { httpCalls, serverBackend } from "../testing/narrowcast-backend.ts";
import { RunObserver, type ObservedRun } from "../testing/run-observer.ts";
import { TestServer } from "../testing/server.ts";

const NOW = Date.UTC(2026, 0, 15, 9);

const STATES: SeedState[] = ["typical", "worst"];
describe.each(STATES)("a tick on the %s data set", (state) => {
  let server: TestServer;
  let backend: ArrangeableBackend;
  let observer: RunObserver;
  let namespaceId: Id<"namespaces">;
  let active: Doc<"assignments">;
  let threadIds: Id<"chatThreads">[];
  /** Assignments that the threads' badges show. */
  let linked: Id<"assignments">[];
  /** Every group of every active assignment of the namespace. */
  let groupIds: Id<"jobGroups">[];
  let running: Id<"jobGroups">;
  let heldBefore: ObservedRun[];
  let heldAfter: ObservedRun[];

  beforeAll(async () => {
    server = await TestServer.start();
    backend = serverBackend(server, httpCalls(server.url));
    for (let number = 0; number < SEED_STEPS; number++) {
      await server.adminMutation(internal.seed.step, { state, seed: 1, now: NOW, number });
    }
    // Not by the app's own queries: the server keeps their results, and then a subscription has nothing to run.
    const all = async (table: string) => (await server.adminQuery("arrange:all", { table })) as never;
    const namespaces: Doc<"namespaces">[] = await all("namespaces");
    const assignments: Doc<"assignments">[] = await all("assignments");
    const groups: Doc<"jobGroups">[] = await all("jobGroups");
    const threads: Doc<"chatThreads">[] = await all("chatThreads");
    namespaceId = namespaces[0]!._id;
    active = assignments.find((each) => each.namespaceId === namespaceId && each.status === "active")!;
    running = groups.find((group) => group.assignmentId === active._id && group.status === "running")!._id;
    const shown = threads.filter((thread) => thread.namespaceId === namespaceId);
    threadIds = shown.map((thread) => thread._id);
    linked = [...new Set(shown.map((thread) => thread.assignmentId!))];
    const open = new Set<string>(
      assignments
        .filter((each) => each.namespaceId === namespaceId && each.status === "active")
        .map((each) => each._id),
    );
    groupIds = groups.filter((group) => open.has(group.assignmentId)).map((group) => group._id);
    observer = await RunObserver.open(server);
    heldBefore = await subscribeBefore();
    heldAfter = await subscribeAfter();
    await subscribeRest();
  });
  afterAll(async () => {
    await observer.close();
    await server.close();
  });

  /** What a page with the active assignment open and a runner subscribe to. */
  const subscribeAfter = async (): Promise<ObservedRun[]> => {
    const [threadId] = threadIds;
    return [
      await observer.subscribe("getReadyJobs", api.scheduler.getReadyJobs, { namespaceId }),
      await observer.subscribe("getReadyChatJobs", api.scheduler.getReadyChatJobs, { namespaceId }),
      await observer.subscribe("namespaces.list", api.namespaces.list, {}),
      await observer.subscribe("threads.list", api.chatThreads.list, { namespaceId }),
      await observer.subscribe("getGroupChain", api.assignments.getGroupChain, { id: active._id }),
      await observer.subscribe("jobs.list", api.jobs.list, { groupId: running }),
      await observer.subscribe("getActiveForThread", api.chatJobs.getActiveForThread, { threadId: threadId! }),
    ];
  };
  /** The same page and runner in the form that reads whole graphs. */
  const subscribeBefore = async (): Promise<ObservedRun[]> => {
    const { scheduler, chatJobs } = api.before;
    const [threadId] = threadIds;
    return [
      await observer.subscribe("before.getReadyJobs", scheduler.getReadyJobs, { namespaceId }),
      await observer.subscribe("before.getAllAssignments", scheduler.getAllAssignments, { namespaceId }),
      await observer.subscribe("before.getAllNamespaces", scheduler.getAllNamespaces, {}),
      await observer.subscribe("before.getActiveForThread", chatJobs.getActiveForThread, { threadId: threadId! }),
    ];
  };
  /** The badge and the messages of every thread, and the jobs of every group that is not open already. */
  const subscribeRest = async (): Promise<void> => {
    for (const [index, id] of linked.entries()) await observer.subscribe(`badge ${index}`, api.assignments.get, { id });
    for (const [index, threadId] of threadIds.entries()) {
      await observer.subscribe(`messages ${index}`, api.chatMessages.list, { threadId });
    }
    const others = groupIds.filter((groupId) => groupId !== running);
    for (const groupId of others) await observer.subscribe(groupId, api.jobs.list, { groupId });
  };
  let tokens = 1_000_000;
  const tick = (job: Id<"jobs">) => observer.mutation(api.jobs.updateMetrics, { id: job, totalTokens: ++tokens });
  const runningJobs = async (groupId: Id<"jobGroups">) => await backend.query(api.jobs.list, { groupId });

  test("before: what is held, and what a tick costs", async () => {
    expect(documents(heldBefore)).toEqual(FIGURES[state].heldBefore);
    const [job] = await runningJobs(running);
    const paid = await observer.runsDuring(() => tick(job!._id));
    expect(documents(paid.filter(isBefore))).toEqual(FIGURES[state].paidBefore);
  });

  test("after: what is held, and what a tick costs: the three jobs of its group", async () => {
    expect(documents(heldAfter)).toEqual(FIGURES[state].heldAfter);
    const [job] = await runningJobs(running);
    const paid = await observer.runsDuring(() => tick(job!._id));
    expect(documents(paid.filter((run) => !isBefore(run)))).toEqual({ "jobs.list": 3 });
  });

  test("of one tick the after form reads less than 1 % of the documents and 2 % of the bytes", async () => {
    const [job] = await runningJobs(running);
    const paid = await observer.runsDuring(() => tick(job!._id));
    const before = paid.filter(isBefore);
    const after = paid.filter((run) => !isBefore(run));
    expect(sum(after, "documentsRead") / sum(before, "documentsRead")).toBeLessThan(0.01);
    expect(sum(after, "bytesRead") / sum(before, "bytesRead")).toBeLessThan(0.02);
  });

  test("I2: of all that a page can show, a tick runs the jobs of its own group again and nothing else", async () => {
    const again = async (job: Id<"jobs">) =>
      (await observer.runsDuring(() => tick(job))).filter((run) => !isBefore(run));
    for (const { _id } of await runningJobs(running)) expect(documents(await again(_id))).toEqual({ "jobs.list": 3 });
    let ticks = 0;
    for (const groupId of groupIds.filter((each) => each !== running)) {
      const job = (await runningJobs(groupId)).find((each) => each.status === "running");
      if (job === undefined) continue;
      expect((await again(job._id)).map((run) => run.name)).toEqual([groupId]);
      ticks += 1;
    }
    expect(ticks).toBe(FIGURES[state].otherRunningGroups);
  });
});

/**
 * Documents read by each subscription. Worst, before: 321 + 321 + 99 + 20 are held and 642 paid for each tick; after, 3. The 321
 * are 32 assignments, 96 groups and 193 jobs; the 99 are 3 namespaces and 96 assignments.
 */
const FIGURES = {
  typical: {
    otherRunningGroups: 0,
    heldBefore: {
      "before.getReadyJobs": 42,
      "before.getAllAssignments": 327,
      "before.getAllNamespaces": 99,
      "before.getActiveForThread": 20,
    },
    paidBefore: { "before.getReadyJobs": 42, "before.getAllAssignments": 327 },
    heldAfter: {
      getReadyJobs: 6,
      getReadyChatJobs: 0,
      "namespaces.list": 3,
      "threads.list": 10,
      getGroupChain: 6,
      "jobs.list": 3,
      getActiveForThread: 0,
    },
  },
  worst: {
    otherRunningGroups: 31,
    heldBefore: {
      "before.getReadyJobs": 321,
      "before.getAllAssignments": 321,
      "before.getAllNamespaces": 99,
      "before.getActiveForThread": 20,
    },
    paidBefore: { "before.getReadyJobs": 321, "before.getAllAssignments": 321 },
    heldAfter: {
      getReadyJobs: 128,
      getReadyChatJobs: 0,
      "namespaces.list": 3,
      "threads.list": 10,
      getGroupChain: 4,
      "jobs.list": 3,
      getActiveForThread: 0,
    },
  },
};

function documents(runs: readonly ObservedRun[]): Record<string, number> {
  expect(new Set(runs.map((run) => run.name)).size).toBe(runs.length);
  return Object.fromEntries(runs.map((run) => [run.name, run.documentsRead]));
}

function sum(runs: readonly ObservedRun[], what: "documentsRead" | "bytesRead"): number {
  return runs.reduce((total, run) => total + run[what], 0);
}

function isBefore(run: ObservedRun): boolean {
  return run.name.startsWith("before.");
}
