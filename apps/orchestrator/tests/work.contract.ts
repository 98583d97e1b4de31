/**
 * Assignments, groups and jobs: what each function does besides counting and dispatch.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import type { Backend, BackendDriver } from "../testing/backend.ts";
import { finishJobs, jobInputs, makeChain, makeNamespace } from "../testing/world.ts";

/** The suite. */
export function workContract(driver: BackendDriver): void {
  describe(`work on ${driver.name}`, () => {
    let backend: Backend;
    let namespaceId: Id<"namespaces">;
    beforeEach(async () => {
      backend = await driver.open();
      namespaceId = await makeNamespace(backend);
    });
    afterEach(async () => await backend.close());

    test("namespaces.create is idempotent by name and keeps what is there", async () => {
      const again = await backend.mutation(api.namespaces.create, { name: "harbor", description: "other" });
      expect(again).toBe(namespaceId);
      expect((await backend.query(api.namespaces.getByName, { name: "harbor" }))?.description).toBeUndefined();
      expect(await backend.query(api.namespaces.list, {})).toHaveLength(1);
    });

    test("namespaces.remove removes an empty namespace and refuses one with anything in it", async () => {
      const { id } = await makeChain(backend, namespaceId, ["plan"]);
      await expect(backend.mutation(api.namespaces.remove, { id: namespaceId })).rejects.toThrow(
        "still has assignments",
      );
      await backend.mutation(api.assignments.remove, { id });
      const thread = await backend.mutation(api.chatThreads.create, { namespaceId });
      await expect(backend.mutation(api.namespaces.remove, { id: namespaceId })).rejects.toThrow(
        "still has chatThreads",
      );
      await backend.mutation(api.chatThreads.remove, { id: thread });
      await backend.mutation(api.namespaces.remove, { id: namespaceId });
      expect(await backend.query(api.namespaces.list, {})).toEqual([]);
    });

    test("assignments.create fills in what is not given", async () => {
      const id = await backend.mutation(api.assignments.create, { namespaceId, northStar: "North" });
      expect(await backend.query(api.assignments.get, { id })).toMatchObject({
        status: "pending",
        independent: false,
        priority: 10,
        artifacts: "",
        decisions: "",
      });
    });

    test("assignments.list gives all of the namespace, or those of one status", async () => {
      const one = await backend.mutation(api.assignments.create, { namespaceId, northStar: "One" });
      const two = await backend.mutation(api.assignments.create, { namespaceId, northStar: "Two" });
      await backend.mutation(api.assignments.complete, { id: one });
      const ids = async (status?: "pending" | "complete") =>
        (await backend.query(api.assignments.list, { namespaceId, ...(status && { status }) })).map((each) => each._id);
      expect(await ids()).toEqual([one, two]);
      expect(await ids("pending")).toEqual([two]);
      expect(await ids("complete")).toEqual([one]);
    });

    test("block keeps a reason, unblock clears it", async () => {
      const id = await backend.mutation(api.assignments.create, { namespaceId, northStar: "North" });
      await backend.mutation(api.assignments.block, { id, reason: "no account" });
      expect((await backend.query(api.assignments.get, { id }))?.blockedReason).toBe("no account");
      await backend.mutation(api.assignments.unblock, { id });
      const after = await backend.query(api.assignments.get, { id });
      expect(after).toMatchObject({ status: "active" });
      expect(after).not.toHaveProperty("blockedReason");
    });

    test("getGroupChain shows the chain in order and no job and no result", async () => {
      const { id, groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan", "implement", "review"]);
      await finishJobs(backend, jobIds[0]!, "long text");
      const chain = await backend.query(api.assignments.getGroupChain, { id });
      expect(chain?.groups.map((group) => group._id)).toEqual(groupIds);
      expect(Object.keys(chain!.groups[0]!).toSorted()).toEqual([
        "_id",
        "assignmentId",
        "createdAt",
        "nextGroupId",
        "status",
      ]);
    });

    test("getWithGroups shows the chain with every job", async () => {
      const { id, jobIds } = await makeChain(backend, namespaceId, ["plan", "implement test"]);
      const graph = await backend.query(api.assignments.getWithGroups, { id });
      expect(graph?.groups.map((group) => group.jobs.map((job) => job._id))).toEqual(jobIds);
    });

    test("assignments.remove takes groups and jobs with it and unlinks threads", async () => {
      const { id, jobIds } = await makeChain(backend, namespaceId, ["plan", "implement test"]);
      const threadId = await backend.mutation(api.chatThreads.create, { namespaceId });
      await backend.mutation(api.chatThreads.linkAssignment, { threadId, assignmentId: id });
      expect(await backend.mutation(api.assignments.remove, { id })).toEqual({
        deleted: true,
        groupsDeleted: 2,
        jobsDeleted: 3,
      });
      expect(await backend.query(api.jobs.get, { id: jobIds[1]![1]! })).toBeNull();
      expect(await backend.query(api.chatThreads.get, { id: threadId })).not.toHaveProperty("assignmentId");
      expect(await backend.mutation(api.assignments.remove, { id })).toMatchObject({ deleted: false });
    });

    test("createGroup refuses an empty list, and an assignment that has a head", async () => {
      const { id, groupIds } = await makeChain(backend, namespaceId, ["plan"]);
      const empty = await backend.mutation(api.assignments.create, { namespaceId, northStar: "Empty" });
      await expect(backend.mutation(api.jobs.createGroup, { assignmentId: empty, jobs: [] })).rejects.toThrow("empty");
      await expect(
        backend.mutation(api.jobs.createGroup, { assignmentId: id, jobs: jobInputs("plan") }),
      ).rejects.toThrow("use insertGroupAfter");
      const groups = await backend.query(api.jobs.listGroups, { assignmentId: id });
      expect(groups.map((group) => group._id)).toEqual(groupIds);
    });

    test("of two first groups made at once, one is refused and none is lost", async () => {
      const id = await backend.mutation(api.assignments.create, { namespaceId, northStar: "Race" });
      const make = () => backend.mutation(api.jobs.createGroup, { assignmentId: id, jobs: jobInputs("plan") });
      const outcomes = await Promise.allSettled([make(), make()]);
      expect(outcomes.map((each) => each.status).toSorted()).toEqual(["fulfilled", "rejected"]);
      expect((await backend.query(api.assignments.getGroupChain, { id }))?.groups).toHaveLength(1);
    });

    test("jobs.list has four shapes", async () => {
      const { groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan test", "implement"]);
      await backend.mutation(api.jobs.start, { id: jobIds[0]![1]! });
      const ids = async (args: { groupId?: Id<"jobGroups">; status?: "pending" | "running" }) =>
        (await backend.query(api.jobs.list, args)).map((job) => job._id);
      expect(await ids({ groupId: groupIds[0]! })).toEqual(jobIds[0]);
      expect(await ids({ groupId: groupIds[0]!, status: "running" })).toEqual([jobIds[0]![1]]);
      expect(await ids({ status: "pending" })).toEqual([jobIds[0]![0], jobIds[1]![0]]);
      expect(await ids({})).toEqual(jobIds.flat());
    });

    test("a job and its surroundings", async () => {
      const { id, groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan"]);
      const job = jobIds[0]![0]!;
      expect((await backend.query(api.jobs.getWithGroup, { id: job }))?.group?._id).toBe(groupIds[0]);
      expect((await backend.query(api.jobs.getWithAssignment, { id: job }))?.assignment?._id).toBe(id);
      expect((await backend.query(api.jobs.getGroupWithJobs, { id: groupIds[0]! }))?.jobs[0]?._id).toBe(job);
      expect(await backend.query(api.jobs.listGroups, { status: "running" })).toEqual([]);
    });

    test("start makes job, group and assignment run; a job starts once", async () => {
      const { id, groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan"]);
      const job = jobIds[0]![0]!;
      const outcomes = await Promise.allSettled([
        backend.mutation(api.jobs.start, { id: job, prompt: "Plan it" }),
        backend.mutation(api.jobs.start, { id: job, prompt: "Plan it" }),
      ]);
      expect(outcomes.map((each) => each.status).toSorted()).toEqual(["fulfilled", "rejected"]);
      const started = await backend.query(api.jobs.get, { id: job });
      expect(started).toMatchObject({ status: "running", prompt: "Plan it", startedAt: expect.any(Number) });
      expect((await backend.query(api.jobs.getGroup, { id: groupIds[0]! }))?.status).toBe("running");
      expect((await backend.query(api.assignments.get, { id }))?.status).toBe("active");
    });

    test("a job of a blocked assignment does not start, and the block stays", async () => {
      const { id, jobIds } = await makeChain(backend, namespaceId, ["plan"]);
      await backend.mutation(api.assignments.block, { id, reason: "wait" });
      await expect(backend.mutation(api.jobs.start, { id: jobIds[0]![0]! })).rejects.toThrow("blocked");
      expect((await backend.query(api.assignments.get, { id }))?.status).toBe("blocked");
    });

    test("exactly one call finishes a group, and a job finishes once", async () => {
      const { groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan plan plan"]);
      for (const id of jobIds[0]!) await backend.mutation(api.jobs.start, { id });
      const outcomes = await Promise.all(
        jobIds[0]!.map((id) => backend.mutation(api.jobs.complete, { id, result: "done" })),
      );
      expect(outcomes.filter((outcome) => outcome?.finished)).toHaveLength(1);
      await expect(backend.mutation(api.jobs.fail, { id: jobIds[0]![0]! })).rejects.toThrow("finishes once");
      expect((await backend.query(api.jobs.getGroup, { id: groupIds[0]! }))?.status).toBe("complete");
    });

    test.each([
      { name: "all succeed", ends: "complete complete", status: "complete" },
      { name: "one succeeds", ends: "failed complete", status: "complete" },
      { name: "none succeeds", ends: "failed failed", status: "failed" },
    ])("a group in which $name is $status", async ({ ends, status }) => {
      const { groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan test"]);
      for (const id of jobIds[0]!) await backend.mutation(api.jobs.start, { id });
      for (const [index, end] of ends.split(" ").entries()) {
        const id = jobIds[0]![index]!;
        await (end === "complete"
          ? backend.mutation(api.jobs.complete, { id, result: "yes" })
          : backend.mutation(api.jobs.fail, { id }));
      }
      expect((await backend.query(api.jobs.getGroup, { id: groupIds[0]! }))?.status).toBe(status);
    });

    test("the aggregated result has a headed block per result, with letters where a type repeats", async () => {
      const { groupIds, jobIds } = await makeChain(backend, namespaceId, ["review review test plan"]);
      for (const id of jobIds[0]!) await backend.mutation(api.jobs.start, { id });
      for (const [index, id] of jobIds[0]!.slice(0, 3).entries()) {
        await backend.mutation(api.jobs.complete, { id, result: `text ${index}` });
      }
      await backend.mutation(api.jobs.fail, { id: jobIds[0]![3]! });
      expect((await backend.query(api.jobs.getGroup, { id: groupIds[0]! }))?.aggregatedResult).toBe(
        "## review A\n\ntext 0\n\n---\n\n## review B\n\ntext 1\n\n---\n\n## test\n\ntext 2",
      );
    });

    test("updateMetrics patches what is given and nothing else", async () => {
      const { jobIds } = await makeChain(backend, namespaceId, ["plan"]);
      const id = jobIds[0]![0]!;
      await backend.mutation(api.jobs.updateMetrics, { id, toolCallCount: 3, totalTokens: 900 });
      await backend.mutation(api.jobs.updateMetrics, { id, toolCallCount: 4 });
      await backend.mutation(api.jobs.updateMetrics, { id });
      expect(await backend.query(api.jobs.get, { id })).toMatchObject({
        toolCallCount: 4,
        totalTokens: 900,
        status: "pending",
      });
    });
  });
}
