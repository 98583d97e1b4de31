/**
 * What a reader sees of chats and messages.
 */
import type { PaginationResult } from "convex/server";
import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { refuse } from "./errors.ts";
import type { ShownMessage } from "./fields.ts";
import { CHATS_PER_PAGE, CHATS_PER_PAGE_MAX } from "./limits.ts";

/** Messages as they are shown. Each file's address is looked up once, however many messages show it. */
export async function showMessages(ctx: QueryCtx, messages: readonly Doc<"messages">[]): Promise<ShownMessage[]> {
  const urls = await urlsOf(ctx, messages);
  return messages.map(
    ({ _creationTime, chatId: _chat, userId: _user, deletedAt: _deleted, attachments, ...shown }) => ({
      ...shown,
      ...(attachments === undefined ? {} : { attachments: withUrls(attachments, urls) }),
    }),
  );
}

/** The same with every field, as first written. */
export async function wholeMessages(ctx: QueryCtx, messages: readonly Doc<"messages">[]): Promise<Doc<"messages">[]> {
  const urls = await urlsOf(ctx, messages);
  return messages.map(({ attachments, ...message }) => ({
    ...message,
    ...(attachments === undefined ? {} : { attachments: withUrls(attachments, urls) }),
  }));
}

/** Every live message of a chat, oldest first: as much as there is. */
export async function allMessages(ctx: QueryCtx, chatId: Id<"chats">): Promise<Doc<"messages">[]> {
  return await ctx.db
    .query("messages")
    .withIndex("by_chat_not_deleted", (q) => q.eq("chatId", chatId).eq("deletedAt", undefined))
    .order("asc")
    .collect();
}

/** Arguments of `chats.list`. */
export const listChatsArgs = {
  userId: v.id("users"),
  cursor: v.optional(v.string()),
  limit: v.optional(v.number()),
};

/** One page of a user's chats that are not deleted, the one that changed last first. */
export async function pageOfChats(
  ctx: QueryCtx,
  { userId, cursor, limit = CHATS_PER_PAGE }: { userId: Id<"users">; cursor?: string; limit?: number },
): Promise<PaginationResult<Doc<"chats">>> {
  if (!Number.isInteger(limit) || limit < 1 || limit > CHATS_PER_PAGE_MAX) {
    refuse("list the chats", `the limit is ${limit}`, `it should be a whole number from 1 to ${CHATS_PER_PAGE_MAX}`);
  }
  return await ctx.db
    .query("chats")
    .withIndex("by_user_not_deleted", (q) => q.eq("userId", userId).eq("deletedAt", undefined))
    .order("desc")
    .paginate({ numItems: limit, cursor: cursor ?? null });
}

/** A chat as the sidebar shows it. */
export function showChat({ _id, title, createdAt, updatedAt, lastMessageAt }: Doc<"chats">) {
  return { _id, title, createdAt, updatedAt, ...(lastMessageAt === undefined ? {} : { lastMessageAt }) };
}

type Attachments = NonNullable<Doc<"messages">["attachments"]>;

function withUrls(attachments: Attachments, urls: ReadonlyMap<Id<"_storage">, string>): Attachments {
  return attachments.map((attachment) => {
    const url = urls.get(attachment.storageId);
    return { ...attachment, ...(url === undefined ? {} : { url }) };
  });
}

/** Addresses of the files on some messages; a file that is gone has none. */
async function urlsOf(
  ctx: QueryCtx,
  messages: readonly Doc<"messages">[],
): Promise<ReadonlyMap<Id<"_storage">, string>> {
  const ids = new Set(messages.flatMap(({ attachments = [] }) => attachments.map(({ storageId }) => storageId)));
  const urls = new Map<Id<"_storage">, string>();
  await Promise.all(
    [...ids].map(async (id) => {
      const url = await ctx.storage.getUrl(id);
      if (url !== null) urls.set(id, url);
    }),
  );
  return urls;
}
