/**
 * The runner as a program of its own over the real server, with the demo harness: a chain to its end, a killed runner, a server
 * that is closed and opened again in the middle. And I3 of what really runs: none of it executes a function of the before form.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { api } from "../convex/_generated/api.js";
import type { Doc, Id } from "../convex/_generated/dataModel.js";
import type { ArrangeableBackend } from "../testing/backend.ts";
import { httpCalls, serverBackend } from "../testing/narrowcast-backend.ts";
import { RunnerHome } from "../testing/runner-process.ts";
import { TestServer } from "../testing/server.ts";
import { expectTrueCounts, makeChain, makeNamespace } from "../testing/world.ts";

const QUICK = { steps: 3, stepMs: 20 };
const SLOW = { steps: 1_000, stepMs: 50 };

describe("runner program over the real server", () => {
  let directory: string;
  let server: TestServer;
  let backend: ArrangeableBackend;
  let home: RunnerHome;
  let namespaceId: Id<"namespaces">;

  const serve = async (options: { port?: number; isPushed?: boolean } = {}) => {
    server = await TestServer.start({ directory, threads: true, ...options });
    backend = serverBackend(server, httpCalls(server.url));
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "orchestrator-store-"));
    home = await RunnerHome.make();
    await serve();
    namespaceId = await makeNamespace(backend);
  });
  afterEach(async () => {
    await home.close();
    await server.close();
    await rm(directory, { recursive: true });
  });

  const eventually = <T>(read: () => Promise<T>, check: (value: T) => void) =>
    vi.waitFor(async () => check(await read()), { timeout: 25_000, interval: 50 });
  const untilComplete = (id: Id<"assignments">) =>
    eventually(
      () => backend.query(api.assignments.get, { id }),
      (assignment) => expect(assignment?.status, home.output).toBe("complete"),
    );
  const jobsOf = async (id: Id<"assignments">): Promise<Doc<"jobs">[][]> => {
    const graph = await backend.query(api.assignments.getWithGroups, { id });
    return graph!.groups.map((group) => group.jobs);
  };
  const runningJob = async (): Promise<Doc<"jobs">> => {
    let job: Doc<"jobs"> | undefined;
    await eventually(
      () => backend.query(api.jobs.list, { status: "running" }),
      (jobs) => {
        job = jobs.find((each) => (each.toolCallCount ?? 0) > 0);
        expect(job, home.output).toBeDefined();
      },
    );
    return job!;
  };

  test("a chain runs to its end, with a PM; a chat is answered; nothing of the before form is executed", async () => {
    const { cursor } = await server.deployment.logs(0, 0);
    const { id } = await makeChain(backend, namespaceId, ["plan", "implement test"]);
    const threadId = await backend.mutation(api.chatThreads.create, { namespaceId });
    await backend.mutation(api.chatThreads.enableGuardianMode, { threadId, assignmentId: id });
    await backend.mutation(api.chatMessages.add, { threadId, role: "user", content: "How far are you?" });
    await backend.mutation(api.chatJobs.trigger, { threadId });
    const runner = await home.start({ url: server.url, ...QUICK });
    await untilComplete(id);
    const jobs = await jobsOf(id);
    expect(jobs.map((group) => group.map((job) => `${job.jobType} ${job.harness} ${job.status}`))).toEqual([
      ["plan claude complete"],
      ["implement claude complete", "test claude complete"],
      ["pm gemini complete"],
    ]);
    for (const job of jobs.flat()) {
      expect(job).toMatchObject({ toolCallCount: 3, prompt: expect.stringContaining("Reach the goal") });
      expect(job.totalTokens).toBeGreaterThan(1_000);
      expect(job.result).toContain("Reach the goal");
    }
    // The guardian judges the PM's report; it has heard from the agent before.
    await eventually(
      () => backend.query(api.chatMessages.list, { threadId }),
      (messages) =>
        expect(messages.map((message) => message.role).toSorted()).toEqual(["assistant", "assistant", "pm", "user"]),
    );
    await eventually(
      () => backend.query(api.chatJobs.getActiveForThread, { threadId }),
      (job) => expect(job).toBeNull(),
    );
    expect((await backend.query(api.assignments.get, { id }))?.alignmentStatus).toBe("aligned");
    expect(await expectTrueCounts(backend, namespaceId)).toEqual({ pending: 0, active: 0, blocked: 0, complete: 1 });
    expect(await runner.end("SIGTERM")).toBe(0);
    expect(await home.notes()).toEqual([]);
    const { entries } = await server.deployment.logs(cursor, 0);
    expect(entries.length).toBeGreaterThan(20);
    expect(entries.map((entry) => entry.path).filter((path) => path.startsWith("before/"))).toEqual([]);
  });

  test("a killed runner: the next one fails its job, ends its process, and the chain goes on", async () => {
    const { id } = await makeChain(backend, namespaceId, ["plan", "implement"]);
    const killed = await home.start({ url: server.url, ...SLOW });
    const left = await runningJob();
    await killed.end("SIGKILL");
    expect(await home.notes()).toHaveLength(1);
    expect((await backend.query(api.jobs.get, { id: left._id }))?.status).toBe("running");

    await home.start({ url: server.url, ...QUICK });
    await untilComplete(id);
    expect(await backend.query(api.jobs.get, { id: left._id })).toMatchObject({
      status: "failed",
      result: "The runner ended while this ran; its process was ended",
    });
    expect((await jobsOf(id)).map((group) => group.map((job) => `${job.jobType} ${job.status}`))).toEqual([
      ["plan failed"],
      ["implement complete"],
      ["pm complete"],
    ]);
    expect(await home.notes()).toEqual([]);
    await expectTrueCounts(backend, namespaceId);
  });

  test("a server that is closed and opened again in the middle of a job: the same runner goes on to the end", async () => {
    const { id } = await makeChain(backend, namespaceId, ["plan", "implement test"]);
    await home.start({ url: server.url, steps: 30, stepMs: 50 });
    const { _id, toolCallCount = 0 } = await runningJob();
    const port = Number(new URL(server.url).port);
    await server.close();
    await serve({ port, isPushed: true });
    const kept = await backend.query(api.jobs.get, { id: _id });
    expect(kept).toMatchObject({ status: "running" });
    expect(kept!.toolCallCount).toBeGreaterThanOrEqual(toolCallCount);
    await untilComplete(id);
    expect((await jobsOf(id)).map((group) => group.map((job) => `${job.jobType} ${job.status}`))).toEqual([
      ["plan complete"],
      ["implement complete", "test complete"],
      ["pm complete"],
    ]);
    expect((await backend.query(api.jobs.get, { id: _id }))?.toolCallCount).toBe(30);
    await expectTrueCounts(backend, namespaceId);
  });
});
