/**
 * Clients that do transactions on lists through Convex's own clients, and the history of what they were told.
 *
 *   ConvexClient (socket, through a network that cuts it)   mutations, subscriptions    answered in the end, whatever happens
 *   ConvexHttpClient                                        mutations, queries          a connection that breaks leaves its end unknown
 *
 * @module
 */
import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { makeFunctionReference, type FunctionReference } from "convex/server";
import { SeededRandom } from "@narrowcast/server/testing";
import { WebSocket } from "ws";
import type { ListTransaction, Step } from "./checker/history.ts";

/** A step as it is asked for: what it reads is not known yet. */
type Asked = { kind: "append"; key: string; value: number } | { kind: "read"; key: string };

const LISTS = {
  open: makeFunctionReference<"mutation", { count: number }, string[]>("lists:open"),
  transact: makeFunctionReference<"mutation", Arguments, Results>("lists:transact"),
  around: makeFunctionReference<"mutation", Arguments, Results>("lists:transactAround"),
  later: makeFunctionReference<"mutation", Arguments, Results>("lists:transactLater"),
  read: makeFunctionReference<"query", { keys: string[] }, number[][]>("lists:read"),
  spin: makeFunctionReference<"mutation", Record<string, never>, null>("lists:spin"),
};

/** What the types of the package hide: what a browser's "online" event does. */
interface Hidden {
  readonly webSocketManager: { tryReconnectImmediately(): void };
}

const STEPS_MAX = 4;
/** A list that is full makes way for an empty one: long lists would make every transaction slow. */
const VALUES_MAX = 150;
const LISTS_AT_ONCE = 6;
/** Enough for an hour: a million values. */
const LISTS_MADE = 8_000;
/** Lists of one read at the end. */
const LISTS_A_READ = 500;
/** When nothing changed for this long, nothing will. */
const CALM_MS = 1_000;
const CALM_TURNS_MAX = 20;
const DISK_FULL = "Cannot write: the disk is full";
const TOLD_TO_FAIL = "This transaction was told to fail";

/** See the module comment. */
export class Recorder {
  readonly history: ListTransaction[] = [];
  readonly #random: SeededRandom;
  #moment = 0;
  #value = 0;
  #jobs = 0;
  /** All lists that ever were, with how many values were appended; the last ones are in use. */
  readonly #lists: { readonly key: string; appended: number }[] = [];
  #clients = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** Makes the lists. */
  async begin(url: string): Promise<void> {
    const keys = await new ConvexHttpClient(url, { logger: false }).mutation(LISTS.open, { count: LISTS_MADE });
    for (const key of keys) this.#lists.push({ key, appended: 0 });
  }

  /** Reads everything that was ever used, after all others, until what was scheduled has been done. */
  async end(url: string): Promise<void> {
    const keys = this.#lists.filter(({ appended }) => appended > 0).map(({ key }) => key);
    const http = new ConvexHttpClient(url, { logger: false });
    let former = "";
    for (let turn = 0; turn < CALM_TURNS_MAX; turn += 1) {
      const values: number[][] = [];
      for (let at = 0; at < keys.length; at += LISTS_A_READ) {
        values.push(...(await this.#read(http, keys.slice(at, at + LISTS_A_READ))));
      }
      if (JSON.stringify(values) === former) return;
      former = JSON.stringify(values);
      await new Promise((resolve) => setTimeout(resolve, CALM_MS));
    }
    throw new Error("Cannot end the history: lists went on changing after everybody had stopped");
  }

  /** A client on a socket that does so many transactions at a time until `isOver`. */
  async socketClient(url: string, isOver: () => boolean): Promise<void> {
    const client = this.#clients++;
    const socket = new ConvexClient(url, {
      webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
      unsavedChangesWarning: false,
      logger: false,
    });
    const manager = (socket.client as unknown as Hidden).webSocketManager;
    // Real clients wait up to 16 s before they try again; here there is no time for that.
    const hurry = setInterval(() => manager.tryReconnectImmediately(), 50);
    const stop = this.#subscribe(client, socket);
    try {
      const lane = async (): Promise<void> => {
        while (!isOver()) await this.#transaction(client, (reference, args) => socket.mutation(reference, args), false);
      };
      await Promise.all([lane(), lane(), lane()]);
    } finally {
      stop();
      clearInterval(hurry);
      await socket.close();
    }
  }

  /** A client over HTTP until `isOver`. */
  async httpClient(url: string, isOver: () => boolean): Promise<void> {
    const client = this.#clients++;
    const http = new ConvexHttpClient(url, { logger: false });
    while (!isOver()) {
      if (this.#random.float() < 0.5) await this.#query(client, http);
      else await this.#transaction(client, (reference, args) => http.mutation(reference, args), true);
    }
  }

  /** Calls a function that never ends, and waits for its error. */
  async spin(url: string): Promise<unknown> {
    const called = new ConvexHttpClient(url, { logger: false }).mutation(LISTS.spin, {});
    return called.then(
      () => new Error("Cannot end: it never ends"),
      (error: unknown) => error,
    );
  }

  #next(): number {
    this.#moment += 1;
    return this.#moment;
  }

  #add(transaction: ListTransaction): void {
    this.history.push(transaction);
  }

  /** Lists that transactions are made on now. */
  get keysInUse(): readonly string[] {
    return this.#inUse().map(({ key }) => key);
  }

  /** Values that were appended, or asked to be. */
  get values(): number {
    return this.#value;
  }

  /** Functions that were scheduled, or asked to be. */
  get jobs(): number {
    return this.#jobs;
  }

  /** One read over HTTP that must be answered. */
  async look(http: ConvexHttpClient): Promise<void> {
    await this.#read(http, [...this.keysInUse]);
  }

  async #read(http: ConvexHttpClient, keys: string[]): Promise<readonly number[][]> {
    const begun = this.#next();
    const values = await http.query(LISTS.read, { keys });
    this.#add({ client: this.#clients++, kind: "done", begun, ended: this.#next(), steps: readsOf(keys, values) });
    return values;
  }

