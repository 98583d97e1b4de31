import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema(
  {
    lists: defineTable({ name: v.string(), rank: v.int64() }).index("by_name", ["name"]),
    items: defineTable({
      list: v.id("lists"),
      text: v.string(),
      isDone: v.boolean(),
      weight: v.float64(),
      blob: v.optional(v.bytes()),
      place: v.optional(v.object({ shelf: v.union(v.string(), v.null()), box: v.array(v.number()) })),
    })
      .index("by_list", ["list", "isDone"])
      .index("by_shelf", ["place.shelf"]),
    covers: defineTable({ list: v.id("lists"), file: v.id("_storage") }),
  },
  { strictTableNameTypes: false },
);
