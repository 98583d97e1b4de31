/**
 * Tables of the chat. All three forms of the functions work on them.
 *
 * `chats.messageCount` and the rows of `dbStats` are derived; `model/tally.ts` and `lib/dbStats.ts` say how they are kept. What only the
 * form at the root uses (`recount`, `work`, `candidate`, `migrationRuns`, indexes `by_deleted` and `by_chat_creation`) is optional for the others.
 */
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { attachment, messageStatus } from "./model/fields.ts";

export default defineSchema({
  users: defineTable({
    externalId: v.string(),
    email: v.optional(v.string()),
    name: v.optional(v.string()),
    avatarUrl: v.optional(v.string()),
    encryptedOpenRouterKey: v.optional(v.string()),
    displayName: v.optional(v.string()),
    preferredTone: v.optional(v.string()),
    customInstructions: v.optional(v.string()),
    onboardingCompletedAt: v.optional(v.number()),
    fileUploadCount: v.optional(v.number()),
    createdAt: v.number(),
    updatedAt: v.number(),
  })
    .index("by_external_id", ["externalId"])
    .index("by_email", ["email"]),

  chats: defineTable({
    userId: v.id("users"),
    title: v.string(),
    createdAt: v.number(),
    updatedAt: v.number(),
    lastMessageAt: v.optional(v.number()),
    deletedAt: v.optional(v.number()),
    /** Messages that are not deleted. Absent: nobody has counted yet. */
    messageCount: v.optional(v.number()),
    /** While a chat is counted in several transactions: messages up to this creation time, and how many of them are not deleted. */
    recount: v.optional(v.object({ through: v.number(), counted: v.number() })),
    /** While messages follow their chat into the bin or out of it in several transactions. */
    work: v.optional(v.union(v.literal("removing"), v.literal("restoring"))),
  })
    .index("by_user", ["userId", "updatedAt"])
    .index("by_user_created", ["userId", "createdAt"])
    .index("by_user_last_message", ["userId", "lastMessageAt"])
    .index("by_user_not_deleted", ["userId", "deletedAt", "updatedAt"])
    .index("by_user_title", ["userId", "title"])
    .index("by_deleted", ["deletedAt"]),

  messages: defineTable({
    chatId: v.id("chats"),
    clientMessageId: v.optional(v.string()),
    role: v.string(),
    content: v.string(),
    reasoning: v.optional(v.string()),
    thinkingTimeMs: v.optional(v.number()),
    attachments: v.optional(v.array(attachment)),
    createdAt: v.number(),
    status: v.optional(messageStatus),
    userId: v.optional(v.id("users")),
    deletedAt: v.optional(v.number()),
  })
    .index("by_chat", ["chatId", "createdAt"])
    .index("by_client_id", ["chatId", "clientMessageId"])
    .index("by_user", ["userId"])
    .index("by_user_status", ["userId", "status", "createdAt"])
    .index("by_chat_not_deleted", ["chatId", "deletedAt", "createdAt"])
    .index("by_user_created", ["userId", "createdAt"])
    .index("by_chat_creation", ["chatId"])
    .index("by_deleted", ["deletedAt"]),

  fileUploads: defineTable({
    userId: v.id("users"),
    chatId: v.id("chats"),
    storageId: v.id("_storage"),
    filename: v.string(),
    contentType: v.string(),
    size: v.number(),
    uploadedAt: v.number(),
    deletedAt: v.optional(v.number()),
  })
    .index("by_user", ["userId", "uploadedAt"])
    .index("by_chat", ["chatId"])
    .index("by_storage", ["storageId"])
    .index("by_user_not_deleted", ["userId", "deletedAt", "uploadedAt"]),

  dbStats: defineTable({
    key: v.string(),
    value: v.number(),
    updatedAt: v.number(),
    metadata: v.optional(v.object({ description: v.optional(v.string()), category: v.optional(v.string()) })),
    /** While the tables are counted: the part of `value` that the count does not see. */
    candidate: v.optional(v.number()),
  }).index("by_key", ["key"]),

  /** How far the long jobs are, so that they can be stopped and continued. */
  migrationRuns: defineTable({
    name: v.string(),
    isComplete: v.boolean(),
    /** The table that is walked, and the creation time up to which it has been. */
    table: v.union(v.literal("users"), v.literal("chats"), v.literal("messages")),
    through: v.number(),
    /** Later documents are not walked: their writers count them. */
    until: v.number(),
    /** Numbers by name: what the job has found so far. */
    found: v.record(v.string(), v.number()),
    samples: v.array(v.object({ chatId: v.id("chats"), storedCount: v.number(), actualCount: v.number() })),
  }).index("by_name", ["name"]),
});
