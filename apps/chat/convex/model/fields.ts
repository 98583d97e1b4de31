/**
 * Validators that several functions share, and the types that belong to them.
 */
import { v, type Infer } from "convex/values";

/** A file on a message. `url` is only in results; it is never stored. */
export const attachment = v.object({
  storageId: v.id("_storage"),
  filename: v.string(),
  contentType: v.string(),
  size: v.number(),
  uploadedAt: v.number(),
  url: v.optional(v.string()),
});
export type Attachment = Infer<typeof attachment>;

/** Absent on a message that was there at once. */
export const messageStatus = v.union(
  v.literal("streaming"),
  v.literal("completed"),
  v.literal("stopped"),
  v.literal("failed"),
);

/** What a client says about a message. The role is checked by the function, which names the two that there are. */
export const messageInput = v.object({
  clientMessageId: v.optional(v.string()),
  content: v.string(),
  reasoning: v.optional(v.string()),
  thinkingTimeMs: v.optional(v.number()),
  attachments: v.optional(v.array(attachment)),
  createdAt: v.optional(v.number()),
  status: v.optional(messageStatus),
});
export type MessageInput = Infer<typeof messageInput>;

/** A message as it is shown: without the fields that the reader of a chat knows already. */
export const shownMessage = v.object({
  _id: v.id("messages"),
  clientMessageId: v.optional(v.string()),
  role: v.string(),
  content: v.string(),
  reasoning: v.optional(v.string()),
  thinkingTimeMs: v.optional(v.number()),
  attachments: v.optional(v.array(attachment)),
  createdAt: v.number(),
  status: v.optional(messageStatus),
});
export type ShownMessage = Infer<typeof shownMessage>;

/** A chat as the sidebar shows it. */
export const shownChat = v.object({
  _id: v.id("chats"),
  title: v.string(),
  createdAt: v.number(),
  updatedAt: v.number(),
  lastMessageAt: v.optional(v.number()),
});

/** What `crons.generateDatabaseStats` gives. */
export const databaseStats = v.object({
  success: v.boolean(),
  stats: v.object({
    timestamp: v.number(),
    tables: v.object({
      chats: v.object({ total: v.number(), softDeleted: v.number(), active: v.number() }),
      messages: v.object({ total: v.number(), softDeleted: v.number(), active: v.number() }),
      users: v.object({ total: v.number() }),
    }),
  }),
});
export type DatabaseStats = Infer<typeof databaseStats>;
