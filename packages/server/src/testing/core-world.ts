/**
 * A core in a test's hands: virtual time, a simulated disk, and a client that remembers what the core said.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import { CONVEX_LIMITS, canonicalFunctionPath, parseValue, type Limits, type Value } from "@narrowcast/values";
import type { FileStore } from "../engine/file-store.ts";
import { MemoryFiles } from "../engine/memory-files.ts";
import { NO_IDENTITY, type Identity, type SocketUpdate } from "../protocol/live-types.ts";
import type { Clock } from "../protocol/alarms.ts";
import { openCoreIn, type OpenedCore } from "../core/core-home.ts";
import type {
  Active,
  ActionTicket,
  CoreReplies,
  CoreRequest,
  CoreSignal,
  CoreStart,
  DedupeKey,
  FromCore,
  Suspect,
} from "../protocol/core-protocol.ts";
import type { CallOutcome, LogEntry, PushOutcome } from "../protocol/deployment-types.ts";
import { SeededRandom } from "../isolate/seeded-random.ts";
import type { CodePackage } from "../app/types.ts";
import { MainSide } from "../kit/main-side.ts";
import { bundleTexts } from "../kit/text-app.ts";
import { SimDisk } from "./sim-disk.ts";

export const START_MS = 1_800_000_000_000;
export const NOBODY: Identity = NO_IDENTITY;
export const ADMIN: Identity = { kind: "admin", key: "admin", attributes: null };

/** Time that moves only when it is told to. */
export class TestClock implements Clock {
  #nowMs = START_MS;
  #timers: { readonly atMs: number; readonly wake: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  setTimer(atMs: number, wake: () => void): () => void {
    const timer = { atMs, wake };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.length;
  }

  /** The next timer's moment. */
  get nextMs(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map(({ atMs }) => atMs));
  }

  /** Moves to `ms` and wakes what is due. */
  moveTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms);
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { wake } of due) wake();
  }
}

export type WithoutId<R> = R extends CoreRequest ? Omit<R, "id"> : never;

export interface WorldOptions {
  readonly limits?: Partial<Limits>;
  readonly disk?: SimDisk;
  readonly clock?: TestClock;
  /** Outlives crashes, as a disk does. */
  readonly files?: FileStore;
  /** Tracking, verification and budgets of the core. */
  readonly start?: Partial<CoreStart>;
}

/** See the module comment. */
export class World {
  readonly clock: TestClock;
  readonly disk: SimDisk;
  readonly limits: Limits;
  readonly updates: SocketUpdate[] = [];
  readonly logs: LogEntry[] = [];
  readonly started: Extract<FromCore, { type: "startAction" }>[] = [];
  readonly failures: string[] = [];
  /** Lines of the trace. */
  readonly traced: string[] = [];
  /** Files whose bytes main was told to remove. */
  readonly filesDeleted: string[] = [];
  readonly random = new SeededRandom(7);
  active: Active | undefined;
  readonly main = new MainSide();
  readonly files: FileStore;
  readonly #start: Partial<CoreStart>;
  #opened: OpenedCore | undefined;
  #lastId = 0;
  readonly #pending = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #generation = 0;

  constructor({ limits, disk, clock, start, files }: WorldOptions) {
    this.files = files ?? new MemoryFiles();
    this.#start = start ?? {};
    this.limits = { ...CONVEX_LIMITS, ...limits };
    this.disk = disk ?? new SimDisk();
    this.clock = clock ?? new TestClock();
  }

  static async open(files: { readonly [name: string]: string } | null, options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    await world.start();
    if (files !== null) {
      const outcome = await world.push(await bundleTexts(files));
      if (!outcome.ok) throw new Error(outcome.message);
    }
    return world;
  }

