/**
 * The data sets: cardinalities, sizes, true counters, and the same documents for the same seed.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { api, internal } from "../convex/_generated/api.js";
import { SEED_STEPS, seedStep, type SeedState } from "../convex/model/seedPlan.ts";
import type { Backend, BackendDriver } from "../testing/backend.ts";
import { expectTrueCounts } from "../testing/world.ts";

const NOW = Date.UTC(2026, 0, 15, 9);

/** The suite. */
export function seedContract(driver: BackendDriver): void {
  describe(`seed data on ${driver.name}`, () => {
    let backend: Backend;
    beforeEach(async () => {
      backend = await driver.open();
    });
    afterEach(async () => await backend.close());

    /** The first namespace of the data set, without its chat jobs unless asked. */
    const seedFirst = async (state: SeedState, chat = false) => {
      for (let number = 0; number < SEED_STEPS; number++) {
        const step = seedStep(number)!;
        if (step.namespace > 0) break;
        if (!chat && (step.kind === "thread" || step.kind === "chatJobs")) continue;
        await backend.internal(internal.seed.step, { state, seed: 1, now: NOW, number });
      }
      return (await backend.query(api.namespaces.list, {}))[0]!;
    };

    test("typical: 28 complete, 1 active, 2 pending, 1 blocked; nothing wrong; nothing ready while the active one runs", async () => {
      const namespace = await seedFirst("typical");
      expect(await expectTrueCounts(backend, namespace._id)).toEqual({
        complete: 28,
        active: 1,
        pending: 2,
        blocked: 1,
      });
      expect(await backend.query(api.checks.namespace, { namespaceId: namespace._id })).toEqual([]);
      expect(await backend.query(api.scheduler.getReadyJobs, { namespaceId: namespace._id })).toEqual([]);
      const [active] = await backend.query(api.assignments.list, { namespaceId: namespace._id, status: "active" });
      const graph = await backend.query(api.assignments.getWithGroups, { id: active!._id });
      expect(graph?.groups.map((group) => `${group.status} ${group.jobs.length}`)).toEqual([
        "complete 2",
        "complete 2",
        "running 3",
        "pending 2",
        "pending 2",
      ]);
    });

    test("worst: every assignment active and independent, 320 documents and one more job", async () => {
      const namespace = await seedFirst("worst");
      expect(await expectTrueCounts(backend, namespace._id)).toEqual({
        complete: 0,
        active: 32,
        pending: 0,
        blocked: 0,
      });
      const graphs = await backend.query(api.before.scheduler.getAllAssignments, { namespaceId: namespace._id });
      const groups = graphs.flatMap((graph) => graph.groups);
      expect(graphs.length + groups.length + groups.flatMap((group) => group.jobs).length).toBe(321);
      expect(graphs.every((graph) => graph.independent)).toBe(true);
    });

    test("sizes are those of a deployment in use", async () => {
      const namespace = await seedFirst("typical");
      const graphs = await backend.query(api.before.scheduler.getAllAssignments, { namespaceId: namespace._id });
      for (const { groups, ...assignment } of graphs) {
        expect(JSON.stringify(assignment).length).toBeGreaterThan(2_000);
        expect(JSON.stringify(assignment).length).toBeLessThan(7_000);
        for (const job of groups.flatMap((group) => group.jobs)) {
          const size = JSON.stringify(job).length;
          if (job.status === "complete") expect(size).toBeGreaterThan(10_000);
          if (job.status === "pending") expect(size).toBeLessThan(1_500);
          expect(size).toBeLessThan(31_000);
        }
      }
    });

    test("threads are linked and long, and chat jobs repeat the history", async () => {
      const namespace = await seedFirst("typical", true);
      const threads = await backend.query(api.chatThreads.list, { namespaceId: namespace._id });
      expect(threads).toHaveLength(10);
      expect(threads.every((thread) => thread.assignmentId !== undefined)).toBe(true);
      const long = threads[0]!;
      expect(await backend.query(api.chatMessages.list, { threadId: long._id })).toHaveLength(200);
      expect(await backend.query(api.chatJobs.getActiveForThread, { threadId: long._id })).toBeNull();
    });

    test("the same seed gives the same documents", async () => {
      const texts = async (target: Backend) => {
        await target.internal(internal.seed.step, { state: "typical", seed: 5, now: NOW, number: 0 });
        await target.internal(internal.seed.step, { state: "typical", seed: 5, now: NOW, number: 1 });
        const [namespace] = await target.query(api.namespaces.list, {});
        const [graph] = await target.query(api.before.scheduler.getAllAssignments, { namespaceId: namespace!._id });
        return [graph!.northStar, ...graph!.groups.map((group) => group.aggregatedResult)];
      };
      const first = await texts(backend);
      const again = await driver.open();
      expect(await texts(again)).toEqual(first);
      await again.close();
    });

    test("the demo is written once and has jobs that are ready", async () => {
      expect(await backend.internal(internal.seed.demo, {})).toEqual({ loaded: true, namespace: "orchard-shop" });
      expect(await backend.internal(internal.seed.demo, {})).toEqual({ loaded: false, namespace: "orchard-shop" });
      const namespace = (await backend.query(api.namespaces.getByName, { name: "orchard-shop" }))!;
      await expectTrueCounts(backend, namespace._id);
      expect(await backend.query(api.checks.namespace, { namespaceId: namespace._id })).toEqual([]);
      const ready = await backend.query(api.scheduler.getReadyJobs, { namespaceId: namespace._id });
      expect(ready.map(({ job }) => job.jobType)).toEqual(["plan", "implement", "implement", "test"]);
    });
  });
}
