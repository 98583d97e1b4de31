/**
 * Jobs that walk every chat: how far each is, so that it can be stopped and continued.
 *
 * A job's position is a creation time. Chats do not change theirs, so none is met twice or missed whatever is written meanwhile; one that is
 * created while the job runs comes last.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";

export type ChatRunName = "backfillMessageCounts" | "verifyMessageCounts" | "fixMessageCounts";

/** Counters that differ shown in a result. */
export const SAMPLES_MAX = 10;

/** The job: the one that was stopped, or a new one. `isResumed` keeps the position of a finished one too, so that only later chats are met. */
export async function beginChatRun(
  ctx: MutationCtx,
  name: ChatRunName,
  isResumed: boolean,
): Promise<Doc<"migrationRuns">> {
  const former = await findChatRun(ctx, name);
  const isStopped = former !== null && !former.isComplete;
  const through = former !== null && (isStopped || isResumed) ? former.through : 0;
  const kept = isStopped ? { found: former.found, samples: former.samples } : { found: {}, samples: [] };
  const fields = { name, isComplete: false, table: "chats" as const, through, until: Infinity, ...kept };
  const id = former?._id ?? (await ctx.db.insert("migrationRuns", fields));
  if (former !== null) await ctx.db.patch("migrationRuns", id, fields);
  return { _id: id, _creationTime: 0, ...fields };
}

export async function findChatRun(ctx: QueryCtx, name: ChatRunName): Promise<Doc<"migrationRuns"> | null> {
  return await ctx.db
    .query("migrationRuns")
    .withIndex("by_name", (q) => q.eq("name", name))
    .first();
}

/** What one chat adds to a job's findings. */
export interface ChatFinding {
  readonly chat: Doc<"chats">;
  readonly stored: number;
  readonly actual: number;
  readonly isChanged: boolean;
}

/** Notes a chat as done. */
export async function noteChat(
  ctx: MutationCtx,
  run: Doc<"migrationRuns">,
  { chat, stored, actual, isChanged }: ChatFinding,
): Promise<void> {
  const { processed = 0, changed = 0, inconsistencies = 0 } = run.found;
  const differs = stored !== actual;
  const sample = { chatId: chat._id, storedCount: stored, actualCount: actual };
  const hasRoom = differs && run.samples.length < SAMPLES_MAX;
  await ctx.db.patch("migrationRuns", run._id, {
    through: chat._creationTime,
    found: {
      processed: processed + 1,
      changed: changed + (isChanged ? 1 : 0),
      inconsistencies: inconsistencies + (differs ? 1 : 0),
    },
    ...(hasRoom ? { samples: [...run.samples, sample] } : {}),
  });
}
