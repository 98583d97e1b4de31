/**
 * The acceptance criteria that need a real server: true counters under concurrent writers (I1), what the hot queries read
 * (I4, I5), and that the after form behaves as the before form did (I6). I2 is in `acceptance.reads.test.ts`, I3 in `reads.test.ts`
 * and, of what really runs, in `runner.server.long.test.ts`.
 */
import { ConvexClient } from "convex/browser";
import { getFunctionName, type FunctionReference } from "convex/server";
import type { Value } from "convex/values";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { api } from "../convex/_generated/api.js";
import type { Doc, Id } from "../convex/_generated/dataModel.js";
import type { AssignmentCounts } from "../convex/model/fields.ts";
import { pick, seededRandom } from "../convex/model/seedText.ts";
import { PASSWORD, type ArrangeableBackend } from "../testing/backend.ts";
import { httpCalls, serverBackend } from "../testing/narrowcast-backend.ts";
import { RunObserver } from "../testing/run-observer.ts";
import { TestServer } from "../testing/server.ts";
import { expectTrueCounts, finishJobs, jobInputs, makeChain, makeNamespace } from "../testing/world.ts";

const HTTP_WRITERS = 12;
const SOCKET_WRITERS = 12;
const WRITES_EACH = Number(process.env.WRITES ?? 12);

let server: TestServer;
let backend: ArrangeableBackend;
let namespaceId: Id<"namespaces">;

beforeAll(async () => {
  server = await TestServer.start({ threads: true });
});
afterAll(async () => await server.close());
beforeEach(async () => {
  await server.clear();
  backend = serverBackend(server, httpCalls(server.url));
  namespaceId = await makeNamespace(backend);
});

describe("I1, many writers at once", () => {
  const sockets: ConvexClient[] = [];
  const openSocket = () => {
    const client = new ConvexClient(server.url, { unsavedChangesWarning: false, logger: false });
    sockets.push(client);
    return client;
  };
  afterEach(async () => {
    await Promise.all(sockets.splice(0).map((client) => client.close()));
  });

  /** Creates assignments and changes their status at random, one write after the other. */
  const work = async (writer: ArrangeableBackend, seed: number): Promise<number> => {
    const random = seededRandom(seed);
    const mine: Id<"assignments">[] = [];
    for (let n = 0; n < WRITES_EACH; n++) {
      const act = pick(random, ["create", "start", "update", "complete", "block", "unblock", "remove"] as const);
      const id = mine.length === 0 ? undefined : pick(random, mine);
      if (id === undefined || act === "create") {
        mine.push(await writer.mutation(api.assignments.create, { namespaceId, northStar: `Work of ${seed}` }));
      } else if (act === "start") {
        const { jobIds } = await makeChain(writer, namespaceId, ["plan"]);
        await writer.mutation(api.jobs.start, { id: jobIds[0]![0]! });
      } else if (act === "update") {
        const status = pick(random, ["pending", "active", "blocked", "complete"] as const);
        await writer.mutation(api.assignments.update, { id, status });
      } else if (act === "block") await writer.mutation(api.assignments.block, { id, reason: "any" });
      else if (act === "remove") {
        await writer.mutation(api.assignments.remove, { id });
        mine.splice(mine.indexOf(id), 1);
      } else await writer.mutation(api.assignments[act], { id });
    }
    return WRITES_EACH;
  };

  test("every write is taken, the counters are exact, and no subscriber ever saw them differ from the list", async () => {
    const watcher = openSocket();
    const args = { password: PASSWORD, namespaceId };
    let looks = 0;
    const differences: unknown[] = [];
    const look = () => {
      const { client } = watcher;
      const ask = (fn: FunctionReference<"query">, of: Record<string, Value>): unknown =>
        client.localQueryResult(getFunctionName(fn), of);
      const namespaces = ask(api.namespaces.list, { password: PASSWORD }) as Doc<"namespaces">[] | undefined;
      const list = ask(api.assignments.list, args) as Doc<"assignments">[] | undefined;
      if (namespaces === undefined || list === undefined) return;
      looks += 1;
      const counted: AssignmentCounts = { pending: 0, active: 0, blocked: 0, complete: 0 };
      for (const { status } of list) counted[status] += 1;
      const [{ assignmentCounts }] = namespaces as [Doc<"namespaces">];
      if (JSON.stringify(counted) !== JSON.stringify({ ...counted, ...assignmentCounts })) {
        differences.push({ counted, assignmentCounts });
      }
    };
    watcher.onUpdate(api.namespaces.list, { password: PASSWORD }, look);
    watcher.onUpdate(api.assignments.list, args, look);

    const writers = [
      ...Array.from({ length: HTTP_WRITERS }, () => serverBackend(server, httpCalls(server.url))),
      ...Array.from({ length: SOCKET_WRITERS }, () => serverBackend(server, openSocket() as never)),
    ];
    const writes = await Promise.all(writers.map((writer, seed) => work(writer, seed)));
    expect(writes).toEqual(writers.map(() => WRITES_EACH));
    await expectTrueCounts(backend, namespaceId);
    // A mutation of the watcher's own brings it up to the last write.
    await watcher.mutation(api.assignments.create, { ...args, northStar: "Last" });
    look();
    expect(differences).toEqual([]);
    expect(looks).toBeGreaterThan(2);
    expect(await backend.query(api.checks.namespace, { namespaceId })).not.toContainEqual(
      expect.objectContaining({ kind: "counters" }),
    );
  });

  test("two runners that reach for the same jobs: each job is started once, the counters move once", async () => {
    const chains = await Promise.all(
      Array.from({ length: 6 }, () => makeChain(backend, namespaceId, ["plan plan"], { independent: true })),
    );
    const jobs = chains.flatMap((chain) => chain.jobIds.flat());
    const runners = [openSocket(), openSocket()];
    const started = await Promise.all(
      runners.flatMap((runner) =>
        jobs.map(async (id) => {
          try {
            await runner.mutation(api.jobs.start, { password: PASSWORD, id });
            return 1;
          } catch (error) {
            expect(String(error)).toContain("only a pending job can be started");
            return 0;
          }
        }),
      ),
    );
    expect(started.filter((one) => one === 1)).toHaveLength(jobs.length);
    expect(await expectTrueCounts(backend, namespaceId)).toMatchObject({ pending: 0, active: 6 });
  });
});

