/**
 * Two cores in a test's hands: one that writes, one that follows its log, and random histories in which the first does all that a core can do.
 *
 * @module
 */
import { expect } from "vitest";
import { MemoryEngine } from "../engine/memory-engine.ts";
import type { CodePackage } from "../app/types.ts";
import { FollowingCore } from "../core/core-follower.ts";
import type { Core } from "../core/core.ts";
import { loadPackage } from "../functions/code-loader.ts";
import { SeededRandom } from "../isolate/seeded-random.ts";
import type { Active, FromCore, ToCore } from "../protocol/core-protocol.ts";
import type { SocketUpdate } from "../protocol/live-types.ts";
import { noMonitor } from "../protocol/watchdog.ts";
import { NO_IDENTITY } from "../protocol/live-types.ts";
import { World } from "./core-world.ts";
import { DOCUMENT_CODEC } from "./sim-disk.ts";
import { setImmediate } from "node:timers/promises";

/** Queries that both cores must answer alike. They look at documents, files, scheduled functions and variables. */
const QUERIES = ["notes:texts", "notes:jobs", "notes:variable", "notes:files", "notes:version", "notes:missing"];
const SUBSCRIBED = ["notes:texts", "notes:variable", "notes:version", "notes:jobs"];

/** What a follower is to be compared in. */
interface Shown {
  readonly state: unknown;
  readonly answers: readonly string[];
  readonly live: { readonly [query: string]: string };
}

type Step = (world: FollowerWorld) => Promise<unknown>;

/** One app in several versions: other code, another schema, other crons, with a look at a variable while it is loaded or without. */
export function appVersion(version: number): { readonly [file: string]: string } {
  const index = version % 2 === 0 ? `.index("by_text", ["text"])` : "";
  const cron = version % 3 === 0 ? "" : `crons.interval("tick", { seconds: ${version * 40} }, add, { text: "cron" });`;
  return {
    "schema.ts": `
      import { defineSchema, defineTable } from "convex/server";
      import { v } from "convex/values";
      export default defineSchema({ notes: defineTable({ text: v.string() })${index} });`,
    "crons.ts": `
      import { cronJobs, makeFunctionReference } from "convex/server";
      const crons = cronJobs();
      const add = makeFunctionReference("notes:add");
      ${cron}
      export default crons;`,
    "notes.ts": `
      import { mutationGeneric as mutation, queryGeneric as query, makeFunctionReference } from "convex/server";
      const colour = ${version % 2 === 0 ? "process.env.COLOUR" : `"none"`};
      const add$ = makeFunctionReference("notes:add");
      export const add = mutation(async (ctx, { text }) => ctx.db.insert("notes", { text }));
      export const cut = mutation(async (ctx) => {
        const first = await ctx.db.query("notes").first();
        if (first !== null) await ctx.db.delete(first._id);
        const last = await ctx.db.query("notes").order("desc").first();
        if (last !== null) await ctx.db.patch(last._id, { text: last.text + "+" });
      });
      export const later = mutation(async (ctx, { ms, text }) => ctx.scheduler.runAfter(ms, add$, { text }));
      export const cancelAll = mutation(async (ctx) => {
        for (const job of await ctx.db.system.query("_scheduled_functions").collect())
          if (job.state.kind === "pending") await ctx.scheduler.cancel(job._id);
      });
      export const forget = mutation(async (ctx, { id }) => ctx.storage.delete(id));
      export const texts = query(async (ctx) => (await ctx.db.query("notes").collect()).map((note) => note.text));
      export const jobs = query(async (ctx) => ctx.db.system.query("_scheduled_functions").collect());
      export const files = query(async (ctx) => {
        const files = await ctx.db.system.query("_storage").collect();
        return Promise.all(files.map(async (file) => [file._id, await ctx.storage.getUrl(file._id)]));
      });
      export const variable = query(async () => [process.env.COLOUR ?? null, process.env.SIZE ?? null]);
      export const version = query(async () => [${version}, colour ?? null]);`,
  };
}

/** See the module comment. */
export class FollowerWorld {
  readonly writer = new World({
    limits: { sessionKeptMs: 120_000, scheduledResultKeptMs: 90_000 },
    start: { tracking: { tracking: "fields" }, verify: false },
  });
  readonly #versions: readonly CodePackage[];
  readonly #random: SeededRandom;
  readonly #follower: FollowingCore;
  readonly #pending = new Map<number, (text: string) => void>();
  readonly #updates: SocketUpdate[] = [];
  readonly #files: string[] = [];
  #active: Active | undefined;
  #lastId = 0;
  #failure: string | undefined;

  constructor(seed: number, versions: readonly CodePackage[], breakIt?: (core: Core) => void) {
    this.#random = new SeededRandom(seed);
    this.#versions = versions;
    const urls = { cloudUrl: "http://cloud", siteUrl: "http://site" };
    const { limits, clock, files } = this.writer;
    this.#follower = new FollowingCore({
      start: { ...urls, limits, suspects: [], running: [], tracking: { tracking: "fields" }, verify: false },
      engine: new MemoryEngine({ codec: DOCUMENT_CODEC }),
      clock,
      random: { bytes: (count) => new Uint8Array(count) },
      monitor: noMonitor,
      loadCode: loadPackage,
      files,
      pause: () => setImmediate(),
      send: (batch) => batch.forEach((message) => this.#receive(message)),
    });
    breakIt?.(this.#follower.core);
  }

