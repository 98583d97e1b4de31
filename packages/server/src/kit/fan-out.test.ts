/**
 * Goal: many who ask the same cost one run, and many who ask different things hold nobody up.
 *
 * Method: 10,000 sockets of a deployment in this process. Work is counted: executions by the ledger, objects by identity, time by a clock that moves a little
 * whenever somebody looks at it, so that slices end where they end on every machine. The clock also counts timers.
 */
import type { Ts } from "@narrowcast/values";
import { afterEach, expect, test } from "vitest";
import type { RunResult } from "../protocol/live-types.ts";
import { openTestDeployment, type TestDeployment } from "./test-deployment.ts";
import { writeApp } from "./text-app.ts";
import { TestClock } from "../testing/core-world.ts";

const SOCKETS = 10_000;
const LOOK_MS = 0.005;

const APP = {
  "board.ts": `
    import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
    export const seed = mutation(async (ctx) => {
      for (let n = 0; n < 20; n++) await ctx.db.insert("jobs", { name: "job " + n, state: "new" });
      return (await ctx.db.query("jobs").first())._id;
    });
    export const rename = mutation(async (ctx, { id, name }) => ctx.db.patch(id, { name }));
    export const note = mutation(async (ctx, { text }) => ctx.db.insert("notes", { text }));
    export const list = query(async (ctx) => (await ctx.db.query("jobs").collect()).map((job) => job.name));
    export const mine = query(async (ctx, { id, n }) => n + " " + (await ctx.db.get(id)).name);
    export const notes = query(async (ctx) => (await ctx.db.query("notes").collect()).map((note) => note.text));
  `,
};

/** Time that only looking at it moves. */
class LookedAtClock extends TestClock {
  #looks = 0;
  timersSet = 0;

  override nowMs(): number {
    this.#looks++;
    return super.nowMs() + Math.floor(this.#looks * LOOK_MS);
  }

  override setTimer(atMs: number, wake: () => void): () => void {
    this.timersSet++;
    return super.setTimer(atMs, wake);
  }
}

/** What all sockets of one query each were given. */
class Crowd {
  readonly results: (RunResult | undefined)[] = [];
  readonly tsOf: Ts[] = [];
  /** Updates with a result. */
  updates = 0;
  readonly #waiters: { readonly updates: number; readonly resolve: () => void }[] = [];

  constructor(app: TestDeployment, path: string, argsOf: (n: number) => object) {
    for (let n = 0; n < SOCKETS; n++) {
      const socket = app.deployment.openSocket(({ ts, changes }) => {
        for (const { result } of changes) this.#take(n, ts, result);
      });
      socket.modifyQueries(1, [{ queryId: 1, path, args: JSON.stringify(argsOf(n)), journal: null }], []);
    }
  }

  /** Resolves when so many updates have come. */
  async heard(updates: number): Promise<void> {
    if (this.updates < updates) await new Promise<void>((resolve) => this.#waiters.push({ updates, resolve }));
  }

  #take(n: number, ts: Ts, result: RunResult | undefined): void {
    this.results[n] = result;
    this.tsOf[n] = ts;
    this.updates++;
    for (const waiter of this.#waiters) if (waiter.updates === this.updates) waiter.resolve();
  }
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function openBoard(): Promise<{ app: TestDeployment; clock: LookedAtClock; id: string }> {
  const written = writeApp(APP);
  closers.push(() => written.remove());
  const clock = new LookedAtClock();
  const app = await openTestDeployment(written.dir, { tracking: "fields", verify: false, clock });
  closers.push(() => app.close());
  return { app, clock, id: (await app.mutation("board:seed")) as string };
}

test("one change of a list that 10,000 sockets show is one run and one result, at one ts", async () => {
  const { app, id } = await openBoard();
  const crowd = new Crowd(app, "board:list", () => ({}));
  await crowd.heard(SOCKETS);

  const cost = await app.expectCost(async () => {
    await app.mutation("board:rename", { id, name: "renamed" });
    await crowd.heard(2 * SOCKETS);
  });
  expect(cost.functions["board:list"]).toMatchObject({ runs: 1, reruns: 1, documents: 1 });
  expect(crowd.results).toHaveLength(SOCKETS);
  expect(new Set(crowd.results).size).toBe(1);
  expect(crowd.results[0]).toMatchObject({ ok: true, value: expect.stringContaining("renamed") as string });
  expect(new Set(crowd.tsOf)).toEqual(new Set([await app.deployment.head()]));
  expect(crowd.updates).toBe(2 * SOCKETS);
});

test("while one change wakes 10,000 runs, a mutation and a query are answered between slices", async () => {
  const { app, clock, id } = await openBoard();
  const crowd = new Crowd(app, "board:mine", (n) => ({ id, n }));
  await crowd.heard(SOCKETS);

  const timersSet = clock.timersSet;
  const cost = await app.expectCost(async () => {
    await app.mutation("board:rename", { id, name: "renamed" });
    await crowd.heard(SOCKETS + 1);
    /** How many had observed the change when an answer came. */
    const answered: number[] = [];
    const note = async (work: Promise<unknown>): Promise<unknown> => {
      const value = await work;
      answered.push(crowd.updates - SOCKETS);
      return value;
    };
    const [, notes, list] = await Promise.all([
      note(app.mutation("board:note", { text: "meanwhile" })),
      note(app.query("board:notes")),
      note(app.query("board:list")),
    ]);
    expect(notes).toEqual(["meanwhile"]);
    expect(list).toContain("renamed");
    // The wave was under way, and nobody waited for more than a few slices of it.
    expect(Math.min(...answered)).toBeGreaterThan(0);
    expect(Math.max(...answered)).toBeLessThan(SOCKETS / 20);
    await crowd.heard(2 * SOCKETS);
  });
  expect(cost.functions["board:mine"]).toMatchObject({ runs: SOCKETS, reruns: SOCKETS });
  expect(crowd.results.every((result, n) => result?.ok === true && result.value === `"${n} renamed"`)).toBe(true);
  // Nobody waited for time to pass: this clock would not have woken them.
  expect(clock.timersSet).toBe(timersSet);
});
