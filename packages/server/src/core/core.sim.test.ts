/**
 * Simulation: random work on a core that is killed at random moments, over a disk that loses what was not flushed.
 *
 * Laws, checked after every history:
 *   - A mutation that was acknowledged took effect exactly once; one that was sent again until it was acknowledged, too.
 *   - A mutation that was given up took effect at most once.
 *   - A scheduled mutation whose scheduling was acknowledged took effect exactly once, whatever crashed in between.
 *   - A subscriber sees counts that never go back, and ends with the true one.
 *
 * `SIMS=200 npx vitest run core.sim` runs more seeds; a failure prints its seed, `SEED=n` repeats it.
 */
import { setImmediate } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { SeededRandom } from "../isolate/seeded-random.ts";
import { bundleTexts } from "../kit/text-app.ts";
import { NOTES_APP, World } from "../testing/core-world.ts";
import type { CodePackage } from "../app/types.ts";

const SEEDS =
  process.env["SEED"] === undefined
    ? Array.from({ length: Number(process.env["SIMS"] ?? 12) }, (_, i) => i + 1)
    : [Number(process.env["SEED"])];
const STEPS = 60;

let code: CodePackage;
beforeAll(async () => {
  code = await bundleTexts(NOTES_APP);
});

/** A mutation on its way: sent again after a crash until acknowledged. */
interface Sent {
  readonly text: string;
  readonly requestId: number;
  readonly path: "notes:add" | "notes:later";
  isDone: boolean;
}

class Simulation {
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #sent: Sent[] = [];
  readonly seen: number[] = [];
  crashes = 0;

  constructor(seed: number, world: World) {
    this.#random = new SeededRandom(seed);
    this.#world = world;
  }

  async run(): Promise<void> {
    this.#subscribe();
    for (let i = 0; i < STEPS; i += 1) await this.#step();
    this.#world.disk.release();
    await this.#world.idle();
    await this.#crash();
    this.#world.disk.release();
    for (const sent of this.#sent) if (!sent.isDone) this.#send(sent);
    await this.#world.advance(600_000);
    this.#collect();
  }

  get texts(): readonly string[] {
    return this.#sent.map(({ text }) => text);
  }

  get areDone(): boolean {
    return this.#sent.every(({ isDone }) => isDone);
  }

  async #step(): Promise<void> {
    const dice = this.#random.float();
    const world = this.#world;
    if (dice < 0.5) this.#mutate();
    else if (dice < 0.6) world.disk.stall();
    else if (dice < 0.7) world.disk.release();
    else if (dice < 0.8) world.clock.moveTo(world.clock.nowMs() + this.#random.float() * 2_000);
    else if (dice < 0.88) await this.#crash();
    for (let turns = Math.floor(this.#random.float() * 6); turns > 0; turns -= 1) await setImmediate();
  }

  #mutate(): void {
    const requestId = this.#sent.length;
    const path = this.#random.float() < 0.4 ? "notes:later" : "notes:add";
    const sent: Sent = { text: `${path} ${requestId}`, requestId, path, isDone: false };
    this.#sent.push(sent);
    this.#send(sent);
    // A client that is impatient sends the same again.
    if (this.#random.float() < 0.2) this.#send(sent);
  }

  #send(sent: Sent): void {
    const { text, requestId, path } = sent;
    const args = path === "notes:add" ? { text } : { text, ms: (requestId * 37) % 1_500 };
    void this.#world.mutation(path, args, { kind: "session", sessionId: "sim", requestId }).then(() => {
      sent.isDone = true;
    });
  }

  async #crash(): Promise<void> {
    this.crashes += 1;
    this.#collect();
    const wasStalled = this.#random.float() < 0.5;
    this.#world.crash();
    this.#world.disk.release();
    await this.#world.start();
    if (wasStalled) this.#world.disk.stall();
    this.#subscribe();
    for (const sent of this.#sent) if (!sent.isDone && this.#random.float() < 0.8) this.#send(sent);
  }

  #subscribe(): void {
    this.#world.signal({ type: "openSocket", socket: 1 });
    const add = [{ queryId: 1, path: "notes:count", args: "{}", journal: null }];
    this.#world.signal({ type: "modifyQueries", socket: 1, querySet: 1, add, remove: [] });
  }

  #collect(): void {
    for (const { changes } of this.#world.updates.splice(0)) {
      for (const { result } of changes) if (result?.ok === true) this.seen.push(Number(result.value));
    }
  }
}

test.each(SEEDS)("history %i: acknowledged mutations exist exactly once", async (seed) => {
  const world = new World({});
  await world.start();
  expect(await world.push(code)).toMatchObject({ ok: true });
  const simulation = new Simulation(seed, world);
  await simulation.run();
  expect(simulation.areDone).toBe(true);
  expect(world.failures).toEqual([]);
  const found = (await world.value("notes:texts")) as readonly string[];
  expect([...found].sort()).toEqual([...simulation.texts].sort());
  expect(simulation.seen).toEqual([...simulation.seen].sort((a, b) => a - b));
  expect(simulation.seen.at(-1)).toBe(found.length);
});

test("the histories crash, and some crash with work under way", async () => {
  const world = new World({});
  await world.start();
  await world.push(code);
  const simulation = new Simulation(SEEDS[0] ?? 1, world);
  await simulation.run();
  expect(simulation.crashes).toBeGreaterThan(1);
});
