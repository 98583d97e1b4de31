/**
 * The runner: two subscriptions, and a child process for every job that is ready.
 *
 *   getReadyJobs ──────┐                       heartbeat: updateMetrics when something changed
 *                      ├─▶ claim ─▶ harness ──▶ complete | fail ─▶ rules after a group
 *   getReadyChatJobs ──┘
 *
 * Invariants: a job is started at most once by this runner (`#tracked`) and at most once by anybody (`jobs.start` claims);
 * a started job is finished by this runner, or by the next one from the file that this one left.
 */
import { join } from "node:path";
import { api } from "../convex/_generated/api.js";
import type { Doc, Id } from "../convex/_generated/dataModel.js";
import type { ChatContext } from "../convex/model/chatContext.ts";
import type { ReadyJob } from "../convex/model/walk.ts";
import type { LiveClient } from "./client.ts";
import { commandFor, type Config } from "./config.ts";
import { afterGroup, resumeGroups } from "./group-rules.ts";
import { describeFailure, startHarness, type HarnessOutcome, type HarnessRun } from "./harness.ts";
import { Limiter } from "./limiter.ts";
import { endLeftProcess, StartedJobs } from "./orphans.ts";
import { chatPrompt, jobPrompt } from "./prompt.ts";

/** Pause before subscribing again after a subscription failed. */
const RESTART_DELAY_MS = 5_000;
/** Handed to agents as ORCHESTRATOR_HOME, so that they find the command line. */
const APP_FOLDER = join(import.meta.dirname, "..");
/** Bytes of one environment variable that systems accept. */
const ENVIRONMENT_TEXT_MAX = 100_000;

/** What a runner is made of. */
export interface RunnerOptions {
  readonly client: LiveClient;
  readonly config: Config;
  /** One line for the log. */
  readonly log: (line: string) => void;
  readonly restartDelayMs?: number;
}

/** Raised by {@link Runner.start} when there is nothing to work on. */
export class NamespaceMissing extends Error {
  override readonly name = "NamespaceMissing";
}

/** One runner for one namespace. */
export class Runner {
  readonly #client: LiveClient;
  readonly #config: Config;
  readonly #log: (line: string) => void;
  readonly #restartDelayMs: number;
  readonly #started: StartedJobs;
  readonly #jobLimiter: Limiter;
  /** A room of their own: a person waits for a chat, and jobs are long. */
  readonly #chatLimiter: Limiter;
  readonly #tracked = new Set<string>();
  readonly #runs = new Set<HarnessRun>();
  readonly #work = new Set<Promise<void>>();
  #unsubscribe: (() => void)[] = [];
  #restart: NodeJS.Timeout | undefined;
  #stopping = false;
  #namespaceId: Id<"namespaces"> | undefined;

  constructor({ client, config, log, restartDelayMs = RESTART_DELAY_MS }: RunnerOptions) {
    this.#client = client;
    this.#config = config;
    this.#log = log;
    this.#restartDelayMs = restartDelayMs;
    this.#started = new StartedJobs(config.stateDir);
    this.#jobLimiter = new Limiter(config.parallelMax);
    this.#chatLimiter = new Limiter(config.parallelMax);
  }