  get core(): OpenedCore["core"] {
    if (this.#opened === undefined) throw new Error("no core is open");
    return this.#opened.core;
  }

  async start(suspects: readonly Suspect[] = [], running: readonly ActionTicket[] = []): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    const urls = { cloudUrl: "http://cloud", siteUrl: "http://site" };
    const start = { ...this.#start, ...urls, limits: this.limits, suspects, running };
    this.#opened = await openCoreIn(
      {
        start,
        engine: this.disk.open(),
        clock: this.clock,
        files: this.files,
        random: { bytes: (count) => this.#bytes(count) },
      },
      (batch) => {
        if (generation === this.#generation) for (const message of batch) this.#receive(message);
      },
    );
    await this.idle();
  }

  /** Ends the core as `kill -9` would: nothing more comes from it, and what was not flushed is gone. */
  crash(): void {
    this.#generation += 1;
    void this.#opened?.core.close();
    this.#opened = undefined;
    this.#pending.clear();
  }

  /** Crashes and opens again. */
  async restart(suspects: readonly Suspect[] = [], running: readonly ActionTicket[] = []): Promise<void> {
    this.crash();
    await this.start(suspects, running);
  }

  request<T extends CoreRequest["type"]>(
    message: Extract<WithoutId<CoreRequest>, { type: T }>,
  ): Promise<CoreReplies[T]> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.core.receive([{ ...message, id }]);
    });
  }

  signal(message: CoreSignal): void {
    this.core.receive([message]);
  }

  push(code: CodePackage): Promise<PushOutcome> {
    return this.request<"push">({ type: "push", code: this.main.manifestOf(code) });
  }

  mutation(
    path: string,
    args: object = {},
    dedupe: DedupeKey | null = null,
    allowInternal = false,
  ): Promise<CallOutcome> {
    return this.request<"mutation">({ type: "mutation", call: call(path, args, NOBODY, allowInternal), dedupe });
  }

  query(path: string, args: object = {}, identity: Identity = NOBODY, allowInternal = false): Promise<CallOutcome> {
    return this.request<"query">({ type: "query", call: call(path, args, identity, allowInternal) });
  }

  /** The value of a query that must succeed. */
  async value(path: string, args: object = {}, identity: Identity = NOBODY): Promise<Value> {
    const outcome = await this.query(path, args, identity, true);
    if (!outcome.ok) throw new Error(outcome.errorMessage);
    return parseValue(outcome.value);
  }

  /** Waits until the core has nothing to do now. */
  async idle(): Promise<void> {
    await setImmediate();
    await this.#opened?.core.whenIdle();
  }

  /** Moves time on in the steps that alarms ask for. */
  async advance(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms;
    await this.idle();
    for (let next = this.clock.nextMs; next !== undefined && next <= endMs; next = this.clock.nextMs) {
      this.clock.moveTo(next);
      await this.idle();
    }
    this.clock.moveTo(endMs);
    await this.idle();
  }

  #bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.random.fillBytes(bytes);
    return bytes;
  }

  #receive(message: FromCore): void {
    const answer = this.main.answer(message);
    if (answer !== undefined) this.#opened?.core.receive([answer]);
    switch (message.type) {
      case "reply":
        this.#pending.get(message.id)?.resolve(message.value as never);
        this.#pending.delete(message.id);
        break;
      case "refused":
        this.#pending.get(message.id)?.reject(new Error(message.message));
        this.#pending.delete(message.id);
        break;
      case "updates":
        this.updates.push(...message.updates);
        break;
      case "startAction":
        this.started.push(message);
        break;
      case "trace":
        this.traced.push(...message.lines);
        break;
      case "logs":
        this.logs.push(...message.entries);
        break;
      case "filesDeleted":
        this.filesDeleted.push(...message.names);
        break;
      case "failed":
        this.failures.push(message.message);
        break;
      case "ready":
      case "active":
        this.active = message.active;
        break;
      default:
    }
  }
}

function call(path: string, args: object, identity: Identity, allowInternal: boolean) {
  const requestId = "0123456789abcdef";
  const canonical = canonicalFunctionPath(path);
  return {
    component: "",
    path: canonical,
    args: JSON.stringify(args),
    identity,
    allowInternal,
    requestId,
    caller: "HttpApi",
  } as const;
}

