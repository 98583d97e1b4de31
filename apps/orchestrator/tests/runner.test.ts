/**
 * The runner with real child processes over a deployment in memory.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import { checkConfig, type Config } from "../runner/config.ts";
import { RECOVER_CONTEXT } from "../runner/group-rules.ts";
import { StartedJobs } from "../runner/orphans.ts";
import { NamespaceMissing, Runner } from "../runner/runner.ts";
import type { ArrangeableBackend } from "../testing/backend.ts";
import { convexTestDriver } from "../testing/convex-test-backend.ts";
import { liveBackend, type TestLiveClient } from "../testing/live-backend.ts";
import { expectTrueCounts, finishJobs, jobInputs, makeChain, makeNamespace } from "../testing/world.ts";

/** Prints its environment and prompt like an agent that did something. */
const AGENT = `printf '[tool] read\\n[tool] edit\\n[subagent] one\\n[tokens] 1234\\n'; echo "did $WORKFLOW_JOB_TYPE"`;

describe("runner", () => {
  let backend: ArrangeableBackend;
  let client: TestLiveClient;
  let namespaceId: Id<"namespaces">;
  let stateDir: string;
  let runner: Runner | undefined;
  let lines: string[];

  beforeEach(async () => {
    backend = await convexTestDriver.open();
    client = liveBackend(backend);
    namespaceId = await makeNamespace(backend);
    stateDir = await mkdtemp(join(tmpdir(), "orchestrator-runner-"));
    lines = [];
  });
  afterEach(async () => {
    await runner?.stop();
    runner = undefined;
    await rm(stateDir, { recursive: true });
  });

  const start = async (commands: Record<string, string>, overrides: Partial<Config> = {}) => {
    const config = checkConfig(
      {
        convexUrl: "http://unused.invalid",
        namespace: "harbor",
        password: "unused",
        timeoutMs: 20_000,
        idleTimeoutMs: 10_000,
        heartbeatMs: 20,
        parallelMax: 8,
        workdir: stateDir,
        stateDir,
        harnessDefaults: { default: "claude", pm: "gemini" },
        commands,
        patterns: {},
        ...overrides,
      },
      "the test",
    );
    runner = new Runner({ client, config, log: (line) => lines.push(line), restartDelayMs: 20 });
    await runner.start();
    return runner;
  };
  const eventually = <T>(read: () => Promise<T>, check: (value: T) => void) =>
    vi.waitFor(async () => check(await read()), { timeout: 15_000, interval: 20 });
  const assignmentStatus = async (id: Id<"assignments">) => (await backend.query(api.assignments.get, { id }))?.status;

  test("does not start without its namespace", async () => {
    await expect(start({ default: AGENT }, { namespace: "nowhere" })).rejects.toThrow(NamespaceMissing);
  });

  test("runs a chain to its end: jobs in order, results, counters, a PM at the end, assignment complete", async () => {
    const { id, jobIds } = await makeChain(backend, namespaceId, ["plan", "implement test"]);
    await start({ default: AGENT });
    await eventually(
      () => assignmentStatus(id),
      (status) => expect(status).toBe("complete"),
    );
    expect(await backend.query(api.jobs.get, { id: jobIds[0]![0]! })).toMatchObject({
      status: "complete",
      result: "did plan",
      toolCallCount: 2,
      subagentCount: 1,
      totalTokens: 1234,
      prompt: expect.stringContaining("Reach the goal"),
    });
    const graph = await backend.query(api.assignments.getWithGroups, { id });
    expect(
      graph?.groups.map((group) => group.jobs.map((job) => `${job.jobType} ${job.harness} ${job.status}`)),
    ).toEqual([
      ["plan claude complete"],
      ["implement claude complete", "test claude complete"],
      ["pm gemini complete"],
    ]);
    await expectTrueCounts(backend, namespaceId);
    await eventually(
      () => readdir(stateDir),
      (files) => expect(files).toEqual([]),
    );
  });

  test("a job is told about results before it, on its standard input", async () => {
    const { jobIds } = await makeChain(backend, namespaceId, ["plan", "implement"]);
    await start({ plan: "echo the plan is short", default: "cat" });
    await eventually(
      () => backend.query(api.jobs.get, { id: jobIds[1]![0]! }),
      (job) => expect(job?.result).toContain("the plan is short"),
    );
  });

  test("an agent knows its assignment, group and job; a PM also artifacts and decisions", async () => {
    const { id, groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan"]);
    await backend.mutation(api.assignments.update, { id, artifacts: "[1]", decisions: "[2]" });
    await start({
      default: `echo "$WORKFLOW_ASSIGNMENT_ID $WORKFLOW_GROUP_ID $WORKFLOW_JOB_ID $WORKFLOW_ARTIFACTS"`,
      pm: `echo "$WORKFLOW_ARTIFACTS $WORKFLOW_DECISIONS"`,
    });
    await eventually(
      () => assignmentStatus(id),
      (status) => expect(status).toBe("complete"),
    );
    const graph = await backend.query(api.assignments.getWithGroups, { id });
    expect(graph?.groups.map((group) => group.jobs[0]?.result)).toEqual([
      `${id} ${groupIds[0]} ${jobIds[0]![0]}`,
      "[1] [2]",
    ]);
  });

  test("heartbeats report counters while the job runs", async () => {
    const { jobIds } = await makeChain(backend, namespaceId, ["plan"]);
    await start({ default: `echo "[tool] one"; sleep 20`, pm: "true" });
    await eventually(
      () => backend.query(api.jobs.get, { id: jobIds[0]![0]! }),
      (job) => expect(job).toMatchObject({ status: "running", toolCallCount: 1 }),
    );
  });

  test.each([
    { name: "an exit code", command: "echo half; exit 3", result: "The command ended with exit code 3\n\nhalf" },
    { name: "a signal", command: "kill -9 $$", result: "The command was ended by SIGKILL" },
    {
      name: "the time limit",
      command: "while true; do echo busy; sleep 0.05; done",
      overrides: { timeoutMs: 300 },
      result: "ran longer than 0.3 s",
    },
    {
      name: "the idle limit",
      command: "echo begun; sleep 30",
      overrides: { idleTimeoutMs: 200 },
      result: "printed nothing for 0.2 s\n\nbegun",
    },
  ])("a job fails by $name, and a PM is to recover", async ({ command, overrides, result }) => {
    const { id, jobIds } = await makeChain(backend, namespaceId, ["plan"]);
    await start({ plan: command, default: "true" }, overrides);
    await eventually(
      () => assignmentStatus(id),
      (status) => expect(status).toBe("complete"),
    );
    const job = await backend.query(api.jobs.get, { id: jobIds[0]![0]! });
    expect(job?.status).toBe("failed");
    expect(job?.result).toContain(result);
    const graph = await backend.query(api.assignments.getWithGroups, { id });
    expect(graph?.groups[1]?.jobs[0]).toMatchObject({ jobType: "pm", context: RECOVER_CONTEXT });
  });

  test("a PM that inserts jobs keeps the assignment going", async () => {
    const { id, groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan"]);
    await finishJobs(backend, jobIds[0]!);
    const pm = await backend.mutation(api.jobs.insertGroupAfter, { afterGroupId: groupIds[0]!, jobs: jobInputs("pm") });
    await backend.mutation(api.jobs.insertGroupAfter, { afterGroupId: pm.groupId, jobs: jobInputs("implement") });
    await start({ default: AGENT });
    await eventually(
      () => assignmentStatus(id),
      (status) => expect(status).toBe("complete"),
    );
    const graph = await backend.query(api.assignments.getWithGroups, { id });
    expect(graph?.groups.map((group) => group.jobs[0]?.jobType)).toEqual(["plan", "pm", "implement", "pm"]);
  });

  test("a guardian reads the PM's report and says whether the work is aligned", async () => {
    const { id } = await makeChain(backend, namespaceId, ["plan"]);
    const threadId = await backend.mutation(api.chatThreads.create, { namespaceId });
    await backend.mutation(api.chatThreads.enableGuardianMode, { threadId, assignmentId: id });
    await start({ chat: `echo "it drifts"; echo "[alignment] misaligned"`, default: AGENT });
    await eventually(
      () => backend.query(api.assignments.get, { id }),
      (assignment) => expect(assignment?.alignmentStatus).toBe("misaligned"),
    );
    const messages = await backend.query(api.chatMessages.list, { threadId });
    expect(messages.map((message) => message.role)).toEqual(["pm", "assistant"]);
    expect(messages[0]?.content).toContain("did pm");
    expect(messages[1]?.content).toBe("it drifts");
  });

  test("a chat message is answered; session and prompt mode are remembered", async () => {
    const threadId = await backend.mutation(api.chatThreads.create, { namespaceId });
    await start({ chat: `grep -c hello; echo "[session] s-9"` });
    await client.mutation(api.chatMessages.add, { threadId, role: "user", content: "hello there" });
    const { jobId } = await client.mutation(api.chatJobs.trigger, { threadId });
    await eventually(
      () => backend.query(api.chatJobs.get, { id: jobId }),
      (job) => expect(job?.status).toBe("complete"),
    );
    const messages = await backend.query(api.chatMessages.list, { threadId });
    expect(messages.at(-1)).toMatchObject({ role: "assistant", content: "2" });
    expect(await backend.query(api.chatThreads.get, { id: threadId })).toMatchObject({
      claudeSessionId: "s-9",
      lastPromptMode: "jam",
    });
  });

  test("a chat that fails says so in the thread", async () => {
    const threadId = await backend.mutation(api.chatThreads.create, { namespaceId });
    await start({ chat: "exit 4" });
    await client.mutation(api.chatMessages.add, { threadId, role: "user", content: "hello" });
    const { jobId } = await client.mutation(api.chatJobs.trigger, { threadId });
    await eventually(
      () => backend.query(api.chatJobs.get, { id: jobId }),
      (job) => expect(job?.status).toBe("failed"),
    );
    expect((await backend.query(api.chatMessages.list, { threadId })).at(-1)?.content).toContain("exit code 4");
  });

  test("subscribes again after a subscription failed", async () => {
    await start({ default: AGENT });
    client.breakSubscriptions(new Error("function threw"));
    const { id } = await makeChain(backend, namespaceId, ["plan"]);
    await eventually(
      () => assignmentStatus(id),
      (status) => expect(status).toBe("complete"),
    );
    expect(lines).toContain("subscription failed: function threw; again in 0.02 s");
  });

  test("no more jobs at a time than allowed, and all of them in the end", async () => {
    const { id } = await makeChain(backend, namespaceId, ["plan plan plan plan"]);
    await start({ default: "sleep 0.1; echo done" }, { parallelMax: 2 });
    let most = 0;
    await eventually(
      async () => {
        most = Math.max(most, (await backend.query(api.jobs.list, { status: "running" })).length);
        return await assignmentStatus(id);
      },
      (status) => expect(status).toBe("complete"),
    );
    expect(most).toBe(2);
    expect(await backend.query(api.jobs.list, { status: "failed" })).toEqual([]);
  });

  test("a job without a command stays pending and the log says what is missing", async () => {
    const { jobIds } = await makeChain(backend, namespaceId, ["plan"]);
    await start({});
    await vi.waitFor(() => expect(lines.join()).toContain('"commands" has none of "claude/plan"'));
    expect((await backend.query(api.jobs.get, { id: jobIds[0]![0]! }))?.status).toBe("pending");
  });

  test("stopping ends the child processes and marks their jobs", async () => {
    const { jobIds } = await makeChain(backend, namespaceId, ["plan"]);
    const running = await start({ default: "echo $$; sleep 60" });
    await eventually(
      () => backend.query(api.jobs.list, { status: "running" }),
      (jobs) => expect(jobs).toHaveLength(1),
    );
    await running.stop();
    const job = await backend.query(api.jobs.get, { id: jobIds[0]![0]! });
    expect(job?.status).toBe("failed");
    expect(job?.result).toContain("runner was stopped");
    expect(await readdir(stateDir)).toEqual([]);
  });

  test("a new runner finishes what a killed one left: process ended, job failed, chain goes on", async () => {
    const { id, jobIds } = await makeChain(backend, namespaceId, ["plan"]);
    const job = jobIds[0]![0]!;
    await backend.mutation(api.jobs.start, { id: job });
    const child = spawn("sleep 60", { shell: true, detached: true });
    const ended = new Promise((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
    await new StartedJobs(stateDir).note("job", job, child.pid);
    await start({ default: AGENT });
    expect(await ended).toBe("SIGKILL");
    expect((await backend.query(api.jobs.get, { id: job }))?.status).toBe("failed");
    await eventually(
      () => assignmentStatus(id),
      (status) => expect(status).toBe("complete"),
    );
  });

  test("a process that merely has the same number as a left one is not touched", async () => {
    const { jobIds } = await makeChain(backend, namespaceId, ["plan"]);
    await backend.mutation(api.jobs.start, { id: jobIds[0]![0]! });
    const left = { kind: "job", id: jobIds[0]![0], pid: process.pid, processStart: "1" };
    await writeFile(join(stateDir, `${jobIds[0]![0]}.job.json`), JSON.stringify(left));
    await start({ default: AGENT });
    expect((await backend.query(api.jobs.get, { id: jobIds[0]![0]! }))?.status).toBe("failed");
  });

  test("a group that ended while no runner was there gets its PM at the next start", async () => {
    const { id, jobIds } = await makeChain(backend, namespaceId, ["plan"]);
    await finishJobs(backend, jobIds[0]!);
    await start({ default: AGENT });
    await eventually(
      () => assignmentStatus(id),
      (status) => expect(status).toBe("complete"),
    );
  });
});