  /**
   * Finishes what an earlier runner left behind, then subscribes.
   *
   * @throws NamespaceMissing if the configured namespace does not exist.
   */
  async start(): Promise<void> {
    const { namespace: name } = this.#config;
    const namespace = await this.#client.query(api.namespaces.getByName, { name });
    if (namespace === null)
      throw new NamespaceMissing(`Cannot start the runner: there is no namespace "${name}"; create it first`);
    this.#namespaceId = namespace._id;
    await this.#reconcile();
    for (const line of await resumeGroups(this.#client, this.#config, namespace._id)) this.#log(line);
    this.#subscribe();
    this.#log(`watching namespace "${name}"`);
  }

  /** Ends subscriptions and child processes, and waits until their jobs are marked. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    this.#endSubscriptions();
    for (const run of this.#runs) run.stop();
    await Promise.all(this.#work);
  }

  #subscribe(): void {
    const namespaceId = this.#namespaceId!;
    const onError = (error: Error) => this.#resubscribe(error);
    this.#unsubscribe = [
      this.#client.onUpdate(api.scheduler.getReadyJobs, { namespaceId }, (ready) => this.#onJobs(ready), onError),
      this.#client.onUpdate(
        api.scheduler.getReadyChatJobs,
        { namespaceId },
        (ready) => this.#onChatJobs(ready.map(({ chatJob }) => chatJob)),
        onError,
      ),
    ];
  }

  #resubscribe(error: Error): void {
    if (this.#stopping || this.#unsubscribe.length === 0) return;
    this.#endSubscriptions();
    this.#log(`subscription failed: ${error.message}; again in ${this.#restartDelayMs / 1000} s`);
    this.#restart = setTimeout(() => this.#subscribe(), this.#restartDelayMs);
  }

  #endSubscriptions(): void {
    for (const end of this.#unsubscribe) end();
    this.#unsubscribe = [];
  }

  #onJobs(ready: readonly ReadyJob[]): void {
    for (const item of ready) this.#track(this.#jobLimiter, item.job._id, () => this.#runJob(item));
  }

  #onChatJobs(ready: readonly Doc<"chatJobs">[]): void {
    for (const job of ready) this.#track(this.#chatLimiter, job._id, () => this.#runChatJob(job));
  }

  /** Works on an id unless it is worked on already. What fails is logged and does not end the runner. */
  #track(limiter: Limiter, id: string, work: () => Promise<void>): void {
    if (this.#stopping || this.#tracked.has(id)) return;
    this.#tracked.add(id);
    const running = limiter
      .run(async () => (this.#stopping ? undefined : await work()))
      .catch((error: unknown) => this.#log(`${id}: ${error instanceof Error ? error.message : String(error)}`))
      .finally(() => {
        this.#tracked.delete(id);
        this.#work.delete(running);
      });
    this.#work.add(running);
  }

  async #runJob(ready: ReadyJob): Promise<void> {
    const { job, group } = ready;
    const assignment = await this.#client.query(api.assignments.get, { id: ready.assignment._id });
    if (assignment === null || assignment.status === "blocked") return;
    const prompt = jobPrompt({ ...ready, assignment });
    // Before the job is claimed: without a command for it, it stays pending for a runner that has one.
    commandFor(this.#config, job.harness, job.jobType);
    await this.#started.note("job", job._id);
    try {
      await this.#client.mutation(api.jobs.start, { id: job._id, prompt });
      this.#log(`${job.jobType} ${job._id} started (${job.harness})`);
      const outcome = await this.#harness("job", job, job.jobType, prompt, {
        WORKFLOW_ASSIGNMENT_ID: assignment._id,
        WORKFLOW_GROUP_ID: group._id,
        WORKFLOW_JOB_ID: job._id,
        WORKFLOW_JOB_TYPE: job.jobType,
        ...(job.jobType === "pm"
          ? {
              WORKFLOW_ARTIFACTS: assignment.artifacts.slice(0, ENVIRONMENT_TEXT_MAX),
              WORKFLOW_DECISIONS: assignment.decisions.slice(0, ENVIRONMENT_TEXT_MAX),
            }
          : {}),
      });
      const failure = describeFailure(outcome.end, this.#config);
      const ended =
        failure === undefined
          ? await this.#client.mutation(api.jobs.complete, { id: job._id, result: outcome.result, ...outcome.metrics })
          : await this.#client.mutation(api.jobs.fail, {
              id: job._id,
              result: `${failure}\n\n${outcome.result}`.trim(),
              ...outcome.metrics,
            });
      this.#log(`${job.jobType} ${job._id} ${failure === undefined ? "complete" : `failed: ${failure}`}`);
      // A runner that is being stopped leaves the consequences to the next one (`resumeGroups`).
      if (ended?.finished === true && !this.#stopping) await this.#afterGroup(ended.groupId);
    } finally {
      await this.#started.forget(job._id);
    }
  }

  async #runChatJob(job: Doc<"chatJobs">): Promise<void> {
    const context = JSON.parse(job.context) as ChatContext;
    const prompt = chatPrompt(context);
    commandFor(this.#config, job.harness, "chat");
    await this.#started.note("chat", job._id);
    try {
      await this.#client.mutation(api.chatJobs.start, { id: job._id, prompt });
      const outcome = await this.#harness("chat", job, "chat", prompt, {
        WORKFLOW_THREAD_ID: job.threadId,
        WORKFLOW_JOB_ID: job._id,
        WORKFLOW_JOB_TYPE: "chat",
        ...(context.assignmentId === null ? {} : { WORKFLOW_ASSIGNMENT_ID: context.assignmentId }),
        ...(context.claudeSessionId === null ? {} : { WORKFLOW_SESSION_ID: context.claudeSessionId }),
      });
      await this.#finishChat(job, context, outcome);
    } finally {
      await this.#started.forget(job._id);
    }
  }

  /** The answer goes into the thread before the job ends, so that "typing" never disappears without one. */
  async #finishChat(job: Doc<"chatJobs">, context: ChatContext, outcome: HarnessOutcome): Promise<void> {
    const { threadId } = job;
    const failure = describeFailure(outcome.end, this.#config);
    const answer = failure === undefined ? outcome.result : `I could not answer. ${failure}.`;
    await this.#client.mutation(api.chatMessages.add, { threadId, role: "assistant", content: answer });
    if (failure !== undefined) {
      const result = `${failure}\n\n${outcome.result}`.trim();
      await this.#client.mutation(api.chatJobs.fail, { id: job._id, result, ...outcome.metrics });
      this.#log(`chat ${job._id} failed: ${failure}`);
      return;
    }
    if (outcome.sessionId !== undefined && outcome.sessionId !== context.claudeSessionId) {
      const claudeSessionId = outcome.sessionId;
      await this.#client.mutation(api.chatThreads.updateSessionId, { id: threadId, claudeSessionId });
    }
    if (context.lastPromptMode !== context.effectivePromptMode) {
      const lastPromptMode = context.effectivePromptMode;
      await this.#client.mutation(api.chatThreads.updateLastPromptMode, { id: threadId, lastPromptMode });
    }
    if (context.isGuardianEvaluation && context.assignmentId !== null && outcome.alignment !== undefined) {
      const alignmentStatus = outcome.alignment;
      await this.#client.mutation(api.assignments.update, { id: context.assignmentId, alignmentStatus });
    }
    await this.#client.mutation(api.chatJobs.complete, { id: job._id, result: outcome.result, ...outcome.metrics });
    this.#log(`chat ${job._id} complete`);
  }

  /** Runs the command of a job to its end, with heartbeats while it runs. */
  async #harness(
    kind: "job" | "chat",
    job: Pick<Doc<"jobs">, "harness"> & { readonly _id: Id<"jobs"> | Id<"chatJobs"> },
    jobType: string,
    prompt: string,
    environment: Record<string, string>,
  ): Promise<HarnessOutcome> {
    const { workdir, timeoutMs, idleTimeoutMs, patterns } = this.#config;
    const run = startHarness({
      command: commandFor(this.#config, job.harness, jobType),
      prompt,
      environment: { ORCHESTRATOR_HOME: APP_FOLDER, ...environment },
      workdir,
      timeoutMs,
      idleTimeoutMs,
      patterns,
    });
    this.#runs.add(run);
    if (this.#stopping) run.stop();
    const heartbeat = this.#heartbeat(kind, job._id, run);
    try {
      if (run.pid !== undefined) await this.#started.note(kind, job._id, run.pid);
      return await run.outcome;
    } finally {
      clearInterval(heartbeat);
      this.#runs.delete(run);
    }
  }

  /** Reports counters from time to time, only if they have changed. */
  #heartbeat(kind: "job" | "chat", id: Id<"jobs"> | Id<"chatJobs">, run: HarnessRun): NodeJS.Timeout {
    let reported = run.metrics();
    return setInterval(() => {
      const metrics = run.metrics();
      if (metrics === reported) return;
      reported = metrics;
      const beat =
        kind === "job"
          ? this.#client.mutation(api.jobs.updateMetrics, { id: id as Id<"jobs">, ...metrics })
          : this.#client.mutation(api.chatJobs.updateMetrics, { id: id as Id<"chatJobs">, ...metrics });
      beat.catch((error: unknown) => this.#log(`${id}: heartbeat failed: ${String(error)}`));
    }, this.#config.heartbeatMs);
  }

  async #afterGroup(groupId: Id<"jobGroups">): Promise<void> {
    this.#log(`group ${groupId}: ${await afterGroup(this.#client, this.#config, groupId)}`);
  }

  /** Fails what an earlier runner had started and not finished. */
  async #reconcile(): Promise<void> {
    for (const left of await this.#started.leftBehind()) {
      const wasAlive = await endLeftProcess(left);
      const result = `The runner ended while this ran${wasAlive ? "; its process was ended" : ""}`;
      try {
        if (left.kind === "job") await this.#failLeftJob(left.id as Id<"jobs">, result);
        else await this.#failLeftChatJob(left.id as Id<"chatJobs">, result);
      } catch (error) {
        this.#log(`${left.id}: cannot be finished: ${error instanceof Error ? error.message : String(error)}`);
      }
      await this.#started.forget(left.id);
    }
  }

  async #failLeftJob(id: Id<"jobs">, result: string): Promise<void> {
    const job = await this.#client.query(api.jobs.get, { id });
    if (job?.status !== "running") return;
    const ended = await this.#client.mutation(api.jobs.fail, { id, result });
    this.#log(`${job.jobType} ${id} was left behind: failed`);
    if (ended?.finished === true) await this.#afterGroup(ended.groupId);
  }

  async #failLeftChatJob(id: Id<"chatJobs">, result: string): Promise<void> {
    const job = await this.#client.query(api.chatJobs.get, { id });
    if (job?.status !== "running") return;
    await this.#client.mutation(api.chatJobs.fail, { id, result });
    this.#log(`chat ${id} was left behind: failed`);
  }
}
