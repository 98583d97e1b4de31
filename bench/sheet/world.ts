/**
 * A deployment of a system in this process: data in memory, seeded, under one set of rules, on a clock that is told the time.
 *
 * Two worlds of one state begin with the same documents under the same ids.
 *
 * @module
 */
import { bundleApp, VirtualClock, type DeploymentOptions, type TestDeployment } from "@narrowcast/server";
import type { Doc } from "@narrowcast/values";
import { SeededRandom, startTestDeployment, type Engine } from "@narrowcast/server/testing";
import { RecordingEngine } from "./recording-engine.ts";
import type { SheetSize } from "./size.ts";

/** Whose rules: Convex's, or all that Narrowcast has. */
export type Rules = "convex" | "narrow";

/** A system, as far as its data goes. */
export interface Seeding {
  readonly name: string;
  /** Folder of the app's functions. */
  readonly convexDir: string;
  /** Variables of the deployment. */
  readonly environment?: { readonly [name: string]: string };
  /** When the data is written, in milliseconds since the epoch; scenarios begin a minute later. */
  readonly seededMs: number;
  /** Writes a state's data into an empty world. */
  seed(world: World, state: string, size: SheetSize): Promise<void>;
}

/** The worlds begin so long after their data was written. */
const LATER_MS = 60_000;
const UNSET_URL = "http://127.0.0.1:0";
const SEED = 1;
/** Another one than the seeding's: ids that are drawn again would be taken. */
const WORLD_SEED = 2;

const seeded = new Map<string, Promise<RecordingEngine<Doc>>>();

/** See the module comment. */
export class World {
  readonly clock: VirtualClock;
  /** Functions may be called as in an app's own tests. */
  readonly app: TestDeployment;
  readonly rules: Rules;
  readonly engine: Engine<Doc>;

  private constructor(clock: VirtualClock, app: TestDeployment, rules: Rules, engine: Engine<Doc>) {
    this.engine = engine;
    this.clock = clock;
    this.app = app;
    this.rules = rules;
  }

  get deployment(): TestDeployment["deployment"] {
    return this.app.deployment;
  }

  /** Seeds the state's data when it is asked for first. */
  static async open(system: Seeding, state: string, size: SheetSize, rules: Rules): Promise<World> {
    const key = JSON.stringify([system.name, state, size.isQuick]);
    let data = seeded.get(key);
    if (data === undefined) {
      data = seed(system, state, size);
      seeded.set(key, data);
    }
    return await World.#start((await data).copy(), rules, system.seededMs + LATER_MS, WORLD_SEED);
  }

  /** By Convex's rules, on whatever the engine holds. Of a world that was closed, it holds the data still. */
  static async openOn(engine: Engine<Doc>, startMs: number): Promise<World> {
    return await World.#start(engine, "convex", startMs, SEED);
  }

  static async #start(engine: Engine<Doc>, rules: Rules, startMs: number, randomSeed: number): Promise<World> {
    const clock = new VirtualClock(startMs);
    const random = new SeededRandom(randomSeed);
    const options: DeploymentOptions = {
      cloudUrl: UNSET_URL,
      siteUrl: UNSET_URL,
      clock,
      home: { engine, random: { bytes: (count) => randomBytes(random, count) } },
      tracking: rules === "convex" ? "document" : "fields",
    };
    return new World(clock, await startTestDeployment(options), rules, engine);
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}

/** Lets go of the data that was seeded for a system: another one may need the memory. */
export function forgetSeeded(system: Seeding): void {
  for (const key of seeded.keys()) if (key.startsWith(`["${system.name}",`)) seeded.delete(key);
}

async function seed(system: Seeding, state: string, size: SheetSize): Promise<RecordingEngine<Doc>> {
  const engine = new RecordingEngine<Doc>();
  const world = await World.openOn(engine, system.seededMs);
  const pushed = await world.deployment.push((await bundleApp(system.convexDir)).code);
  if (!pushed.ok) throw new Error(`Cannot push ${system.name}: ${pushed.message}`);
  await world.app.setEnvironment(system.environment ?? {});
  await system.seed(world, state, size);
  await world.close();
  return engine;
}

function randomBytes(random: SeededRandom, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  random.fillBytes(bytes);
  return bytes;
}
