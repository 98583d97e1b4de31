/**
 * A core that runs generated functions over a generated schema: after every commit each held result must equal a run from scratch.
 *
 * Everything but the network is real: bundled code, `ctx.db`, documents as handlers get them, the core's node store and reactor.
 *
 * @module
 */
import { withoutRequestLine } from "../protocol/core-protocol.ts";
import { parseSchema } from "@narrowcast/values";
import { expect } from "vitest";
import type { RunResult } from "../protocol/live-types.ts";
import type { VerifyOptions } from "../protocol/live-types.ts";
import { Random } from "../reactive/testing/random.ts";
import type { Mechanisms } from "../tx/types.ts";
import type { Core } from "../core/core.ts";
import type { CodePackage } from "../app/types.ts";
import { bundleTexts } from "../kit/text-app.ts";
import { NOBODY, World } from "./core-world.ts";
import { GENERATED_APP } from "./generated-app.ts";
import { randomProgram, randomSchema, randomStep, schemaJsonOf, type SchemaShape } from "./generated-programs.ts";

const SOCKETS = [1, 2] as const;
const PROGRAMS = 12;
const QUERIES_MAX = 8;
/** With so little some nodes are forgotten, with so much none. */
const NODE_BYTES = [8_000, 1_000_000];
const NO_MOMENT = { nowMs: 0, seed: 0, requestId: "0000000000000000" };

/** What the error says when a held result is not what a run from scratch gives. */
export const FALSE_RESULT = "held result is false";

interface Held {
  readonly args: string;
  result: RunResult | undefined;
}

/** What a world is made of besides its seed. */
export interface WorldOptions {
  readonly mechanisms: Mechanisms;
  /** Switches a condition of the core wrong. */
  readonly breakIt?: ((core: Core) => void) | undefined;
  /** The online verifier; off by default, since it would repair what is to be found. */
  readonly verify?: VerifyOptions | undefined;
}

let bundled: Promise<CodePackage> | undefined;

/** See the module comment. */
export class GeneratedWorld {
  readonly #world: World;
  readonly #random: Random;
  readonly #schema: SchemaShape;
  readonly #held = new Map<string, Held>();
  readonly #live: string[] = [];
  #programs: readonly string[] = [];
  #querySets = 0;
  #queries = 0;
  #updatesSeen = 0;
  /** Comparisons of values, and of errors. */
  readonly compared = { values: 0, errors: 0 };

  private constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    this.#schema = randomSchema(random);
  }

  static async open(seed: number, { mechanisms, breakIt, verify }: WorldOptions): Promise<GeneratedWorld> {
    const random = new Random(seed);
    bundled ??= bundleTexts(GENERATED_APP);
    const nodeBytes = random.pick(NODE_BYTES);
    const start = { tracking: { tracking: mechanisms }, nodeBytes, verify: verify ?? false } as const;
    const world = await World.open(null, { start });
    const pushed = await world.push(await bundled);
    expect(pushed).toMatchObject({ ok: true });
    const generated = new GeneratedWorld(world, random);
    world.core.database.setSchema(parseSchema(schemaJsonOf(generated.#schema)));
    breakIt?.(world.core);
    await generated.#begin();
    return generated;
  }

  get core(): Core {
    return this.#world.core;
  }

  /** Plays random steps; after each one everything held is compared. */
  async play(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      if (this.#random.once(5)) this.#changeQueries();
      else await this.#write(1 + this.#random.int(2));
      await this.#world.idle();
      await this.#check();
    }
    this.#world.crash();
  }

  async #begin(): Promise<void> {
    for (let n = 0; n < 6; n += 1) await this.#write(2);
    this.#programs = Array.from({ length: PROGRAMS }, () =>
      JSON.stringify({ program: randomProgram(this.#random, this.#schema, this.#live) }),
    );
    for (const socket of SOCKETS) this.#world.signal({ type: "openSocket", socket });
    for (let n = 0; n < 5; n += 1) this.#changeQueries();
    await this.#world.idle();
    await this.#check();
  }

  async #write(count: number): Promise<void> {
    const steps = Array.from({ length: count }, () => randomStep(this.#random, this.#schema, this.#live));
    const outcome = await this.#world.mutation("app:w", { steps });
    // A later step may write to what an earlier one deleted, never the other way round: ids leave the list at once.
    if (!outcome.ok) throw new Error(outcome.errorMessage);
    this.#live.push(...(JSON.parse(outcome.value) as string[]));
  }

  #changeQueries(): void {
    const socket = this.#random.pick(SOCKETS);
    this.#querySets += 1;
    const change = { type: "modifyQueries", socket, querySet: this.#querySets } as const;
    const mine = [...this.#held.keys()].filter((key) => key.startsWith(`${socket}/`));
    if (mine.length >= QUERIES_MAX || (mine.length > 0 && this.#random.once(3))) {
      const key = this.#random.pick(mine);
      this.#held.delete(key);
      this.#world.signal({ ...change, add: [], remove: [Number(key.split("/")[1])] });
      return;
    }
    const args = this.#random.pick(this.#programs);
    const queryId = (this.#queries += 1);
    this.#held.set(`${socket}/${queryId}`, { args, result: undefined });
    this.#world.signal({ ...change, add: [{ queryId, path: "app:q", args, journal: null }], remove: [] });
  }

  async #check(): Promise<void> {
    const { updates } = this.#world;
    for (; this.#updatesSeen < updates.length; this.#updatesSeen += 1) {
      const update = updates[this.#updatesSeen];
      for (const { queryId, result } of update?.changes ?? []) {
        const held = this.#held.get(`${update?.socket}/${queryId}`);
        if (held !== undefined) held.result = result;
      }
    }
    expect(this.#world.failures).toEqual([]);
    for (const { args, result } of this.#held.values()) await this.#expectTrue(args, result);
  }

  async #expectTrue(args: string, held: RunResult | undefined): Promise<void> {
    const request = { path: "app:q", args, identity: NOBODY, journal: held?.journal ?? null };
    const right = await this.core.runner.fromScratch(request, NO_MOMENT);
    this.compared[held?.ok === true ? "values" : "errors"] += 1;
    if (held !== undefined && textOf(held) === textOf(right)) return;
    expect({ args, held: textOf(held) }, FALSE_RESULT).toEqual({ args, held: textOf(right) });
  }
}

/** What a client sees, log lines too. */
function textOf(result: RunResult | undefined): string | undefined {
  if (result === undefined) return undefined;
  return [result.ok ? result.value : withoutRequestLine(result.errorMessage), ...result.logLines].join("\n");
}
