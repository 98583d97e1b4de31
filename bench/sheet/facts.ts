/**
 * Ids of the seeded data that the scenarios need, looked up in a world of its own.
 *
 * Looking them up in the world that is measured would leave results and rows in its memory. Worlds of one state hold the
 * same ids, so one look serves all.
 *
 * @module
 */
import type { SeedState } from "../../apps/orchestrator/convex/model/seedPlan.ts";
import { PASSWORD, World } from "./world.ts";

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

const found = new Map<SeedState, Promise<Facts>>();

/** Looks once for each state. */
export function factsOf(state: SeedState): Promise<Facts> {
  let facts = found.get(state);
  if (facts === undefined) {
    facts = look(state);
    found.set(state, facts);
  }
  return facts;
}

async function look(state: SeedState): Promise<Facts> {
  const world = await World.open(state, "convex");
  const ask = async (path: string, args: object): Promise<unknown> =>
    await world.call("query", path, { password: PASSWORD, ...args });
  const [namespace] = (await ask("namespaces:list", {})) as Row[];
  const namespaceId = namespace!._id;
  const [open] = (await ask("assignments:list", { namespaceId, status: "active" })) as Row[];
  const { groups } = (await ask("assignments:getWithGroups", { id: open!._id })) as Assignment;
  const threads = (await ask("chatThreads:list", { namespaceId })) as Row[];
  await world.close();
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