describe("what the hot queries read, by the server's meter", () => {
  let observer: RunObserver;
  beforeEach(async () => {
    observer = await RunObserver.open(server);
  });
  afterEach(async () => await observer.close());

  /** Assignments that getReadyJobs has no business with: each with a chain of finished or waiting jobs. */
  const addUnworkable = async (count: number) => {
    const ids: Id<"assignments">[] = [];
    for (let n = 0; n < count; n++) {
      const { id } = await makeChain(backend, namespaceId, ["plan plan", "test"], { independent: true });
      await backend.mutation(api.assignments.update, { id, status: n % 2 === 0 ? "complete" : "blocked" });
      ids.push(id);
    }
    return ids;
  };
  const runsOfReadyJobs = (act: () => Promise<unknown>) => observer.runsDuring(act);

  test("I4: getReadyJobs reads no complete or blocked assignment, and no job while a group runs", async () => {
    const unworkable = await addUnworkable(8);
    const running = await makeChain(backend, namespaceId, ["plan plan plan", "test"], { independent: true });
    for (const id of running.jobIds[0]!.slice(0, 2)) await backend.mutation(api.jobs.start, { id });
    const pending = await makeChain(backend, namespaceId, ["plan plan", "test"], { independent: true });
    const first = await observer.subscribe("getReadyJobs", api.scheduler.getReadyJobs, { namespaceId });
    // Two assignments; the running one's first group; the pending one's two groups to see that none runs, its first
    // group again along the chain, and that group's two jobs.
    expect(first.documentsRead).toBe(2 + 1 + 2 + 1 + 2);

    // What it did not read cannot make it run: neither those assignments nor the jobs of the running group.
    const act = async () => {
      for (const id of unworkable) await observer.mutation(api.assignments.update, { id, artifacts: "[1]" });
      const [one, two] = running.jobIds[0]!;
      await observer.mutation(api.jobs.updateMetrics, { id: one!, toolCallCount: 3 });
      await observer.mutation(api.jobs.complete, { id: two!, result: "done" });
    };
    expect(await runsOfReadyJobs(act)).toEqual([]);

    // Once its group has ended, the running one's jobs are read as well: 3, and the next group's one.
    const end = async () => {
      const [one, , three] = running.jobIds[0]!;
      await backend.mutation(api.jobs.fail, { id: three! });
      await observer.mutation(api.jobs.complete, { id: one!, result: "done" });
    };
    const runs = await runsOfReadyJobs(end);
    expect(runs.at(-1)?.documentsRead).toBe(2 + (2 + 2 + 3 + 1) + (2 + 1 + 2));
    expect((await backend.query(api.scheduler.getReadyJobs, { namespaceId })).map(({ job }) => job._id)).toEqual([
      running.jobIds[1]![0],
      ...pending.jobIds[0]!,
    ]);
  });

  test.each([0, 6, 40])("I4: the same for %i more assignments that are complete or blocked", async (count) => {
    await addUnworkable(count);
    const { jobIds } = await makeChain(backend, namespaceId, ["plan plan"]);
    await backend.mutation(api.jobs.start, { id: jobIds[0]![0]! });
    const first = await observer.subscribe("getReadyJobs", api.scheduler.getReadyJobs, { namespaceId });
    expect(first.documentsRead).toBe(2);
  });

  test.each([
    { name: "no chat job", pending: 0, running: 0, finished: 0, reads: 0 },
    { name: "finished ones only", pending: 0, running: 0, finished: 12, reads: 0 },
    { name: "running ones", pending: 0, running: 5, finished: 4, reads: 1 },
    { name: "pending ones", pending: 5, running: 0, finished: 4, reads: 1 },
    { name: "all kinds", pending: 5, running: 5, finished: 4, reads: 1 },
  ])("I5: getActiveForThread reads at most two documents of $name", async ({ pending, running, finished, reads }) => {
    const threadId = await backend.mutation(api.chatThreads.create, { namespaceId });
    await backend.mutation(api.chatMessages.add, { threadId, role: "user", content: "hello" });
    for (let n = 0; n < pending + running + finished; n++) {
      const { jobId } = await backend.mutation(api.chatJobs.trigger, { threadId });
      if (n < pending) continue;
      await backend.mutation(api.chatJobs.start, { id: jobId });
      if (n >= pending + running) await backend.mutation(api.chatJobs.complete, { id: jobId, result: "so" });
    }
    const first = await observer.subscribe("typing", api.chatJobs.getActiveForThread, { threadId });
    expect(first.documentsRead).toBe(reads);
    expect(reads).toBeLessThanOrEqual(2);
    const before = await observer.subscribe("before", api.before.chatJobs.getActiveForThread, { threadId });
    expect(before.documentsRead).toBe(pending + running + finished);
  });
});

