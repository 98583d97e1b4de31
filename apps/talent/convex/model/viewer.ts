/**
 * Who asks.
 *
 * A signed-in user is the subject of the identity. The demo page has no identity provider, so public functions take an optional `userId`,
 * which is honoured only when the deployment's environment variable DEMO is set; anywhere else it is as if it were not given.
 */
import { ConvexError, v } from "convex/values";
import type { Auth } from "convex/server";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";

/** The argument of every public function; see above. */
export const demoViewer = { userId: v.optional(v.string()) };

/** The user id of whoever asks, or null. It need not be the id of a row. */
export async function viewerId(ctx: { readonly auth: Auth }, userId: string | undefined): Promise<string | null> {
  const identity = await ctx.auth.getUserIdentity();
  if (identity !== null) return identity.subject;
  return userId !== undefined && isDemo() ? userId : null;
}

/** Like {@link viewerId}. @throws ConvexError When nobody is signed in. */
export async function requireViewer(ctx: { readonly auth: Auth }, userId: string | undefined): Promise<string> {
  const viewer = await viewerId(ctx, userId);
  if (viewer === null) throw new ConvexError("Cannot do this: nobody is signed in; sign in first");
  return viewer;
}

export function isDemo(): boolean {
  return (process.env["DEMO"] ?? "") !== "";
}

/** The profile of a user, or null. */
export async function profileOf(ctx: Pick<QueryCtx, "db">, userId: string): Promise<Doc<"profiles"> | null> {
  return await ctx.db
    .query("profiles")
    .withIndex("by_user", (q) => q.eq("userId", userId))
    .unique();
}

/** The row of a user whose id is a mere text: null when the text is no id of this table, or of no row. */
export async function userRow(ctx: Pick<QueryCtx, "db">, userId: string): Promise<Doc<"users"> | null> {
  const id = ctx.db.normalizeId("users", userId);
  return id === null ? null : await ctx.db.get("users", id);
}

/** @throws ConvexError Unless the viewer is an administrator of the organisation. */
export async function requireOrgAdmin(ctx: QueryCtx, orgId: Id<"organizations">, userId?: string): Promise<void> {
  const viewer = await requireViewer(ctx, userId);
  const membership = await ctx.db
    .query("orgMemberships")
    .withIndex("by_org_user", (q) => q.eq("orgId", orgId).eq("userId", viewer))
    .unique();
  if (membership?.role !== "admin") {
    throw new ConvexError(
      "Cannot show participants: you are not an administrator of the organisation; ask one of them",
    );
  }
}
