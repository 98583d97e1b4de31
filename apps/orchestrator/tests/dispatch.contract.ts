/**
 * What may run next, with which context: the rules of the dispatch walk, in both sets of functions.
 *
 * A chain is written as job types, a group a word list: ["plan", "implement test", "review"].
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import type { ReadyJob } from "../convex/model/walk.ts";
import type { Backend, BackendDriver } from "../testing/backend.ts";
import { finishJobs, jobInputs, makeChain, makeNamespace } from "../testing/world.ts";

interface ContextCase {
  readonly name: string;
  /** The finished groups, then the group that is ready. */
  readonly chain: readonly string[];
  /** Each result is `<group>.<job>`; the lists are written with blanks. */
  readonly accumulated: string;
  readonly previous: string;
  readonly r1: string;
  /** `groupIndex` of the accumulated results. */
  readonly indexes: string;
}

const CONTEXTS: readonly ContextCase[] = [
  { name: "the first group knows nothing", chain: ["plan"], accumulated: "", previous: "", r1: "", indexes: "" },
  {
    name: "results of all groups since the start",
    chain: ["plan", "implement test", "document"],
    accumulated: "0.0 1.0 1.1",
    previous: "1.0 1.1",
    r1: "",
    indexes: "0 1 1",
  },
  {
    name: "a review remembers what it reviewed",
    chain: ["plan", "implement", "review review", "fix"],
    accumulated: "0.0 1.0 2.0 2.1",
    previous: "2.0 2.1",
    r1: "1.0",
    indexes: "0 1 2 2",
  },
  {
    name: "a type that ends with review is a review",
    chain: ["implement", "code-review", "pm"],
    accumulated: "0.0 1.0",
    previous: "1.0",
    r1: "0.0",
    indexes: "0 1",
  },
  {
    name: "a type that only begins with review is none",
    chain: ["implement", "reviewer", "pm"],
    accumulated: "0.0 1.0",
    previous: "1.0",
    r1: "",
    indexes: "0 1",
  },
  {
    name: "a PM group starts afresh but leaves the other two lists",
    chain: ["implement", "review", "pm", "implement"],
    accumulated: "",
    previous: "1.0",
    r1: "0.0",
    indexes: "",
  },
  {
    name: "after a PM group the index begins at 0 again",
    chain: ["implement", "review", "pm", "implement", "test", "document"],
    accumulated: "3.0 4.0",
    previous: "4.0",
    r1: "0.0",
    indexes: "0 1",
  },
  {
    name: "a PM beside other jobs makes the whole group a PM group",
    chain: ["implement", "pm test", "implement"],
    accumulated: "",
    previous: "0.0",
    r1: "",
    indexes: "",
  },
  {
    name: "two reviews in a row: the second one's R1 is the first one",
    chain: ["implement", "review", "review", "pm"],
    accumulated: "0.0 1.0 2.0",
    previous: "2.0",
    r1: "1.0",
    indexes: "0 1 2",
  },
];