  #inUse(): readonly { readonly key: string; appended: number }[] {
    const first = this.#lists.findIndex(({ appended }) => appended < VALUES_MAX);
    return this.#lists.slice(first, first + LISTS_AT_ONCE);
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random.float() * from.length)] as T;
  }

  #steps(isAppend: boolean): Asked[] {
    const lists = this.#inUse();
    return Array.from({ length: 1 + Math.floor(this.#random.float() * STEPS_MAX) }, (): Asked => {
      const list = this.#pick(lists);
      if (!isAppend && this.#random.float() < 0.5) return { kind: "read", key: list.key };
      list.appended += 1;
      this.#value += 1;
      return { kind: "append", key: list.key, value: this.#value };
    });
  }

  async #query(client: number, http: ConvexHttpClient): Promise<void> {
    const keys = this.#inUse().map(({ key }) => key);
    const begun = this.#next();
    try {
      const values = await http.query(LISTS.read, { keys });
      this.#add({ client, kind: "done", begun, ended: this.#next(), steps: readsOf(keys, values) });
    } catch {
      // A read that was not answered says nothing.
      await breath();
    }
  }

  /** One transaction in one of the ways in which an app can make one. */
  async #transaction(client: number, call: Call, mayBreak: boolean): Promise<void> {
    const way = this.#random.float();
    if (way < 0.1) return this.#later(client, call, mayBreak);
    const steps = this.#steps(false);
    const fails = way < 0.2;
    const inner = way > 0.9 ? this.#steps(true) : [];
    const begun = this.#next();
    if (inner.length > 0) this.#add({ client, kind: "failed", begun, ended: begun, steps: inner.filter(isAppend) });
    const made = inner.length > 0 ? call(LISTS.around, { steps, inner }) : call(LISTS.transact, { steps, fails });
    await made.then(
      (results) => this.#add({ client, kind: "done", begun, ended: this.#next(), steps: filled(steps, results) }),
      (error: unknown) => this.#failed(client, begun, steps, error, mayBreak),
    );
    if (mayBreak) await breath();
  }

  /** What is scheduled happens once, at some time after; that it was scheduled is acknowledged. */
  async #later(client: number, call: Call, mayBreak: boolean): Promise<void> {
    const steps = this.#steps(true).filter(isAppend);
    this.#jobs += 1;
    const begun = this.#next();
    await call(LISTS.later, { steps }).then(
      () => this.#add({ client, kind: "done", begun, ended: Infinity, steps }),
      (error: unknown) => this.#failed(client, begun, steps, error, mayBreak),
    );
  }

  #failed(client: number, begun: number, steps: readonly Asked[], error: unknown, mayBreak: boolean): void {
    const text = String(error);
    // It says that it did nothing: because it was told to, or because the disk was full.
    const isTold = text.includes(TOLD_TO_FAIL) || (text.includes(DISK_FULL) && !text.includes("is not known"));
    // Over a socket every mutation has such an answer in the end.
    if (!isTold && !mayBreak) throw error;
    this.#add({
      client,
      kind: isTold ? "failed" : "unknown",
      begun,
      ended: isTold ? this.#next() : Infinity,
      steps: steps.filter(isAppend),
    });
  }

  /** Follows the lists in use; when others come into use the subscription is another one. */
  #subscribe(client: number, socket: ConvexClient): () => void {
    let followed = "";
    let stop = (): void => undefined;
    const follow = (): void => {
      const keys = this.#inUse().map(({ key }) => key);
      if (followed === keys.join()) return;
      followed = keys.join();
      stop();
      stop = socket.onUpdate(LISTS.read, { keys }, (values) => {
        const ended = this.#next();
        this.#add({ client, kind: "shown", begun: ended, ended, steps: readsOf(keys, values) });
      });
    };
    follow();
    const timer = setInterval(follow, 100);
    return () => {
      clearInterval(timer);
      stop();
    };
  }
}

/** What reads gave, step by step; `null`: there was nothing to give. */
type Results = (number[] | null)[] | null;
type Call = (
  reference: FunctionReference<"mutation", "public", Arguments, Results>,
  args: Arguments,
) => Promise<Results>;
type Arguments = { [name: string]: Asked[] | boolean };

function isAppend(step: Asked): step is Asked & Step {
  return step.kind === "append";
}

function readsOf(keys: readonly string[], values: readonly (readonly number[])[]): readonly Step[] {
  return keys.map((key, at) => ({ kind: "read", key, values: values[at] ?? [] }));
}

function filled(steps: readonly Asked[], results: Results): readonly Step[] {
  return steps.map((step, at) => (step.kind === "append" ? step : { ...step, values: results?.[at] ?? [] }));
}

/** So that somebody whose server is away does not ask all the time. */
function breath(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
