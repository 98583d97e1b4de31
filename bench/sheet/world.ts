/**
 * A deployment of the orchestrator in this process: data in memory, seeded, under one set of rules, on a clock that is told the time.
 *
 * Two worlds of one state begin with the same documents under the same ids.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import {
  bundleApp,
  startDeployment,
  VirtualClock,
  type DeploymentOptions,
  type RunningDeployment,
} from "@narrowcast/server";
import type { Doc } from "@narrowcast/values";
import { SEED_STEPS, type SeedState } from "../../apps/orchestrator/convex/model/seedPlan.ts";
import type { Engine } from "../../packages/server/src/engine/types.ts";
import type { Identity } from "../../packages/server/src/reactive/types.ts";
import { SeededRandom } from "../../packages/server/src/runtime/seeded-random.ts";
import { RecordingEngine } from "./recording-engine.ts";

/** Whose rules: Convex's, or all that Narrowcast has. */
export type Rules = "convex" | "narrow";

export const PASSWORD = "sheet";
/** When the data is written; the worlds begin a minute later. */
const SEEDED_MS = Date.UTC(2026, 0, 15, 9);
const START_MS = SEEDED_MS + 60_000;
const UNSET_URL = "http://127.0.0.1:0";
const APP = fileURLToPath(new URL("../../apps/orchestrator/convex", import.meta.url));
const ADMIN: Identity = { kind: "admin", key: "admin", attributes: null };
const REQUEST_ID = "0123456789abcdef";
const SEED = 1;
/** Another one than the seeding's: ids that are drawn again would be taken. */
const WORLD_SEED = 2;

const seeded = new Map<SeedState, Promise<RecordingEngine<Doc>>>();

/** See the module comment. */
export class World {
  readonly clock: VirtualClock;
  readonly deployment: RunningDeployment;
  readonly rules: Rules;
  readonly engine: Engine<Doc>;

  private constructor(clock: VirtualClock, deployment: RunningDeployment, rules: Rules, engine: Engine<Doc>) {
    this.engine = engine;
    this.clock = clock;
    this.deployment = deployment;
    this.rules = rules;
  }

  /** Seeds the state's data when it is asked for first. */
  static async open(state: SeedState, rules: Rules): Promise<World> {
    let data = seeded.get(state);
    if (data === undefined) {
      data = seed(state);
      seeded.set(state, data);
    }
    return await World.#start((await data).copy(), rules, START_MS, WORLD_SEED);
  }

  /** By Convex's rules, on whatever the engine holds. Of a world that was closed, it holds the data still. */
  static async openOn(engine: Engine<Doc>): Promise<World> {
    return await World.#start(engine, "convex", SEEDED_MS, SEED);
  }

  static async #start(engine: Engine<Doc>, rules: Rules, startMs: number, randomSeed: number): Promise<World> {
    const clock = new VirtualClock(startMs);
    const random = new SeededRandom(randomSeed);
    const options: DeploymentOptions = {
      threads: false,
      cloudUrl: UNSET_URL,
      siteUrl: UNSET_URL,
      clock,
      home: { engine, random: { bytes: (count) => randomBytes(random, count) } },
      tracking: rules === "convex" ? "document" : "fields",
    };
    return new World(clock, await startDeployment(options), rules, engine);
  }

  /** Calls a function as an administrator, beside all sockets. */
  async call(kind: "query" | "mutation", path: string, args: object): Promise<unknown> {
    const call = { path, args: JSON.stringify(args), identity: ADMIN, allowInternal: true, requestId: REQUEST_ID };
    const outcome = await this.deployment[kind](call);
    if (!outcome.ok) throw new Error(`Cannot call ${path}: ${outcome.errorMessage}`);
    return JSON.parse(outcome.value);
  }

  async close(): Promise<void> {
    await this.deployment.close();
  }
}

async function seed(state: SeedState): Promise<RecordingEngine<Doc>> {
  const engine = new RecordingEngine<Doc>();
  const world = await World.openOn(engine);
  const pushed = await world.deployment.push((await bundleApp(APP)).code);
  if (!pushed.ok) throw new Error(`Cannot push the app: ${pushed.message}`);
  await world.deployment.setEnvironment([{ name: "ADMIN_PASSWORD", value: PASSWORD }]);
  for (let number = 0; number < SEED_STEPS; number++) {
    await world.call("mutation", "seed:step", { state, seed: SEED, now: SEEDED_MS, number });
  }
  await world.close();
  return engine;
}

function randomBytes(random: SeededRandom, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  random.fillBytes(bytes);
  return bytes;
}