describe("I6, the after form behaves as the before form did", () => {
  const both = async () => {
    const before = await backend.query(api.before.scheduler.getReadyJobs, { namespaceId });
    const after = await backend.query(api.scheduler.getReadyJobs, { namespaceId });
    expect(after).toEqual(before);
    return after;
  };

  test.each([1, 2, 3])("dispatch order and context, step by step through a whole namespace (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    for (let n = 0; n < 4; n++) {
      const types = ["plan", "implement implement", "code-review", "pm", "test document"];
      const groups = Array.from({ length: 3 }, () => pick(random, types));
      const options = { independent: random() < 0.4, priority: pick(random, [1, 5, 10]) };
      await makeChain(backend, namespaceId, groups, options);
    }
    const order: string[] = [];
    for (let ready = await both(); ready.length > 0; ready = await both()) {
      const { job, assignment } = pick(random, ready);
      order.push(job.jobType);
      await backend.mutation(api.jobs.start, { id: job._id });
      await both();
      if (random() < 0.8) await backend.mutation(api.jobs.complete, { id: job._id, result: `${job.jobType} done` });
      else await backend.mutation(api.jobs.fail, { id: job._id });
      if (random() < 0.2) {
        const { groupId } = job;
        await backend.mutation(api.jobs.insertGroupAfter, { afterGroupId: groupId, jobs: jobInputs("test") });
      }
      // A chain that is done makes room for the next sequential one.
      const graph = await backend.query(api.assignments.getWithGroups, { id: assignment._id });
      if (graph!.groups.every((group) => group.status === "complete" || group.status === "failed")) {
        await backend.mutation(api.assignments.complete, { id: assignment._id });
      }
    }
    expect(order.length).toBeGreaterThanOrEqual(12);
    expect(await expectTrueCounts(backend, namespaceId)).toEqual({ pending: 0, active: 0, blocked: 0, complete: 4 });
  });

  test("typing: the same answer while one chat job is under way, whatever is behind it", async () => {
    const threadId = await backend.mutation(api.chatThreads.create, { namespaceId });
    await backend.mutation(api.chatMessages.add, { threadId, role: "user", content: "hello" });
    const expectSame = async (status: string | undefined) => {
      const after = await backend.query(api.chatJobs.getActiveForThread, { threadId });
      expect(after).toEqual(await backend.query(api.before.chatJobs.getActiveForThread, { threadId }));
      expect(after?.status).toBe(status);
    };
    await expectSame(undefined);
    for (const end of ["complete", "fail"] as const) {
      const { jobId } = await backend.mutation(api.chatJobs.trigger, { threadId });
      await expectSame("pending");
      await backend.mutation(api.chatJobs.start, { id: jobId });
      await expectSame("running");
      await backend.mutation(api.chatJobs[end], { id: jobId, result: "so" });
      await expectSame(undefined);
    }
  });

  test("counts and lists: what the sidebar and the queue showed is what they show", async () => {
    await finishJobs(backend, (await makeChain(backend, namespaceId, ["plan"])).jobIds[0]!);
    await makeChain(backend, namespaceId, ["plan"]);
    const { lastActivity: _, counts, ...old } = (await backend.query(api.before.scheduler.getAllNamespaces, {}))[0]!;
    expect(await backend.query(api.namespaces.list, {})).toEqual([{ ...old, assignmentCounts: counts }]);
    const { total, ...queue } = await backend.query(api.before.scheduler.getQueueStatus, { namespaceId });
    expect(queue).toEqual(counts);
    expect(total).toBe(2);
  });
});
