/**
 * Making and knowing a user, the same in all forms but for the counter.
 */
import { v, type Infer } from "convex/values";
import type { Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";

export const ensureArgs = {
  externalId: v.string(),
  email: v.optional(v.string()),
  name: v.optional(v.string()),
  avatarUrl: v.optional(v.string()),
};
const ensureObject = v.object(ensureArgs);
export const ensureResult = v.object({ userId: v.id("users") });

/** See `users.ensure`. `created` is called for a new user. */
export async function ensureUser(
  ctx: MutationCtx,
  { externalId, ...fields }: Infer<typeof ensureObject>,
  created: (id: Id<"users">) => Promise<void>,
): Promise<{ userId: Id<"users"> }> {
  const existing = await ctx.db
    .query("users")
    .withIndex("by_external_id", (q) => q.eq("externalId", externalId))
    .unique();
  const now = Date.now();
  if (existing === null) {
    const userId = await ctx.db.insert("users", { externalId, ...fields, createdAt: now, updatedAt: now });
    await created(userId);
    return { userId };
  }
  const differs = (["email", "name", "avatarUrl"] as const).some(
    (field) => fields[field] !== undefined && fields[field] !== existing[field],
  );
  if (differs) await ctx.db.patch("users", existing._id, { ...fields, updatedAt: now });
  return { userId: existing._id };
}
