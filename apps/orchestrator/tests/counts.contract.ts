/**
 * Invariant I1: after every mutation, and under concurrency, a namespace's counters equal a count of its assignments.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import { seededRandom, pick } from "../convex/model/seedText.ts";
import type { Backend, BackendDriver } from "../testing/backend.ts";
import { expectTrueCounts, finishJobs, makeChain, makeNamespace } from "../testing/world.ts";

interface Case {
  readonly name: string;
  readonly act: (backend: Backend, namespaceId: Id<"namespaces">) => Promise<unknown>;
  /** pending, active, blocked, complete */
  readonly expected: readonly [number, number, number, number];
}

const create = (backend: Backend, namespaceId: Id<"namespaces">) =>
  backend.mutation(api.assignments.create, { namespaceId, northStar: "North" });

const CASES: readonly Case[] = [
  { name: "create", act: create, expected: [1, 0, 0, 0] },
  {
    name: "update to another status",
    act: async (b, n) => b.mutation(api.assignments.update, { id: await create(b, n), status: "blocked" }),
    expected: [0, 0, 1, 0],
  },
  {
    name: "update to the same status",
    act: async (b, n) => b.mutation(api.assignments.update, { id: await create(b, n), status: "pending" }),
    expected: [1, 0, 0, 0],
  },
  {
    name: "update without a status",
    act: async (b, n) => b.mutation(api.assignments.update, { id: await create(b, n), artifacts: "[]" }),
    expected: [1, 0, 0, 0],
  },
  {
    name: "complete, twice",
    act: async (b, n) => {
      const id = await create(b, n);
      await b.mutation(api.assignments.complete, { id });
      await b.mutation(api.assignments.complete, { id });
    },
    expected: [0, 0, 0, 1],
  },
  {
    name: "block, twice",
    act: async (b, n) => {
      const id = await create(b, n);
      await b.mutation(api.assignments.block, { id, reason: "no account" });
      await b.mutation(api.assignments.block, { id, reason: "still none" });
    },
    expected: [0, 0, 1, 0],
  },
  {
    name: "block and unblock",
    act: async (b, n) => {
      const id = await create(b, n);
      await b.mutation(api.assignments.block, { id, reason: "no account" });
      await b.mutation(api.assignments.unblock, { id });
    },
    expected: [0, 1, 0, 0],
  },
  {
    name: "remove",
    act: async (b, n) => b.mutation(api.assignments.remove, { id: await create(b, n) }),
    expected: [0, 0, 0, 0],
  },
  {
    name: "jobs.start of the first job",
    act: async (b, n) => b.mutation(api.jobs.start, { id: (await makeChain(b, n, ["plan"])).jobIds[0]![0]! }),
    expected: [0, 1, 0, 0],
  },
  {
    name: "jobs.start of a later job",
    act: async (b, n) => finishJobs(b, (await makeChain(b, n, ["plan plan"])).jobIds[0]!),
    expected: [0, 1, 0, 0],
  },
  {
    name: "the before form's mutations",
    act: async (b, n) => {
      const id = await b.mutation(api.before.assignments.create, { namespaceId: n, northStar: "North" });
      await b.mutation(api.before.assignments.block, { id, reason: "wait" });
      const other = await b.mutation(api.before.assignments.create, { namespaceId: n, northStar: "North" });
      const group = await b.mutation(api.before.jobs.createGroup, {
        assignmentId: other,
        jobs: [{ jobType: "plan", harness: "codex" }],
      });
      await b.mutation(api.before.jobs.start, { id: group.jobIds[0]! });
    },
    expected: [0, 1, 1, 0],
  },
];

/** The suite. */
export function countsContract(driver: BackendDriver): void {
  describe(`counters on ${driver.name}`, () => {
    let backend: Backend;
    let namespaceId: Id<"namespaces">;
    beforeEach(async () => {
      backend = await driver.open();
      namespaceId = await makeNamespace(backend);
    });
    afterEach(async () => await backend.close());

    test.each(CASES)("are true after $name", async ({ act, expected }) => {
      await act(backend, namespaceId);
      const counts = await expectTrueCounts(backend, namespaceId);
      expect([counts.pending, counts.active, counts.blocked, counts.complete]).toEqual(expected);
    });

    test("a change of an assignment leaves the namespace's own updatedAt alone", async () => {
      const before = await backend.query(api.namespaces.get, { id: namespaceId });
      await create(backend, namespaceId);
      expect((await backend.query(api.namespaces.get, { id: namespaceId }))?.updatedAt).toBe(before?.updatedAt);
    });

    test("are true when many write at once", async () => {
      const ids = await Promise.all(Array.from({ length: 24 }, () => create(backend, namespaceId)));
      await Promise.all(
        ids.map(async (id, index) => {
          if (index % 4 === 0) await backend.mutation(api.assignments.complete, { id });
          if (index % 4 === 1) await backend.mutation(api.assignments.block, { id, reason: "later" });
          if (index % 4 === 2) await backend.mutation(api.assignments.remove, { id });
        }),
      );
      const counts = await expectTrueCounts(backend, namespaceId);
      expect(counts).toEqual({ pending: 6, active: 0, blocked: 6, complete: 6 });
    });

    test("are true after any sequence of mutations", async () => {
      const random = seededRandom(Number(process.env.SEED ?? 7));
      const ids: Id<"assignments">[] = [await create(backend, namespaceId)];
      for (let n = 0; n < 60; n++) {
        const id = pick(random, ids);
        const status = pick(random, ["pending", "active", "blocked", "complete"] as const);
        const act = pick(random, ["create", "update", "update", "complete", "block", "unblock", "remove"] as const);
        if (act === "create") ids.push(await create(backend, namespaceId));
        else if (act === "remove") {
          await backend.mutation(api.assignments.remove, { id });
          ids.splice(ids.indexOf(id), 1);
          if (ids.length === 0) ids.push(await create(backend, namespaceId));
        } else if (act === "update") await backend.mutation(api.assignments.update, { id, status });
        else if (act === "block") await backend.mutation(api.assignments.block, { id, reason: "any" });
        else await backend.mutation(api.assignments[act], { id });
        await expectTrueCounts(backend, namespaceId);
      }
    });

    test("the backfill changes nothing where the counters are right, however often it runs", async () => {
      await create(backend, namespaceId);
      expect(await backend.mutation(api.assignments.backfillNamespaceCounts, {})).toEqual({ updated: 0 });
      await expectTrueCounts(backend, namespaceId);
    });
  });
}
