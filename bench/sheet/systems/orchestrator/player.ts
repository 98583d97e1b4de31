/**
 * One page and one runner on one deployment, and the writes that they make.
 *
 * Everything that is written follows from the facts of the seeded data and from how often it was written before, so players in
 * different worlds that play the same do the same.
 *
 * @module
 */
import { prose, seededRandom, type Random } from "../../../../apps/orchestrator/convex/model/seedText.ts";
import type { CountedSocket } from "../../socket.ts";
import type { Stage } from "../../stage.ts";
import type { Form } from "../../size.ts";
import type { World } from "../../world.ts";
import { PASSWORD, type Facts, type GroupFacts } from "./facts.ts";
import { pathIn, requestsOf, type Part } from "./forms.ts";

const RANDOM_SEED = 11;
/** Sizes in bytes, from the middle of the ranges of the data set. */
const PROMPT_BYTES = 12_000;
const RESULT_BYTES = 4_000;
const CONTEXT_BYTES = 700;
const MESSAGE_BYTES = 1_500;
const ARTIFACTS_BYTES = 1_000;
const REASON_BYTES = 200;
const NORTH_STAR_BYTES = 1_200;
const GROUP_JOBS = 3;
/** Groups of an assignment that is made while the day goes. */
const CHAIN_GROUPS = 5;

/** See the module comment. */
export class Player {
  readonly world: World;
  readonly form: Form;
  readonly page: CountedSocket;
  readonly runner: CountedSocket;
  readonly #facts: Facts;
  readonly #random: Random = seededRandom(RANDOM_SEED);
  /** Parts that the page shows. */
  readonly #parts: readonly Part[];
  #openId: string;
  #groups: GroupFacts[];
  #runningAt: number;
  #ticks = 0;
  #changes = 0;

  /**
   * @param parts What the page shows; the chain is followed when it moves on.
   * @param watch Sees every frame of the page and of the runner; for tests.
   */
  constructor(
    stage: Stage<Facts>,
    parts: readonly Part[],
    watch: { readonly page?: (frame: string) => void; readonly runner?: (frame: string) => void } = {},
  ) {
    const { world, form, facts } = stage;
    this.world = world;
    this.form = form;
    this.#facts = facts;
    this.#parts = parts;
    this.#openId = facts.openId;
    this.#groups = [...facts.groups];
    this.#runningAt = facts.runningAt;
    this.page = stage.socket(watch.page);
    this.runner = stage.socket(watch.runner);
  }

