/**
 * Persons by the key of their browser.
 */
import type { Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { refuse } from "./errors.ts";

const KEY_CHARS_MIN = 8;

/** Idempotent: one person a key. */
export async function personWithKey(ctx: MutationCtx, clientKey: string, name: string): Promise<Id<"users">> {
  if (clientKey.length < KEY_CHARS_MIN) {
    refuse("find the person", "the key is short enough to guess", `use at least ${KEY_CHARS_MIN} characters`);
  }
  const existing = await ctx.db
    .query("users")
    .withIndex("by_client_key", (q) => q.eq("clientKey", clientKey))
    .unique();
  return existing?._id ?? (await ctx.db.insert("users", { clientKey, name }));
}
