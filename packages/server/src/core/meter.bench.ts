/**
 * What does metering cost?
 *
 * Expected before measuring: a record per execution is a few additions in four or five lines and some small objects, under a microsecond, beside
 * executions of 15 µs and more: 1-4 % of the throughput. The promise is under 5 %.
 *
 *   node --expose-gc --import tsx --conditions=@narrowcast/source packages/server/src/core/meter.bench.ts
 *
 * Cores in one process, in memory, with a ledger and without; the same small batches of work to each, in turn, by CPU time (`bench/paired-cpu.ts`).
 *
 * @module
 */
import { CONVEX_LIMITS } from "@narrowcast/values";
import { report } from "../../../../bench/compare.ts";
import { comparePaired } from "../../../../bench/paired-cpu.ts";
import type * as CoreHomeModule from "./core-home.ts";
import type { OpenedCore } from "./core-home.ts";
import type { FromCore, ToCore } from "../protocol/core-protocol.ts";
import { MainSide } from "../kit/main-side.ts";
import { bundleTexts } from "../kit/text-app.ts";

const isSmoke = process.env["BENCH"] === "smoke";
const SUBSCRIPTIONS = 100;
const GROUPS = 20;
const JOBS_PER_GROUP = 20;
const BATCH = 100;
const TURNS = isSmoke ? 0 : 800;

const APP = {
  "schema.ts": `
    import { defineSchema, defineTable } from "convex/server";
    import { v } from "convex/values";
    export default defineSchema({ jobs: defineTable({ group: v.string(), progress: v.number() }).index("by_group", ["group"]) });`,
  "jobs.ts": `
    import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
    export const add = mutation(async (ctx, { group }) => ctx.db.insert("jobs", { group, progress: 0 }));
    export const tick = mutation(async (ctx, { id, progress }) => ctx.db.patch(id, { progress }));
    export const list = query(async (ctx, { group }) =>
      (await ctx.db.query("jobs").withIndex("by_group", (q) => q.eq("group", group)).collect()).map((job) => job.progress));
    export const one = query(async (ctx, { id, n }) => (await ctx.db.get(id)).progress + n);
    export const first = query(async (ctx, { group }) =>
      (await ctx.db.query("jobs").withIndex("by_group", (q) => q.eq("group", group)).first())?.progress ?? null);`,
};

const NOBODY = { kind: "none", key: "", attributes: null } as const;

// As it is shipped: the loader for TypeScript wraps every function that is made.
const { openCoreIn } = (await import(
  new URL("../../dist/core/core-home.js", import.meta.url).href
)) as typeof CoreHomeModule;

class Bench {
  readonly #opened: OpenedCore;
  readonly #replies: Map<number, unknown>;
  readonly ids: string[] = [];
  #lastId = 0;
  #turn = 0;

  private constructor(opened: OpenedCore, replies: Map<number, unknown>) {
    this.#opened = opened;
    this.#replies = replies;
  }

  static async open(isMetered: boolean): Promise<Bench> {
    const replies = new Map<number, unknown>();
    const main = new MainSide();
    let opened: OpenedCore | undefined;
    const observe = (batch: readonly FromCore[]): void => {
      for (const message of batch) {
        if (message.type === "reply") replies.set(message.id, message.value);
        const answer = main.answer(message);
        if (answer !== undefined) opened?.core.receive([answer]);
      }
    };
    const urls = { cloudUrl: "http://127.0.0.1:3210", siteUrl: "http://127.0.0.1:3211" };
    const start = { ...urls, limits: CONVEX_LIMITS, suspects: [], running: [], isMetered };
    opened = await openCoreIn({ start }, observe);
    const bench = new Bench(opened, replies);
    await bench.#do([{ type: "push", id: 0, code: main.manifestOf(await bundleTexts(APP)) }]);
    for (let n = 0; n < GROUPS * JOBS_PER_GROUP; n += 1) {
      const [added] = await bench.#do([bench.#call("mutation", "jobs:add", { group: `g${n % GROUPS}` })]);
      bench.ids.push(JSON.parse((added as { readonly value: string }).value) as string);
    }
    return bench;
  }

