/**
 * Which write executes which subscription again, over the real server: the table that this data model was made for.
 *
 * Rows are writes, columns subscriptions. `T`: the write makes the server execute the subscription's function again. `.`: it does
 * not. Every subscription looks at what the write is about: the same namespace, assignment, group or thread. A row's
 * letters stand in the order of {@link COLUMNS}.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import type { ArrangeableBackend } from "../testing/backend.ts";
import { httpCalls, serverBackend } from "../testing/narrowcast-backend.ts";
import { RunObserver } from "../testing/run-observer.ts";
import { TestServer } from "../testing/server.ts";
import { finishJobs, jobInputs, makeChain, makeNamespace, type Chain } from "../testing/world.ts";

const COLUMNS = [
  "getReadyJobs",
  "getReadyChatJobs",
  "namespaces.list",
  "assignments.get",
  "getGroupChain",
  "jobs.list",
  "threads.list",
  "messages.list",
  "getActiveForThread",
] as const;

/** What a row's writes are about. The chain has two groups of two jobs and one of one. */
interface World {
  readonly backend: ArrangeableBackend;
  readonly namespaceId: Id<"namespaces">;
  readonly chain: Chain;
  readonly threadId: Id<"chatThreads">;
  /** A pending chat job of the thread, if the row asked for one. */
  readonly chatJobId: Id<"chatJobs"> | undefined;
}

interface Row {
  readonly write: string;
  /** State before anybody subscribes. */
  readonly before?: (world: World) => Promise<unknown>;
  /** Which group `jobs.list` looks at; the first one unless said. */
  readonly group?: number;
  readonly act: (write: RunObserver["mutation"], world: World) => Promise<unknown>;
  readonly runs: string;
}

const job = ({ chain }: World, group: number, index: number) => chain.jobIds[group]![index]!;
const startFirst = (world: World) => world.backend.mutation(api.jobs.start, { id: job(world, 0, 0) });
const startBoth = async (world: World) => {
  await startFirst(world);
  await world.backend.mutation(api.jobs.start, { id: job(world, 0, 1) });
};
const setStatus = (status: "active" | "blocked" | "complete") => (world: World) =>
  world.backend.mutation(api.assignments.update, { id: world.chain.id, status });
const trigger = (world: World) => world.backend.mutation(api.chatJobs.trigger, { threadId: world.threadId });
const triggerAndStart = async (world: World) => {
  const { jobId } = await trigger(world);
  await world.backend.mutation(api.chatJobs.start, { id: jobId });
};
const setArtifacts: Row["act"] = (write, { chain }) =>
  write(api.assignments.update, { id: chain.id, artifacts: '["a.md"]' });
const insertAfter =
  (group: number): Row["act"] =>
  (write, { chain }) =>
    write(api.jobs.insertGroupAfter, { afterGroupId: chain.groupIds[group]!, jobs: jobInputs("test") });

