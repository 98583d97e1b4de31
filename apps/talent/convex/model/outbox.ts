/**
 * Rows of the outbox and their keys.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import type { MailKind } from "./fields.ts";

/** One mail of a kind for each user and day (UTC). */
export function mailKey(kind: MailKind, userId: string, now: number): string {
  return `${kind}:${userId}:${new Date(now).toISOString().slice(0, 10)}`;
}

export async function outboxRow(ctx: Pick<QueryCtx, "db">, key: string): Promise<Doc<"mails"> | null> {
  return await ctx.db
    .query("mails")
    .withIndex("by_key", (q) => q.eq("key", key))
    .unique();
}