  /** Plays a history of `steps` steps; after each the follower must equal the writer. */
  async play(steps: number): Promise<void> {
    await this.writer.start();
    await this.#begin();
    for (let step = 0; step < steps; step += 1) {
      await (this.#random.float() < 0.5 ? this.#write() : this.#pick(STEPS)(this));
      await this.#compare();
    }
    this.writer.crash();
    await this.#follower.close();
  }

  async push(): Promise<void> {
    await this.writer.push(this.#pick(this.#versions));
  }

  async setVariable(): Promise<void> {
    const name = this.#pick(["COLOUR", "SIZE"]);
    const value = this.#pick([null, "red", "green"]);
    await this.writer.request<"setEnvironment">({ type: "setEnvironment", changes: [{ name, value }] });
  }

  async schedule(): Promise<void> {
    await this.writer.mutation("notes:later", { ms: Math.floor(this.#random.float() * 90_000), text: "later" });
  }

  async pass(): Promise<void> {
    await this.writer.advance(this.#random.float() * 60_000);
  }

  async crash(): Promise<void> {
    await this.writer.restart();
    await this.#begin();
  }

  async store(): Promise<void> {
    this.#lastId += 1;
    const name = Buffer.from(`file ${this.#lastId}`.padEnd(16)).toString("hex");
    const dedupe = { kind: "slot", slot: 1, serial: name } as const;
    const facts = { size: 1, sha256: "", contentType: null };
    this.#files.push(await this.writer.request<"commitFile">({ type: "commitFile", name, facts, dedupe }));
  }

  async forget(): Promise<void> {
    const id = this.#files.pop();
    if (id !== undefined) await this.writer.mutation("notes:forget", { id });
  }

  async #write(): Promise<void> {
    this.#lastId += 1;
    const dedupe = { kind: "session", sessionId: "s", requestId: this.#lastId } as const;
    const isAdd = this.#random.float() < 0.6;
    await this.writer.mutation(isAdd ? "notes:add" : "notes:cut", isAdd ? { text: `${this.#lastId}` } : {}, dedupe);
  }

  async #begin(): Promise<void> {
    this.#follower.follow(this.writer.disk.log);
    await this.#idle();
    const add = SUBSCRIBED.map((path, queryId) => ({ queryId, path, args: "{}", journal: null }));
    const messages: readonly ToCore[] = [
      { type: "openSocket", socket: 1 },
      { type: "modifyQueries", socket: 1, querySet: 1, add, remove: [] },
    ];
    this.writer.core.receive(messages);
    if (this.#updates.length === 0) this.#follower.core.receive(messages);
    await this.#idle();
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random.float() * choices.length)] as T;
  }

  async #idle(): Promise<void> {
    await this.writer.idle();
    await this.#follower.core.whenIdle();
  }

  async #compare(): Promise<void> {
    await this.#idle();
    const ask = (message: ToCore): Promise<string> => this.#ask(message);
    const followed = await shown(this.#follower.core, this.#active, this.#updates, ask);
    const { core, active, updates } = this.writer;
    const right = await shown(core, active, updates, async (message) =>
      JSON.stringify(await this.writer.request(message as never)),
    );
    expect(this.#failure).toBeUndefined();
    expect(followed).toEqual(right);
  }

  #ask(message: ToCore): Promise<string> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      this.#follower.core.receive([{ ...message, id } as ToCore]);
    });
  }

  #receive(message: FromCore): void {
    if (message.type === "reply") this.#pending.get(message.id)?.(JSON.stringify(message.value));
    else if (message.type === "refused") this.#pending.get(message.id)?.(`refused: ${message.message}`);
    else if (message.type === "updates") this.#updates.push(...message.updates);
    else if (message.type === "active" || message.type === "ready") this.#active = message.active;
    else if (message.type === "failed") {
      this.#failure = message.message;
      for (const resolve of this.#pending.values()) resolve("failed");
    } else if (message.type !== "logs" && message.type !== "awake") this.#failure = `it said ${message.type}`;
  }
}

const STEPS: readonly Step[] = [
  (world) => world.push(),
  (world) => world.push(),
  (world) => world.setVariable(),
  (world) => world.setVariable(),
  (world) => world.schedule(),
  (world) => world.schedule(),
  (world) => world.writer.mutation("notes:cancelAll"),
  (world) => world.pass(),
  (world) => world.pass(),
  (world) => world.pass(),
  (world) => world.crash(),
  (world) => world.store(),
  (world) => world.store(),
  (world) => world.forget(),
];

async function shown(
  core: Core,
  active: Active | undefined,
  updates: readonly SocketUpdate[],
  ask: (message: ToCore) => Promise<string>,
): Promise<Shown> {
  const { state, database } = core;
  const { due, code } = state;
  const answers: string[] = [];
  for (const path of QUERIES) {
    const call = {
      path,
      args: "{}",
      identity: NO_IDENTITY,
      allowInternal: false,
      requestId: "0",
      caller: "HttpApi",
    } as const;
    answers.push(await ask({ type: "query", call } as never));
  }
  return {
    state: {
      active,
      head: database.head,
      schema: database.schema,
      tables: [...database.catalogue.tables()].sort((a, b) => a.number - b.number),
      variables: state.variables,
      environment: [...state.environment].sort(),
      code: [code.identity, code.loadError, code.active?.user.analysis],
      token: state.addresses.tokenUntil(0),
      due: [due.jobMs, due.resultMs, due.cronMs, due.sessionMs],
    },
    answers,
    live: newest(updates),
  };
}

/** The newest result of each subscribed query. */
function newest(updates: readonly SocketUpdate[]): { readonly [query: string]: string } {
  const results: { [query: string]: string } = {};
  for (const { changes } of updates)
    for (const { queryId, result } of changes) {
      if (result === undefined) delete results[queryId];
      else results[queryId] = result.ok ? result.value : result.errorMessage;
    }
  return results;
}