const ROWS: readonly Row[] = [
  {
    write: "metric tick",
    before: startBoth,
    act: (write, world) => write(api.jobs.updateMetrics, { id: job(world, 0, 0), toolCallCount: 5, totalTokens: 900 }),
    runs: ". . . . . T . . .",
  },
  {
    write: "metric tick that brings nothing new",
    before: async (world) => {
      await startFirst(world);
      await world.backend.mutation(api.jobs.updateMetrics, { id: job(world, 0, 0), toolCallCount: 5 });
    },
    act: (write, world) => write(api.jobs.updateMetrics, { id: job(world, 0, 0), toolCallCount: 5 }),
    runs: ". . . . . . . . .",
  },
  {
    write: "jobs.start, first of the assignment",
    act: (write, world) => write(api.jobs.start, { id: job(world, 0, 0) }),
    runs: "T . T T T T . . .",
  },
  {
    write: "jobs.start, later, in a running group: the assignment's updatedAt",
    before: startFirst,
    act: (write, world) => write(api.jobs.start, { id: job(world, 0, 1) }),
    runs: "T . . T T T . . .",
  },
  {
    write: "jobs.start, later, first of its group",
    before: (world) => finishJobs(world.backend, world.chain.jobIds[0]!),
    group: 1,
    act: (write, world) => write(api.jobs.start, { id: job(world, 1, 0) }),
    runs: "T . . T T T . . .",
  },
  {
    write: "jobs.complete, others still running",
    before: startBoth,
    act: (write, world) => write(api.jobs.complete, { id: job(world, 0, 0), result: "done" }),
    runs: ". . . . . T . . .",
  },
  {
    write: "jobs.complete, last",
    before: async (world) => {
      await startBoth(world);
      await world.backend.mutation(api.jobs.complete, { id: job(world, 0, 0), result: "done" });
    },
    act: (write, world) => write(api.jobs.complete, { id: job(world, 0, 1), result: "done" }),
    runs: "T . . . T T . . .",
  },
  {
    write: "jobs.fail, last",
    before: async (world) => {
      await startBoth(world);
      await world.backend.mutation(api.jobs.complete, { id: job(world, 0, 0), result: "done" });
    },
    act: (write, world) => write(api.jobs.fail, { id: job(world, 0, 1), result: "no luck" }),
    runs: "T . . . T T . . .",
  },
  { write: "insertGroupAfter, no group running", act: insertAfter(2), runs: "T . . . T . . . ." },
  {
    write: "insertGroupAfter, a running group ended the scan before the new row",
    before: startFirst,
    act: insertAfter(2),
    runs: ". . . . T . . . .",
  },
  {
    write: "insertGroupAfter the running group itself, whose link changes",
    before: startFirst,
    act: insertAfter(0),
    runs: "T . . . T . . . .",
  },
  { write: "assignments.update artifacts, pending", act: setArtifacts, runs: "T . . T T . . . ." },
  { write: "assignments.update artifacts, active", before: startFirst, act: setArtifacts, runs: "T . . T T . . . ." },
  {
    write: "assignments.update artifacts, blocked",
    before: setStatus("blocked"),
    act: setArtifacts,
    runs: ". . . T T . . . .",
  },
  {
    write: "assignments.update artifacts, complete",
    before: setStatus("complete"),
    act: setArtifacts,
    runs: ". . . T T . . . .",
  },
  {
    write: "assignments.complete",
    before: startFirst,
    act: (write, { chain }) => write(api.assignments.complete, { id: chain.id }),
    runs: "T . T T T . . . .",
  },
  {
    write: "chatMessages.add",
    act: (write, { threadId }) => write(api.chatMessages.add, { threadId, role: "user", content: "and now?" }),
    runs: ". . . . . . T T .",
  },
  {
    write: "chatJobs.trigger",
    act: (write, { threadId }) => write(api.chatJobs.trigger, { threadId }),
    runs: ". T . . . . . . T",
  },
  {
    write: "chatJobs.start",
    before: trigger,
    act: (write, { chatJobId }) => write(api.chatJobs.start, { id: chatJobId! }),
    runs: ". T . . . . . . T",
  },
  {
    write: "chatJobs.complete",
    before: triggerAndStart,
    act: (write, { chatJobId }) => write(api.chatJobs.complete, { id: chatJobId!, result: "so" }),
    runs: ". . . . . . . . T",
  },
  {
    write: "chatJobs.fail",
    before: triggerAndStart,
    act: (write, { chatJobId }) => write(api.chatJobs.fail, { id: chatJobId!, result: "no" }),
    runs: ". . . . . . . . T",
  },
  {
    write: "chat job tick",
    before: triggerAndStart,
    act: (write, { chatJobId }) => write(api.chatJobs.updateMetrics, { id: chatJobId!, totalTokens: 5 }),
    runs: ". . . . . . . . T",
  },
  {
    write: "chat job tick, a pending one hides the running one",
    before: async (world) => {
      await triggerAndStart(world);
      await trigger(world);
    },
    act: (write, { chatJobId }) => write(api.chatJobs.updateMetrics, { id: chatJobId!, totalTokens: 5 }),
    runs: ". . . . . . . . .",
  },
  {
    write: "metric tick in another group",
    before: startBoth,
    group: 1,
    act: (write, world) => write(api.jobs.updateMetrics, { id: job(world, 0, 0), toolCallCount: 5 }),
    runs: ". . . . . . . . .",
  },
];

/** Rows with titles that the reporter does not shorten. */
const TITLED = ROWS.map((row) => [row.write, row.runs, row] as const);

