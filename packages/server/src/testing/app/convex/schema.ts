import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema({
  rooms: defineTable({ name: v.string(), isOpen: v.boolean() }).index("by_name", ["name"]),
  messages: defineTable({
    room: v.id("rooms"),
    author: v.string(),
    body: v.string(),
    likes: v.number(),
    meta: v.optional(v.object({ language: v.string() })),
  })
    .index("by_room", ["room"])
    .index("by_room_likes", ["room", "likes"])
    .index("by_language", ["meta.language"]),
});
