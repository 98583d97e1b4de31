/**
 * Data that the functions would never make, but old versions, tools and accidents do: each hole is closed or shown.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import type { ArrangeableBackend, BackendDriver } from "../testing/backend.ts";
import { expectTrueCounts, finishJobs, makeChain, makeNamespace } from "../testing/world.ts";

/** The suite. */
export function damageContract(driver: BackendDriver<ArrangeableBackend>): void {
  describe(`damaged data on ${driver.name}`, () => {
    let backend: ArrangeableBackend;
    let namespaceId: Id<"namespaces">;
    const findings = async () =>
      (await backend.query(api.checks.namespace, { namespaceId })).map(({ kind, subjectId }) => `${kind} ${subjectId}`);
    const ready = async (form: "after" | "before" = "after") =>
      await backend.query(form === "after" ? api.scheduler.getReadyJobs : api.before.scheduler.getReadyJobs, {
        namespaceId,
      });

    beforeEach(async () => {
      backend = await driver.open();
      namespaceId = await makeNamespace(backend);
    });
    afterEach(async () => await backend.close());

    test("a stranded job is found, and repair makes it ready", async () => {
      const { groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan test"]);
      await finishJobs(backend, [jobIds[0]![0]!]);
      await backend.arrange((ctx) => ctx.db.patch(groupIds[0]!, { status: "running" }));
      expect(await ready()).toEqual([]);
      expect(await findings()).toEqual([`stranded ${groupIds[0]}`]);
      expect(await backend.mutation(api.checks.repair, { namespaceId })).toEqual({
        groupsReleased: 1,
        countersFixed: false,
      });
      expect((await ready()).map(({ job }) => job._id)).toEqual([jobIds[0]![1]]);
      expect(await findings()).toEqual([]);
    });

    test("repair leaves a group alone in which a job runs", async () => {
      const { jobIds } = await makeChain(backend, namespaceId, ["plan test"]);
      await backend.mutation(api.jobs.start, { id: jobIds[0]![0]! });
      expect(await backend.mutation(api.checks.repair, { namespaceId })).toMatchObject({ groupsReleased: 0 });
    });

    test.each([
      { name: "to its head", from: 2, to: 0 },
      { name: "into its middle", from: 2, to: 1 },
      { name: "to itself", from: 0, to: 0 },
    ])("a ring that goes back $name ends every walk and is found", async ({ from, to }) => {
      const { id, groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan", "implement", "review"]);
      for (const ids of jobIds) await finishJobs(backend, ids);
      await backend.arrange((ctx) => ctx.db.patch(groupIds[from]!, { nextGroupId: groupIds[to]! }));
      expect(await ready()).toEqual([]);
      expect(await ready("before")).toEqual([]);
      const reached = groupIds.slice(0, from + 1);
      const chain = await backend.query(api.assignments.getGroupChain, { id });
      expect(chain?.groups.map((group) => group._id)).toEqual(reached);
      expect(await findings()).toContain(`ring ${groupIds[to]}`);
    });

    test("a group without jobs stops the walk and is found", async () => {
      const { groupIds } = await makeChain(backend, namespaceId, ["plan", "implement"]);
      await backend.arrange(async (ctx) => {
        for (const job of await ctx.db.query("jobs").collect())
          if (job.groupId === groupIds[0]) await ctx.db.delete(job._id);
      });
      expect(await ready()).toEqual([]);
      expect(await ready("before")).toEqual([]);
      expect(await findings()).toEqual([`empty ${groupIds[0]}`]);
    });

    test("a chain that leads to a group that is gone ends there", async () => {
      const { groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan", "implement"]);
      await backend.arrange((ctx) => ctx.db.delete(groupIds[1]!));
      await finishJobs(backend, jobIds[0]!);
      expect(await ready()).toEqual([]);
    });

    test.each([
      { name: "too high", counts: { pending: 9, active: 0, blocked: 0, complete: 0 } },
      { name: "too low", counts: { pending: 0, active: 0, blocked: 0, complete: 0 } },
      { name: "missing", counts: undefined },
    ])("counters that are $name are found; repair and backfill put them right", async ({ counts }) => {
      await makeChain(backend, namespaceId, ["plan"]);
      const spoil = () => backend.arrange((ctx) => ctx.db.patch(namespaceId, { assignmentCounts: counts }));
      await spoil();
      expect(await findings()).toEqual([`counters ${namespaceId}`]);
      expect(await backend.mutation(api.checks.repair, { namespaceId })).toMatchObject({ countersFixed: true });
      await expectTrueCounts(backend, namespaceId);
      await spoil();
      expect(await backend.mutation(api.assignments.backfillNamespaceCounts, {})).toEqual({ updated: 1 });
      expect(await backend.mutation(api.assignments.backfillNamespaceCounts, {})).toEqual({ updated: 0 });
      await expectTrueCounts(backend, namespaceId);
      expect(await findings()).toEqual([]);
    });

    test("a drifted counter stays at 0 instead of going below, and the drift does not stay hidden", async () => {
      const { id } = await makeChain(backend, namespaceId, ["plan"]);
      await backend.arrange((ctx) =>
        ctx.db.patch(namespaceId, { assignmentCounts: { pending: 0, active: 0, blocked: 0, complete: 5 } }),
      );
      await backend.mutation(api.assignments.complete, { id });
      const namespace = await backend.query(api.namespaces.get, { id: namespaceId });
      expect(namespace?.assignmentCounts).toEqual({ pending: 0, active: 0, blocked: 0, complete: 6 });
      expect(await findings()).toEqual([`counters ${namespaceId}`]);
    });

    test("a group that the chain does not reach is found, and goes with its assignment", async () => {
      const { id } = await makeChain(backend, namespaceId, ["plan"]);
      const lost = await backend.arrange((ctx) =>
        ctx.db.insert("jobGroups", { assignmentId: id, status: "pending", createdAt: 1 }),
      );
      expect(await findings()).toEqual([`unreachable ${lost}`, `empty ${lost}`]);
      expect(await backend.mutation(api.assignments.remove, { id })).toMatchObject({ groupsDeleted: 2 });
    });

    test("a second active sequential assignment is shown as waiting for the first", async () => {
      const one = await makeChain(backend, namespaceId, ["plan"]);
      const two = await makeChain(backend, namespaceId, ["plan"]);
      for (const { id } of [one, two]) await backend.mutation(api.assignments.update, { id, status: "active" });
      expect(await findings()).toEqual([`waiting ${two.id}`]);
      await backend.mutation(api.assignments.complete, { id: one.id });
      expect(await findings()).toEqual([]);
    });

    test("what a removed namespace left behind is found", async () => {
      const { id } = await makeChain(backend, namespaceId, ["plan"]);
      await backend.arrange((ctx) => ctx.db.delete(namespaceId));
      const orphans = await backend.query(api.checks.orphans, {});
      expect(orphans.map(({ kind, subjectId }) => `${kind} ${subjectId}`)).toEqual([`orphan ${id}`]);
      await backend.mutation(api.assignments.complete, { id });
      expect((await backend.query(api.assignments.get, { id }))?.status).toBe("complete");
    });

    test("an unset ADMIN_PASSWORD lets nobody in", async () => {
      await backend.unsetPassword();
      await expect(backend.query(api.namespaces.list, {})).rejects.toThrow("ADMIN_PASSWORD not set");
    });
  });
}
