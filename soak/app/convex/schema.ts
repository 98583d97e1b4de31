import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema({
  lists: defineTable({ values: v.array(v.number()) }),
  notes: defineTable({ room: v.string(), text: v.string() }).index("by_room", ["room"]),
});