  /** Opens everything: the first runs. */
  async subscribe(runnerParts: readonly Part[]): Promise<void> {
    if (this.#parts.length > 0) await this.page.modify(requestsOf(this.form, this.#parts, this.#shown()));
    if (runnerParts.length > 0) await this.runner.modify(requestsOf(this.form, runnerParts, this.#shown()));
  }

  /** The heartbeat of one running job, the next one each time. */
  async tick(): Promise<void> {
    this.#ticks += 1;
    const { jobs } = this.#groups[this.#runningAt]!;
    await this.#run("jobs:updateMetrics", { id: jobs[this.#ticks % jobs.length], ...this.#metrics() });
  }

  /** The jobs of the running group end one after the other, and the runner starts those of the next group. */
  async transition(): Promise<void> {
    if (this.#runningAt === this.#groups.length - 1) await this.#insertGroup();
    for (const id of this.#groups[this.#runningAt]!.jobs) {
      await this.#run("jobs:complete", { id, result: this.#text(RESULT_BYTES), ...this.#metrics() });
    }
    this.#runningAt += 1;
    await this.#startGroup();
  }

  /** The last group of the chain ends and with it the assignment; the next one, made and shown on the page, begins. */
  async nextAssignment(): Promise<void> {
    const { namespaceId } = this.#facts;
    const ended = this.#openId;
    for (const id of this.#groups[this.#runningAt]!.jobs) {
      await this.#run("jobs:complete", { id, result: this.#text(RESULT_BYTES), ...this.#metrics() });
    }
    const northStar = this.#text(NORTH_STAR_BYTES);
    const created = { namespaceId, northStar, independent: true };
    const openId = (await this.#click("assignments:create", created)) as string;
    const head = (await this.#click("jobs:createGroup", { assignmentId: openId, jobs: this.#jobs() })) as Created;
    const former = requestsOf(this.form, this.#parts, this.#shown());
    this.#openId = openId;
    this.#groups = [{ id: head.groupId, jobs: head.jobIds }];
    this.#runningAt = 0;
    await this.#follow(former);
    while (this.#groups.length < CHAIN_GROUPS) await this.#insertGroup();
    await this.#run("assignments:complete", { id: ended });
    await this.#startGroup();
  }

  /** Whether the running group is the last of its chain. */
  get isAtEnd(): boolean {
    return this.#runningAt === this.#groups.length - 1;
  }

  /** A person blocks an assignment, and unblocks it the next time. */
  async toggleBlock(): Promise<void> {
    this.#changes += 1;
    // The last of the list is not blocked in any state of the data, so each of these changes its status.
    const id = this.#facts.linked.at(-1);
    if (this.#changes % 2 === 1) await this.#click("assignments:block", { id, reason: this.#text(REASON_BYTES) });
    else await this.#click("assignments:unblock", { id });
  }

  /** An agent writes down what it has made: the assignment changes, its status does not. */
  async noteArtifacts(): Promise<void> {
    await this.#run("assignments:update", { id: this.#openId, artifacts: this.#text(ARTIFACTS_BYTES) });
  }

  /** A guardian judges one of the assignments that the threads show, another one each time. */
  async judge(): Promise<void> {
    const { linked } = this.#facts;
    const id = linked[this.#changes % linked.length];
    const alignmentStatus = ["uncertain", "misaligned", "aligned"][Math.floor(this.#changes / linked.length) % 3];
    this.#changes += 1;
    await this.#run("assignments:update", { id, alignmentStatus });
  }

  async message(role: "user" | "assistant"): Promise<void> {
    const args = { threadId: this.#facts.threadId, role, content: this.#text(MESSAGE_BYTES) };
    await (role === "user" ? this.#click("chatMessages:add", args) : this.#run("chatMessages:add", args));
  }

  /** A person asks; returns the chat job, which the runner has started. */
  async askAgent(): Promise<string> {
    await this.message("user");
    const { threadId } = this.#facts;
    const { jobId } = (await this.#click("chatJobs:trigger", { threadId })) as { jobId: string };
    await this.#run("chatJobs:start", { id: jobId, prompt: this.#text(MESSAGE_BYTES) });
    return jobId;
  }

  async chatTick(id: string): Promise<void> {
    await this.#run("chatJobs:updateMetrics", { id, ...this.#metrics() });
  }

  /** The agent answers: first the message, then the end of its job. */
  async answer(id: string): Promise<void> {
    await this.message("assistant");
    await this.#run("chatJobs:complete", { id, result: this.#text(MESSAGE_BYTES), ...this.#metrics() });
  }

  #shown() {
    const { namespaceId, linked, threadId } = this.#facts;
    return { namespaceId, linked, threadId, openId: this.#openId, groupIds: this.#groups.map(({ id }) => id) };
  }

  /** Subscribes to what is shown now and was not, and leaves what is shown no more. */
  async #follow(former: ReturnType<typeof requestsOf>): Promise<void> {
    const now = requestsOf(this.form, this.#parts, this.#shown());
    const keys = (requests: typeof now) => new Set(requests.map((request) => JSON.stringify(request)));
    const [were, are] = [keys(former), keys(now)];
    const add = now.filter((request) => !were.has(JSON.stringify(request)));
    const remove = former.filter((request) => !are.has(JSON.stringify(request)));
    if (add.length + remove.length > 0) await this.page.modify(add, remove);
  }

  async #startGroup(): Promise<void> {
    for (const id of this.#groups[this.#runningAt]!.jobs) {
      await this.#run("jobs:start", { id, prompt: this.#text(PROMPT_BYTES) });
    }
  }

  async #insertGroup(): Promise<void> {
    const former = requestsOf(this.form, this.#parts, this.#shown());
    const after = { afterGroupId: this.#groups.at(-1)!.id, jobs: this.#jobs() };
    const { groupId, jobIds } = (await this.#run("jobs:insertGroupAfter", after)) as Created;
    this.#groups.push({ id: groupId, jobs: jobIds });
    await this.#follow(former);
  }

  #jobs(): object[] {
    const context = this.#text(CONTEXT_BYTES);
    return Array.from({ length: GROUP_JOBS }, () => ({ jobType: "implement", harness: "claude", context }));
  }

  #metrics(): object {
    const lastEventAt = this.world.clock.nowMs();
    return { totalTokens: 1_000_000 + Math.floor(this.#random() * 1e6), toolCallCount: 100 + this.#ticks, lastEventAt };
  }

  #text(bytes: number): string {
    return prose(this.#random, bytes).slice(0, bytes);
  }

  async #run(path: string, args: object): Promise<unknown> {
    return await this.#call(this.runner, path, args);
  }

  async #click(path: string, args: object): Promise<unknown> {
    return await this.#call(this.page, path, args);
  }

  async #call(socket: CountedSocket, path: string, args: object): Promise<unknown> {
    this.world.clock.moveTo(this.world.clock.nowMs() + 1_000);
    return await socket.mutate(pathIn(this.form, path), { password: PASSWORD, ...args });
  }
}

interface Created {
  readonly groupId: string;
  readonly jobIds: readonly string[];
}