describe("invalidation matrix", () => {
  let server: TestServer;
  let observer: RunObserver;
  let world: World;

  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(async () => await server.close());
  beforeEach(async () => {
    await server.clear();
    const backend = serverBackend(server, httpCalls(server.url));
    const namespaceId = await makeNamespace(backend);
    const chain = await makeChain(backend, namespaceId, ["plan plan", "implement test", "review"]);
    const threadId = await backend.mutation(api.chatThreads.create, { namespaceId });
    await backend.mutation(api.chatMessages.add, { threadId, role: "user", content: "hello" });
    world = { backend, namespaceId, chain, threadId, chatJobId: undefined };
    observer = await RunObserver.open(server);
  });
  afterEach(async () => await observer.close());

  const prepare = async ({ before }: Row): Promise<World> => {
    await before?.(world);
    // Of several chat jobs the first: the others only hide it.
    const chatJobs = (await server.adminQuery("arrange:all", { table: "chatJobs" })) as { _id: Id<"chatJobs"> }[];
    // A stamp of the same millisecond would be no change at all, and nothing would have to run.
    for (const nowMs = Date.now(); Date.now() <= nowMs + 1;) await new Promise((resolve) => setTimeout(resolve, 1));
    return { ...world, chatJobId: chatJobs[0]?._id };
  };

  const subscribe = async ({ namespaceId, chain, threadId }: World, group: number): Promise<void> => {
    await observer.subscribe("getReadyJobs", api.scheduler.getReadyJobs, { namespaceId });
    await observer.subscribe("getReadyChatJobs", api.scheduler.getReadyChatJobs, { namespaceId });
    await observer.subscribe("namespaces.list", api.namespaces.list, {});
    await observer.subscribe("assignments.get", api.assignments.get, { id: chain.id });
    await observer.subscribe("getGroupChain", api.assignments.getGroupChain, { id: chain.id });
    await observer.subscribe("jobs.list", api.jobs.list, { groupId: chain.groupIds[group]! });
    await observer.subscribe("threads.list", api.chatThreads.list, { namespaceId });
    await observer.subscribe("messages.list", api.chatMessages.list, { threadId });
    await observer.subscribe("getActiveForThread", api.chatJobs.getActiveForThread, { threadId });
  };

  test.each(TITLED)("%s: %s", async (_write, _runs, row) => {
    const prepared = await prepare(row);
    await subscribe(prepared, row.group ?? 0);
    const runs = await observer.runsDuring(() => row.act((fn, args) => observer.mutation(fn, args), prepared));
    const names = runs.map((run) => run.name);
    expect(COLUMNS.map((column) => (names.includes(column) ? "T" : ".")).join(" ")).toBe(row.runs);
    // Each of them once, and nothing besides.
    expect(names).toHaveLength(row.runs.replaceAll(/[ .]/gu, "").length);
  });

  test.each(TITLED)("%s: of another namespace, only the list of namespaces may run", async (_write, _runs, row) => {
    const prepared = await prepare(row);
    const otherId = await makeNamespace(world.backend, "ledger");
    const other = await makeChain(world.backend, otherId, ["plan plan"]);
    const threadId = await world.backend.mutation(api.chatThreads.create, { namespaceId: otherId });
    await subscribe({ ...prepared, namespaceId: otherId, chain: other, threadId }, 0);
    const runs = await observer.runsDuring(() => row.act((fn, args) => observer.mutation(fn, args), prepared));
    expect(runs.map((run) => run.name)).toEqual(row.runs.split(" ")[2] === "T" ? ["namespaces.list"] : []);
  });

  test("the before form pays for a tick with every subscription that reads jobs", async () => {
    await startBoth(world);
    const { namespaceId } = world;
    const before = api.before.scheduler;
    await observer.subscribe("getReadyJobs", before.getReadyJobs, { namespaceId });
    await observer.subscribe("getAllAssignments", before.getAllAssignments, { namespaceId });
    await observer.subscribe("watchQueue", before.watchQueue, { namespaceId });
    await observer.subscribe("getQueueStatus", before.getQueueStatus, { namespaceId });
    await observer.subscribe("getAllNamespaces", before.getAllNamespaces, {});
    const tick = () => observer.mutation(api.jobs.updateMetrics, { id: job(world, 0, 0), toolCallCount: 5 });
    const names = (await observer.runsDuring(tick)).map((run) => run.name);
    expect(names.toSorted()).toEqual(["getAllAssignments", "getReadyJobs", "watchQueue"]);
  });
});
