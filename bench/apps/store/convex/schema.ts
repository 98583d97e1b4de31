import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema({
  // Four trees: by id, by time of creation, and two of its own.
  items: defineTable({
    channel: v.number(),
    author: v.string(),
    body: v.string(),
    likes: v.number(),
    isPinned: v.boolean(),
    sentAt: v.number(),
  })
    .index("by_channel", ["channel"])
    .index("by_author", ["author", "likes"]),
  accounts: defineTable({ number: v.number(), balance: v.number() }).index("by_number", ["number"]),
  blobs: defineTable({ number: v.number(), body: v.string() }).index("by_number", ["number"]),
});
