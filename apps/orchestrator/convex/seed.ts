/**
 * Data to measure with and data to look at. Internal: only an administrator can call these.
 *
 *   step  one bounded write of the big data set (`model/seedPlan.ts`); `tools/seed.ts` calls it with 0, 1, 2 … to the end
 *   demo  two small namespaces for a first look, written once
 *   clear everything away again
 */
import { v } from "convex/values";
import type { Id } from "./_generated/dataModel.js";
import { internalMutation, type MutationCtx } from "./_generated/server.js";
import { effectivePromptMode } from "./model/chatContext.ts";
import { moveCount, zeroCounts } from "./model/counts.ts";
import { mustExist, refuse } from "./model/errors.ts";
import type { WorkStatus } from "./model/fields.ts";
import { aggregateResults } from "./model/groups.ts";
import { linkChain, loadDemo } from "./model/seedDemo.ts";
import {
  jobTypeAt,
  planAssignment,
  SEED_NAMESPACES,
  SEED_STEPS,
  seedStep,
  SIZES,
  type SeedState,
  type SeedStep,
  type Size,
} from "./model/seedPlan.ts";
import { artifacts, between, goal, pick, prose, seededRandom, sentence, type Random } from "./model/seedText.ts";

/** Documents that one call of `clear` removes; chat jobs are large, so not many. */
const CLEAR_BATCH = 50;
const TABLES = ["chatJobs", "chatMessages", "chatThreads", "jobs", "jobGroups", "assignments", "namespaces"] as const;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Writes step `number`. The same state, seed and time give the same documents. Returns the next number, or null. */
export const step = internalMutation({
  args: {
    state: v.union(v.literal("typical"), v.literal("worst")),
    seed: v.number(),
    now: v.number(),
    number: v.number(),
  },
  returns: v.object({ next: v.nullable(v.number()), total: v.number() }),
  handler: async (ctx, { state, seed, now, number }) => {
    const todo = seedStep(number);
    if (todo !== undefined) await writeStep(ctx, todo, { state, now, random: seededRandom(seed * 100_003 + number) });
    return { next: number + 1 < SEED_STEPS ? number + 1 : null, total: SEED_STEPS };
  },
});

/** Two small namespaces, unless they are there. `namespace` is the one whose jobs are ready to run. */
export const demo = internalMutation({
  args: {},
  returns: v.object({ loaded: v.boolean(), namespace: v.string() }),
  handler: async (ctx) => await loadDemo(ctx, Date.now()),
});

/** Removes documents of every table, a bounded number a call; `done` when nothing is left. */
export const clear = internalMutation({
  args: {},
  returns: v.object({ done: v.boolean() }),
  handler: async (ctx) => {
    for (const table of TABLES) {
      const batch = await ctx.db.query(table).take(CLEAR_BATCH);
      for (const document of batch) await ctx.db.delete(document._id);
      if (batch.length > 0) return { done: false };
    }
    return { done: true };
  },
});

interface SeedContext {
  readonly state: SeedState;
  readonly now: number;
  readonly random: Random;
}

async function writeStep(ctx: MutationCtx, todo: SeedStep, seed: SeedContext): Promise<void> {
  if (todo.kind === "namespace") return await writeNamespace(ctx, todo.namespace, seed);
  const name = SEED_NAMESPACES[todo.namespace]!;
  const namespace = mustExist(
    await ctx.db
      .query("namespaces")
      .withIndex("by_name", (q) => q.eq("name", name))
      .first(),
    "Namespace",
  );
  switch (todo.kind) {
    case "assignment":
      return await writeAssignment(ctx, namespace._id, todo.index, seed);
    case "thread":
      return await writeThread(ctx, namespace._id, todo.index, seed);
    case "chatJobs":
      return await writeChatJob(ctx, namespace._id, todo.index, seed);
  }
}