  close(): Promise<void> {
    return this.#opened.close();
  }

  /** Mutations that nobody observes. */
  async mutations(): Promise<unknown> {
    return this.#batch((n) => this.#call("mutation", "jobs:tick", { id: this.#id(n), progress: this.#turn + n }));
  }

  /** One-shot queries that read one document; each has arguments of its own, so none is answered from another's run. */
  async queries(): Promise<unknown> {
    return this.#batch((n) => this.#call("query", "jobs:one", { id: this.#id(n), n: this.#turn * BATCH + n }));
  }

  /** Subscribes many sockets to lists of 20 documents and to first documents. */
  async subscribe(): Promise<void> {
    const messages: ToCore[] = [];
    for (let socket = 1; socket <= SUBSCRIPTIONS; socket += 1) {
      const path = socket % 2 === 0 ? "jobs:list" : "jobs:first";
      const add = [{ queryId: 1, path, args: JSON.stringify({ group: `g${socket % GROUPS}` }), journal: null }];
      messages.push({ type: "openSocket", socket }, { type: "modifyQueries", socket, querySet: 1, add, remove: [] });
    }
    await this.#do(messages);
  }

  /** Ticks, one at a time, each of which wakes the runs of one group; ten sockets share them. */
  async ticks(): Promise<unknown> {
    this.#turn += 1;
    let last: unknown;
    for (let n = 0; n < GROUPS; n += 1) {
      const id = this.ids[n] ?? "";
      [last] = await this.#do([this.#call("mutation", "jobs:tick", { id, progress: this.#turn })]);
    }
    return last;
  }

  #id(n: number): string {
    return this.ids[n % this.ids.length] ?? "";
  }

  #batch(make: (n: number) => ToCore): Promise<unknown[]> {
    this.#turn += 1;
    return this.#do(Array.from({ length: BATCH }, (_, n) => make(n)));
  }

  #call(type: "query" | "mutation", path: string, args: object): ToCore {
    this.#lastId += 1;
    const requestId = "0123456789abcdef";
    const call = {
      path,
      args: JSON.stringify(args),
      identity: NOBODY,
      allowInternal: false,
      requestId,
      caller: "HttpApi",
    } as const;
    return type === "query" ? { type, id: this.#lastId, call } : { type, id: this.#lastId, call, dedupe: null };
  }

  async #do(messages: readonly ToCore[]): Promise<unknown[]> {
    this.#opened.core.receive(messages);
    await this.#opened.core.whenIdle();
    const answers = messages.flatMap((message) => ("id" in message ? [this.#replies.get(message.id)] : []));
    this.#replies.clear();
    return answers;
  }
}

const benches = [
  await Bench.open(false),
  await Bench.open(true),
  await Bench.open(false),
  await Bench.open(true),
] as const;
const [off1, on1, off2, on2] = benches;

/** One kind of work on metered cores against ones without a ledger. @param slice Batches of a slice, which makes it some milliseconds long. */
async function measure(name: string, slice: number, work: (bench: Bench) => Promise<unknown>): Promise<void> {
  const several = (bench: Bench) => async (): Promise<void> => {
    for (let n = 0; n < slice; n += 1) await work(bench);
  };
  const sides = { off: [several(off1), several(off2)], on: [several(on1), several(on2)] } as const;
  const compared = await comparePaired(name, sides, TURNS);
  if (compared === undefined) return;
  for (const ratio of [compared.ratio, compared.error]) process.stdout.write(`${report(ratio, 3)}\n`);
}

await measure(`${BATCH} mutations`, 1, (bench) => bench.mutations());
await measure(`${BATCH} one-shot queries of 1 document`, 1, (bench) => bench.queries());
for (const bench of benches) await bench.subscribe();
await measure(`${3 * GROUPS} ticks that wake 5 sockets each`, 3, (bench) => bench.ticks());
for (const bench of benches) await bench.close();