/** A small app that tests drive: notes, a counter, jobs. */
export const NOTES_APP = {
  "notes.ts": `
    import { mutationGeneric as mutation, queryGeneric as query, internalQueryGeneric as internalQuery,
      internalActionGeneric as internalAction, makeFunctionReference } from "convex/server";
    import { v } from "convex/values";
    const add$ = makeFunctionReference("notes:add");
    const act$ = makeFunctionReference("notes:act");
    export const add = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => ctx.db.insert("notes", { text }) });
    export const count = query({ args: {}, handler: async (ctx) => (await ctx.db.query("notes").collect()).length });
    export const texts = query({ args: {}, handler: async (ctx) => (await ctx.db.query("notes").collect()).map((note) => note.text) });
    export const secret = internalQuery({ args: {}, handler: async (ctx) => (await ctx.db.query("notes").collect()).length });
    export const increment = mutation({ args: {}, handler: async (ctx) => {
      const row = await ctx.db.query("counters").first();
      const value = (row?.value ?? 0) + 1;
      if (row === null) await ctx.db.insert("counters", { value }); else await ctx.db.patch(row._id, { value });
      return value;
    } });
    export const addAndFail = mutation({ args: {}, handler: async (ctx) => {
      await ctx.db.insert("notes", { text: "never" });
      throw new Error("no");
    } });
    export const addCatching = mutation({ args: {}, handler: async (ctx) => {
      await ctx.db.insert("notes", { text: "kept" });
      try { await ctx.runMutation(makeFunctionReference("notes:addAndFail"), {}); } catch { await ctx.db.insert("notes", { text: "caught" }); }
    } });
    export const addManyCatching = mutation({ args: {}, handler: async (ctx) => {
      for (let i = 0; i < 200; i += 1) {
        try { await ctx.runMutation(makeFunctionReference("notes:addAndFail"), {}); } catch {}
      }
      await ctx.db.insert("notes", { text: "last" });
    } });
    export const nothing = mutation({ args: {}, handler: async () => "done" });
    export const later = mutation({ args: { ms: v.number(), text: v.string() }, handler: async (ctx, { ms, text }) =>
      ctx.scheduler.runAfter(ms, add$, { text }) });
    export const laterAndFail = mutation({ args: {}, handler: async (ctx) => {
      await ctx.scheduler.runAfter(0, add$, { text: "never" });
      throw new Error("no");
    } });
    export const laterAt = mutation({ args: { at: v.number() }, handler: async (ctx, { at }) => ctx.scheduler.runAt(at, add$, { text: "at" }) });
    export const laterFail = mutation({ args: {}, handler: async (ctx) => ctx.scheduler.runAfter(0, makeFunctionReference("notes:addAndFail"), {}) });
    export const laterAction = mutation({ args: { n: v.number() }, handler: async (ctx, { n }) => {
      for (let i = 0; i < n; i += 1) await ctx.scheduler.runAfter(0, act$, {});
    } });
    export const laterSelf = mutation({ args: {}, handler: async (ctx) => ctx.scheduler.runAfter(0, makeFunctionReference("notes:cancelAll"), {}) });
    export const cancelAll = mutation({ args: {}, handler: async (ctx) => {
      for (const job of await ctx.db.system.query("_scheduled_functions").collect()) await ctx.scheduler.cancel(job._id);
    } });
    export const cancel = mutation({ args: { id: v.any() }, handler: async (ctx, { id }) => ctx.scheduler.cancel(id) });
    export const jobs = query({ args: {}, handler: async (ctx) => ctx.db.system.query("_scheduled_functions").collect() });
    export const act = internalAction({ args: {}, handler: async () => null });
    export const variable = query({ args: {}, handler: async () => process.env.COLOUR ?? null });
  `,
} as const;
