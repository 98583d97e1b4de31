/**
 * Names of people by user id.
 */
import type { QueryCtx } from "../_generated/server.js";
import { profileOf } from "./viewer.ts";

/** Names of distinct users, each profile read once; users without a profile or a name are mapped to `undefined`. */
export async function namesOf(
  ctx: Pick<QueryCtx, "db">,
  userIds: Iterable<string>,
): Promise<Map<string, string | undefined>> {
  const distinct = [...new Set(userIds)];
  return new Map(
    await Promise.all(distinct.map(async (userId) => [userId, (await profileOf(ctx, userId))?.name] as const)),
  );
}
