/**
 * Ids of the seeded data that the scenarios need.
 *
 * @module
 */
import type { Value } from "@narrowcast/values";
import type { World } from "../../world.ts";

/** Of every deployment of the sheet. */
export const PASSWORD = "sheet";

/** A group of the open assignment's chain, with its jobs in creation order. */
export interface GroupFacts {
  readonly id: string;
  readonly jobs: readonly string[];
}

/** See the module comment. All of the first namespace. */
export interface Facts {
  readonly namespaceId: string;
  /** The assignment that the page shows: the first active one. */
  readonly openId: string;
  /** Its chain, head first. */
  readonly groups: readonly GroupFacts[];
  /** The place of its running group in {@linkcode groups}. */
  readonly runningAt: number;
  /** Assignments that the threads' badges show. */
  readonly linked: readonly string[];
  /** The thread that the page shows: the one with the many chat jobs. */
  readonly threadId: string;
}

interface Row {
  readonly _id: string;
  readonly _creationTime: number;
  readonly assignmentId?: string;
}

interface Assignment extends Row {
  readonly groups: readonly (Row & { readonly status: string; readonly jobs: readonly Row[] })[];
}

/** Looks them up. */
export async function lookUp(world: World): Promise<Facts> {
  const ask = async (path: string, args: { readonly [name: string]: Value }): Promise<unknown> =>
    await world.app.query(path, { password: PASSWORD, ...args });
  const [namespace] = (await ask("namespaces:list", {})) as Row[];
  const namespaceId = namespace!._id;
  const [open] = (await ask("assignments:list", { namespaceId, status: "active" })) as Row[];
  const { groups } = (await ask("assignments:getWithGroups", { id: open!._id })) as Assignment;
  const threads = (await ask("chatThreads:list", { namespaceId })) as Row[];
  const oldest = threads.toSorted((a, b) => a._creationTime - b._creationTime)[0]!;
  return {
    namespaceId,
    openId: open!._id,
    groups: groups.map(({ _id, jobs }) => ({ id: _id, jobs: jobs.map((job) => job._id) })),
    runningAt: groups.findIndex(({ status }) => status === "running"),
    linked: [...new Set(threads.flatMap(({ assignmentId }) => assignmentId ?? []))],
    threadId: oldest._id,
  };
}
