/**
 * Namespaces: one per client repository. The sidebar subscribes to `list` alone; the counters ride on the document.
 */
import { v } from "convex/values";
import { mutation, query } from "./_generated/server.js";
import { requirePassword } from "./model/auth.ts";
import { zeroCounts } from "./model/counts.ts";
import { namespaceDoc } from "./model/documents.ts";
import { mustExist, refuse } from "./model/errors.ts";

/** All namespaces in creation order; no other document is read. */
export const list = query({
  args: { password: v.string() },
  returns: v.array(namespaceDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    return await ctx.db.query("namespaces").collect();
  },
});

export const get = query({
  args: { password: v.string(), id: v.id("namespaces") },
  returns: v.nullable(namespaceDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    return await ctx.db.get("namespaces", args.id);
  },
});

/** The first namespace of that name, or null. */
export const getByName = query({
  args: { password: v.string(), name: v.string() },
  returns: v.nullable(namespaceDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    return await ctx.db
      .query("namespaces")
      .withIndex("by_name", (q) => q.eq("name", args.name))
      .first();
  },
});

/** Idempotent by name: an existing namespace is left as it is and its id returned. */
export const create = mutation({
  args: { password: v.string(), name: v.string(), description: v.optional(v.string()) },
  returns: v.id("namespaces"),
  handler: async (ctx, { password, ...fields }) => {
    requirePassword(password);
    const existing = await ctx.db
      .query("namespaces")
      .withIndex("by_name", (q) => q.eq("name", fields.name))
      .first();
    if (existing !== null) return existing._id;
    const now = Date.now();
    return await ctx.db.insert("namespaces", {
      ...fields,
      assignmentCounts: zeroCounts(),
      createdAt: now,
      updatedAt: now,
    });
  },
});

export const update = mutation({
  args: {
    password: v.string(),
    id: v.id("namespaces"),
    name: v.optional(v.string()),
    description: v.optional(v.string()),
  },
  returns: v.null(),
  handler: async (ctx, { password, id, ...changes }) => {
    requirePassword(password);
    mustExist(await ctx.db.get("namespaces", id), "Namespace");
    await ctx.db.patch("namespaces", id, { ...changes, updatedAt: Date.now() });
    return null;
  },
});

/**
 * Removes an empty namespace. One that still has assignments, threads or chat jobs is refused: there is no cascade,
 * and what it left behind would be reachable from nowhere.
 */
export const remove = mutation({
  args: { password: v.string(), id: v.id("namespaces") },
  returns: v.null(),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const namespace = mustExist(await ctx.db.get("namespaces", args.id), "Namespace");
    for (const table of ["assignments", "chatThreads", "chatJobs"] as const) {
      const left = await ctx.db
        .query(table)
        .withIndex("by_namespace", (q) => q.eq("namespaceId", args.id))
        .first();
      if (left !== null) refuse(`remove namespace "${namespace.name}"`, `it still has ${table}`, "remove those first");
    }
    await ctx.db.delete("namespaces", args.id);
    return null;
  },
});