async function writeNamespace(ctx: MutationCtx, index: number, { now, random }: SeedContext): Promise<void> {
  const name = SEED_NAMESPACES[index]!;
  const existing = await ctx.db
    .query("namespaces")
    .withIndex("by_name", (q) => q.eq("name", name))
    .first();
  if (existing !== null) refuse("write the seed data", `namespace "${name}" exists`, "seed an empty deployment");
  const [low, high] = SIZES.description;
  await ctx.db.insert("namespaces", {
    name,
    description: prose(random, low)
      .replaceAll(/###[^\n]*\n+/gu, "")
      .slice(0, high),
    assignmentCounts: zeroCounts(),
    createdAt: now - 30 * DAY_MS,
    updatedAt: now - index * DAY_MS,
  });
}

async function writeAssignment(
  ctx: MutationCtx,
  namespaceId: Id<"namespaces">,
  index: number,
  { state, now, random }: SeedContext,
): Promise<void> {
  const plan = planAssignment(state, index);
  const createdAt = now - 20 * DAY_MS + index * 6 * 60 * MINUTE_MS;
  const assignmentId = await ctx.db.insert("assignments", {
    namespaceId,
    northStar: `${goal(random)}\n\n${text(random, SIZES.northStar)}`,
    status: plan.status,
    ...(plan.status === "blocked" ? { blockedReason: sentence(random) } : {}),
    alignmentStatus: pick(random, ["aligned", "aligned", "aligned", "uncertain", "misaligned"] as const),
    independent: plan.independent,
    priority: between(random, 1, 20),
    artifacts: artifacts(random, between(random, ...SIZES.artifacts)),
    decisions: artifacts(random, between(random, ...SIZES.decisions)),
    createdAt,
    updatedAt: createdAt + 60 * MINUTE_MS,
  });
  await moveCount(ctx, namespaceId, null, plan.status);
  const groupIds: Id<"jobGroups">[] = [];
  for (const [groupIndex, statuses] of plan.groups.entries()) {
    groupIds.push(await writeGroup(ctx, assignmentId, groupIndex, statuses, createdAt, now, random));
  }
  await linkChain(ctx, assignmentId, groupIds);
}

async function writeGroup(
  ctx: MutationCtx,
  assignmentId: Id<"assignments">,
  groupIndex: number,
  statuses: readonly WorkStatus[],
  createdAt: number,
  now: number,
  random: Random,
): Promise<Id<"jobGroups">> {
  const groupId = await ctx.db.insert("jobGroups", {
    assignmentId,
    status: groupStatus(statuses),
    createdAt,
  });
  const jobs = statuses.map((status) => jobFields(status, jobTypeAt(groupIndex), createdAt, now, random));
  for (const job of jobs) await ctx.db.insert("jobs", { groupId, ...job });
  const aggregatedResult = aggregateResults(jobs);
  if (aggregatedResult !== "") await ctx.db.patch("jobGroups", groupId, { aggregatedResult });
  return groupId;
}

function groupStatus(statuses: readonly WorkStatus[]): WorkStatus {
  if (statuses.includes("running")) return "running";
  if (statuses.includes("pending")) return "pending";
  return statuses.includes("complete") ? "complete" : "failed";
}

function jobFields(status: WorkStatus, jobType: string, createdAt: number, now: number, random: Random) {
  const job = { jobType, harness: pick(random, ["claude", "codex", "gemini"] as const), status, createdAt };
  const context = text(random, SIZES.pendingContext);
  if (status === "pending") return { ...job, context };
  const prompt = text(random, SIZES.prompt);
  const metrics = {
    toolCallCount: between(random, 3, 90),
    subagentCount: between(random, 0, 4),
    totalTokens: between(random, 8_000, 240_000),
  };
  if (status === "running")
    return { ...job, context, prompt, ...metrics, startedAt: now - 4 * MINUTE_MS, lastEventAt: now };
  const startedAt = createdAt + 5 * MINUTE_MS;
  const completedAt = startedAt + between(random, 5, 20) * MINUTE_MS;
  return {
    ...job,
    prompt,
    ...metrics,
    startedAt,
    completedAt,
    lastEventAt: completedAt,
    result: text(random, SIZES.result),
  };
}

async function writeThread(
  ctx: MutationCtx,
  namespaceId: Id<"namespaces">,
  index: number,
  { now, random }: SeedContext,
): Promise<void> {
  const recent = await ctx.db
    .query("assignments")
    .withIndex("by_namespace", (q) => q.eq("namespaceId", namespaceId))
    .order("desc")
    .take(index + 1);
  const assignment = recent.at(-1);
  const start = now - (index + 1) * DAY_MS;
  const mode = pick(random, ["jam", "cook", "guardian"] as const);
  const messages = index === 0 ? 200 : between(random, 40, 120);
  const threadId = await ctx.db.insert("chatThreads", {
    namespaceId,
    title: goal(random),
    mode,
    lastPromptMode: effectivePromptMode(mode),
    ...(assignment === undefined ? {} : { assignmentId: assignment._id }),
    createdAt: start,
    updatedAt: start + messages * MINUTE_MS,
  });
  for (let m = 0; m < messages; m++) {
    await ctx.db.insert("chatMessages", {
      threadId,
      role: m % 2 === 0 ? "user" : "assistant",
      content: text(random, SIZES.message),
      createdAt: start + m * MINUTE_MS,
    });
  }
}

/** One finished chat job of the long thread; its context repeats the history up to its own time. */
async function writeChatJob(
  ctx: MutationCtx,
  namespaceId: Id<"namespaces">,
  index: number,
  { now, random }: SeedContext,
): Promise<void> {
  const threads = await ctx.db
    .query("chatThreads")
    .withIndex("by_namespace", (q) => q.eq("namespaceId", namespaceId))
    .take(1);
  const thread = mustExist(threads[0] ?? null, "Thread");
  const history = await ctx.db
    .query("chatMessages")
    .withIndex("by_thread_created", (q) => q.eq("threadId", thread._id))
    .take(4 * (index + 1));
  const messages = history.map(({ role, content, createdAt }) => ({ role, content, createdAt }));
  const createdAt = history.at(-1)?.createdAt ?? now;
  await ctx.db.insert("chatJobs", {
    threadId: thread._id,
    namespaceId,
    harness: "claude",
    context: JSON.stringify({ threadId: thread._id, namespaceId, mode: thread.mode, messages }),
    prompt: text(random, SIZES.message),
    status: "complete",
    result: text(random, SIZES.chatResult),
    startedAt: createdAt,
    completedAt: createdAt + MINUTE_MS,
    toolCallCount: between(random, 0, 12),
    totalTokens: between(random, 2_000, 60_000),
    lastEventAt: createdAt + MINUTE_MS,
    createdAt,
  });
}

function text(random: Random, size: Size): string {
  return prose(random, between(random, ...size)).slice(0, size[1]);
}
