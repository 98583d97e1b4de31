/**
 * The demo: a shop's back end with work in every state, and a quiet second repository.
 *
 * The active and the independent assignment have jobs that are ready, so a runner that is started beside it has
 * something to do at once; the others show what blocked, waiting and finished work looks like.
 */
import type { Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { moveCount, zeroCounts } from "./counts.ts";
import type { AssignmentStatus, ChatMode, ChatRole, Harness } from "./fields.ts";
import { aggregateResults } from "./groups.ts";

/** The namespace that a demo's runner works on. */
export const DEMO_NAMESPACE = "orchard-shop";

interface DemoJob {
  readonly jobType: string;
  readonly harness: Harness;
  readonly context: string;
  /** A finished job has one. */
  readonly result?: string;
}

interface DemoAssignment {
  readonly northStar: string;
  readonly status: AssignmentStatus;
  readonly independent?: boolean;
  readonly blockedReason?: string;
  readonly alignmentStatus?: "aligned" | "uncertain" | "misaligned";
  readonly artifacts?: string;
  readonly decisions?: string;
  readonly groups: readonly (readonly DemoJob[])[];
  readonly thread?: {
    readonly title: string;
    readonly mode: ChatMode;
    readonly messages: readonly (readonly [ChatRole, string])[];
  };
}

const MINUTE_MS = 60_000;

const ASSIGNMENTS: readonly DemoAssignment[] = [
  {
    northStar:
      "Checkout must never charge twice\n\nA customer who presses the button twice, or whose phone loses the network in between, is charged once. " +
      "Prove it with a test that cuts the connection at every step.",
    status: "active",
    alignmentStatus: "aligned",
    artifacts: JSON.stringify([{ title: "Payment sequence", path: "docs/checkout/sequence.md" }]),
    decisions: JSON.stringify([
      { title: "The client makes the idempotency key", why: "Only it knows that two requests are one wish" },
    ]),
    groups: [
      [
        {
          jobType: "plan",
          harness: "claude",
          context: "Read the checkout module and write down every place where a request can be repeated.",
          result:
            "Four places repeat a request: the button, the service worker, the gateway's own retry and the queue consumer. " +
            "The first two can share a key made by the page; the consumer must remember keys for a day.",
        },
      ],
      [
        {
          jobType: "implement",
          harness: "claude",
          context: "Make the idempotency key on the page and send it with every attempt.",
        },
        {
          jobType: "implement",
          harness: "codex",
          context: "Remember keys in the payments table for a day and answer repeats from there.",
        },
        { jobType: "test", harness: "gemini", context: "Write the test that cuts the connection at every step." },
      ],
      [
        {
          jobType: "review",
          harness: "claude",
          context: "Review both changes together: can a key be reused for another basket?",
        },
        { jobType: "review", harness: "codex", context: "Review the migration: locks, run time, rollback." },
      ],
      [
        {
          jobType: "document",
          harness: "gemini",
          context: "One page for support: what a customer sees, what to answer.",
        },
      ],
    ],
    thread: {
      title: "Double charges at checkout",
      mode: "guardian",
      messages: [
        ["user", "Support had three double charges last week. I want this gone, not rarer."],
        [
          "assistant",
          "Then the fix has to be where the money moves, not on the button. I would give every attempt a key that the page makes once, and let the payments table refuse the second use. Shall I plan it like that?",
        ],
        ["user", "Yes. And I want a test that I can believe in."],
        [
          "assistant",
          "I added one to the plan: it cuts the connection after every single step and counts charges. Watching the assignment from here.",
        ],
      ],
    },
  },
  {
    northStar:
      "Search understands plurals\n\nSearching for “apples” finds “apple” and the other way round, in German and English, without a new service.",
    status: "pending",
    independent: true,
    groups: [
      [
        {
          jobType: "plan",
          harness: "gemini",
          context: "Compare three small stemmers on the product names of the catalogue.",
        },
      ],
      [
        { jobType: "implement", harness: "claude", context: "Stem names at import and queries at search." },
        {
          jobType: "test",
          harness: "codex",
          context: "Fifty searches that customers really made, with what they expected.",
        },
      ],
    ],
    thread: {
      title: "Search: apples and apple",
      mode: "jam",
      messages: [
        ["user", "What would it take to match plurals?"],
        [
          "assistant",
          "A stemmer at import and at query time. The names are short, so the risk is that “news” becomes “new”. A list of exceptions of twenty words covers our catalogue.",
        ],
      ],
    },
  },
  {
    northStar: "Delivery slots by post code\n\nThe basket offers only slots that a van can keep.",
    status: "pending",
    groups: [
      [{ jobType: "plan", harness: "claude", context: "Which data do we have about vans and areas?" }],
      [{ jobType: "implement", harness: "codex", context: "Slot table, and the query of the basket page." }],
    ],
  },
  {
    northStar:
      "Move product images to the new bucket\n\nNo broken picture during the move, and the old bucket closed at the end of the month.",
    status: "blocked",
    blockedReason: "The storage account is not open for us yet; operations answer on Monday",
    alignmentStatus: "uncertain",
    groups: [
      [
        {
          jobType: "plan",
          harness: "codex",
          context: "How many images, how large, who reads them?",
          result:
            "41,300 images, 62 GB. Read by the shop, the newsletter and one partner feed that has the old addresses written down.",
        },
      ],
      [
        {
          jobType: "implement",
          harness: "codex",
          context: "Copy with checksums; redirect what is asked at the old address.",
        },
      ],
    ],
    thread: {
      title: "Image bucket",
      mode: "cook",
      messages: [
        ["user", "Please copy the images, newest first."],
        [
          "assistant",
          "I cannot write to the new bucket yet. The assignment is blocked until the account is open; the copy script is ready and tested on a folder.",
        ],
      ],
    },
  },
  {
    northStar: "Nightly stock report in under a minute",
    status: "complete",
    alignmentStatus: "aligned",
    groups: [
      [
        {
          jobType: "plan",
          harness: "claude",
          context: "Where does the time go?",
          result: "94 % in one query that runs once per product. It can run once per warehouse.",
        },
      ],
      [
        {
          jobType: "implement",
          harness: "claude",
          context: "One query per warehouse.",
          result: "Done. From 11 minutes to 38 seconds on last night's data.",
        },
        {
          jobType: "review",
          harness: "gemini",
          context: "Same numbers?",
          result: "The same numbers in all 1,204 rows, compared with the report of the night before.",
        },
      ],
    ],
  },
];

/** Writes the demo unless its namespace exists. */
export async function loadDemo(ctx: MutationCtx, now: number): Promise<{ loaded: boolean; namespace: string }> {
  const existing = await ctx.db
    .query("namespaces")
    .withIndex("by_name", (q) => q.eq("name", DEMO_NAMESPACE))
    .first();
  if (existing !== null) return { loaded: false, namespace: DEMO_NAMESPACE };
  const shop = await insertNamespace(ctx, DEMO_NAMESPACE, "Web shop of a fruit farm: basket, payments, delivery", now);
  await insertNamespace(ctx, "orchard-docs", "Handbook and runbooks of the shop", now - 60 * MINUTE_MS);
  for (const [index, assignment] of ASSIGNMENTS.entries()) {
    await insertAssignment(ctx, shop, assignment, now - (ASSIGNMENTS.length - index) * 40 * MINUTE_MS);
  }
  return { loaded: true, namespace: DEMO_NAMESPACE };
}

async function insertNamespace(ctx: MutationCtx, name: string, description: string, now: number) {
  return await ctx.db.insert("namespaces", {
    name,
    description,
    assignmentCounts: zeroCounts(),
    createdAt: now,
    updatedAt: now,
  });
}

async function insertAssignment(
  ctx: MutationCtx,
  namespaceId: Id<"namespaces">,
  assignment: DemoAssignment,
  createdAt: number,
): Promise<void> {
  const { groups, thread, independent = false, artifacts = "", decisions = "", ...fields } = assignment;
  const assignmentId = await ctx.db.insert("assignments", {
    ...fields,
    namespaceId,
    independent,
    priority: 10,
    artifacts,
    decisions,
    createdAt,
    updatedAt: createdAt,
  });
  await moveCount(ctx, namespaceId, null, assignment.status);
  const groupIds: Id<"jobGroups">[] = [];
  for (const jobs of groups) groupIds.push(await insertDemoGroup(ctx, assignmentId, jobs, createdAt));
  await linkChain(ctx, assignmentId, groupIds);
  if (thread === undefined) return;
  const { messages, ...head } = thread;
  const threadId = await ctx.db.insert("chatThreads", {
    ...head,
    namespaceId,
    assignmentId,
    createdAt,
    updatedAt: createdAt + messages.length * MINUTE_MS,
  });
  for (const [index, [role, content]] of messages.entries()) {
    await ctx.db.insert("chatMessages", { threadId, role, content, createdAt: createdAt + index * MINUTE_MS });
  }
}

/** Makes a chain of an assignment's groups, in their order. */
export async function linkChain(
  ctx: MutationCtx,
  assignmentId: Id<"assignments">,
  groupIds: readonly Id<"jobGroups">[],
): Promise<void> {
  const [headGroupId] = groupIds;
  if (headGroupId !== undefined) await ctx.db.patch("assignments", assignmentId, { headGroupId });
  for (const [index, id] of groupIds.entries()) {
    const nextGroupId = groupIds[index + 1];
    if (nextGroupId !== undefined) await ctx.db.patch("jobGroups", id, { nextGroupId });
  }
}

async function insertDemoGroup(
  ctx: MutationCtx,
  assignmentId: Id<"assignments">,
  jobs: readonly DemoJob[],
  createdAt: number,
): Promise<Id<"jobGroups">> {
  const isDone = jobs.every((job) => job.result !== undefined);
  const groupId = await ctx.db.insert("jobGroups", {
    assignmentId,
    status: isDone ? "complete" : "pending",
    createdAt,
    ...(isDone ? { aggregatedResult: aggregateResults(jobs) } : {}),
  });
  for (const job of jobs) {
    await ctx.db.insert("jobs", {
      ...job,
      groupId,
      createdAt,
      ...(job.result === undefined
        ? { status: "pending" }
        : {
            status: "complete",
            prompt: job.context,
            startedAt: createdAt,
            completedAt: createdAt + 6 * MINUTE_MS,
            lastEventAt: createdAt + 6 * MINUTE_MS,
            toolCallCount: 14,
            subagentCount: 1,
            totalTokens: 31_400,
          }),
    });
  }
  return groupId;
}