/** The suite. */
export function dispatchContract(driver: BackendDriver): void {
  describe.each(["after", "before"] as const)(`dispatch on ${driver.name}, %s form`, (form) => {
    let backend: Backend;
    let namespaceId: Id<"namespaces">;
    const ready = async (): Promise<ReadyJob[]> =>
      await backend.query(form === "after" ? api.scheduler.getReadyJobs : api.before.scheduler.getReadyJobs, {
        namespaceId,
      });
    const readyIds = async () => (await ready()).map((each) => each.job._id);

    beforeEach(async () => {
      backend = await driver.open();
      namespaceId = await makeNamespace(backend);
    });
    afterEach(async () => await backend.close());

    test.each(CONTEXTS)("context: $name", async ({ chain, accumulated, previous, r1, indexes }) => {
      const { jobIds } = await makeChain(backend, namespaceId, chain);
      for (const [g, ids] of jobIds.slice(0, -1).entries()) {
        for (const id of ids) await backend.mutation(api.jobs.start, { id });
        for (const [j, id] of ids.entries()) await backend.mutation(api.jobs.complete, { id, result: `${g}.${j}` });
      }
      const [first] = await ready();
      const text = (items: readonly { result: string }[]) => items.map((item) => item.result).join(" ");
      expect({
        accumulated: text(first!.accumulatedResults),
        previous: text(first!.previousNonPmGroupResults),
        r1: text(first!.r1GroupResults),
        indexes: first!.accumulatedResults.map((item) => item.groupIndex).join(" "),
      }).toEqual({ accumulated, previous, r1, indexes });
    });

    test("a result item names its job's type, harness and group", async () => {
      const { groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan", "implement"]);
      await finishJobs(backend, jobIds[0]!, "the plan");
      expect((await ready())[0]!.accumulatedResults).toEqual([
        { jobType: "plan", harness: "claude", result: "the plan", groupId: groupIds[0], groupIndex: 0 },
      ]);
    });

    test("a failed job without a result is passed over in the context", async () => {
      const { jobIds } = await makeChain(backend, namespaceId, ["implement implement", "document"]);
      await backend.mutation(api.jobs.start, { id: jobIds[0]![0]! });
      await backend.mutation(api.jobs.start, { id: jobIds[0]![1]! });
      await backend.mutation(api.jobs.fail, { id: jobIds[0]![0]! });
      await backend.mutation(api.jobs.complete, { id: jobIds[0]![1]!, result: "half of it" });
      expect((await ready())[0]!.accumulatedResults.map((item) => item.result)).toEqual(["half of it"]);
    });

    test("all jobs of a group are ready at once; none while one of them runs; the next group after the last", async () => {
      const { jobIds } = await makeChain(backend, namespaceId, ["implement implement", "review"]);
      expect(await readyIds()).toEqual(jobIds[0]);
      await backend.mutation(api.jobs.start, { id: jobIds[0]![0]! });
      expect(await readyIds()).toEqual([]);
      await backend.mutation(api.jobs.start, { id: jobIds[0]![1]! });
      await backend.mutation(api.jobs.complete, { id: jobIds[0]![0]!, result: "one" });
      expect(await readyIds()).toEqual([]);
      await backend.mutation(api.jobs.complete, { id: jobIds[0]![1]!, result: "two" });
      expect(await readyIds()).toEqual(jobIds[1]);
    });

    test("a failed group does not stop the chain", async () => {
      const { groupIds, jobIds } = await makeChain(backend, namespaceId, ["implement", "document"]);
      await backend.mutation(api.jobs.start, { id: jobIds[0]![0]! });
      await backend.mutation(api.jobs.fail, { id: jobIds[0]![0]!, result: "no" });
      expect((await backend.query(api.jobs.getGroup, { id: groupIds[0]! }))?.status).toBe("failed");
      expect(await readyIds()).toEqual(jobIds[1]);
    });

    test("of sequential assignments the smallest priority comes first, then the oldest", async () => {
      await makeChain(backend, namespaceId, ["plan"], { priority: 5 });
      const first = await makeChain(backend, namespaceId, ["plan"], { priority: 2 });
      await makeChain(backend, namespaceId, ["plan"], { priority: 2 });
      expect(await readyIds()).toEqual(first.jobIds[0]);
    });

    test("an active sequential assignment goes before any pending one, also when it has nothing ready", async () => {
      const active = await makeChain(backend, namespaceId, ["plan", "implement"], { priority: 50 });
      await makeChain(backend, namespaceId, ["plan"], { priority: 1 });
      await backend.mutation(api.jobs.start, { id: active.jobIds[0]![0]! });
      expect(await readyIds()).toEqual([]);
      await backend.mutation(api.jobs.complete, { id: active.jobIds[0]![0]!, result: "planned" });
      expect(await readyIds()).toEqual(active.jobIds[1]);
    });

    test("independent assignments run beside everything, each for itself", async () => {
      const sequential = await makeChain(backend, namespaceId, ["plan"]);
      const one = await makeChain(backend, namespaceId, ["plan", "test"], { independent: true });
      const two = await makeChain(backend, namespaceId, ["plan"], { independent: true });
      expect(new Set(await readyIds())).toEqual(
        new Set([sequential.jobIds[0]![0], one.jobIds[0]![0], two.jobIds[0]![0]]),
      );
      await backend.mutation(api.jobs.start, { id: one.jobIds[0]![0]! });
      expect(new Set(await readyIds())).toEqual(new Set([sequential.jobIds[0]![0], two.jobIds[0]![0]]));
    });

    test("blocked and complete assignments, and those without a group, have nothing ready", async () => {
      const blocked = await makeChain(backend, namespaceId, ["plan"], { independent: true });
      const complete = await makeChain(backend, namespaceId, ["plan"], { independent: true });
      await backend.mutation(api.assignments.create, { namespaceId, northStar: "Empty", independent: true });
      await backend.mutation(api.assignments.block, { id: blocked.id, reason: "wait" });
      await backend.mutation(api.assignments.complete, { id: complete.id });
      expect(await readyIds()).toEqual([]);
    });

    test("another namespace's jobs are not ready here", async () => {
      const other = await makeNamespace(backend, "elsewhere");
      await makeChain(backend, other, ["plan"]);
      expect(await readyIds()).toEqual([]);
    });

    test("a group that is spliced in runs in its place", async () => {
      const { groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan", "document"]);
      const spliced = await backend.mutation(api.jobs.insertGroupAfter, {
        afterGroupId: groupIds[0]!,
        jobs: jobInputs("implement"),
      });
      await finishJobs(backend, jobIds[0]!);
      expect(await readyIds()).toEqual(spliced.jobIds);
      await finishJobs(backend, spliced.jobIds);
      expect(await readyIds()).toEqual(jobIds[1]);
    });

    test("of two active sequential assignments the first found is served, then the other", async () => {
      const one = await makeChain(backend, namespaceId, ["plan"]);
      const two = await makeChain(backend, namespaceId, ["plan"]);
      for (const id of [two.id, one.id]) await backend.mutation(api.assignments.update, { id, status: "active" });
      expect(await readyIds()).toEqual(one.jobIds[0]);
      await backend.mutation(api.assignments.complete, { id: one.id });
      expect(await readyIds()).toEqual(two.jobIds[0]);
    });

    test("a job that was left behind in a running group is ready again when no other one runs", async () => {
      const { groupIds, jobIds } = await makeChain(backend, namespaceId, ["implement implement"]);
      await backend.mutation(api.jobs.start, { id: jobIds[0]![0]! });
      await backend.mutation(api.jobs.complete, { id: jobIds[0]![0]!, result: "one" });
      expect((await backend.query(api.jobs.getGroup, { id: groupIds[0]! }))?.status).toBe("pending");
      expect(await readyIds()).toEqual([jobIds[0]![1]]);
      await finishJobs(backend, [jobIds[0]![1]!]);
      expect((await backend.query(api.jobs.getGroup, { id: groupIds[0]! }))?.status).toBe("complete");
    });
  });
}
