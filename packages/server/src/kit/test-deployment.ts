/**
 * A deployment for tests of an app: its functions in memory, callers and subscribers, and what a piece of work costs.
 *
 *   const app = await openTestDeployment("convex");
 *   const list = await app.subscribe(api.messages.list, { channel });
 *   const cost = await app.expectCost(() => app.mutation(api.messages.send, { channel, body: "hi" }));
 *   expect(cost.functions["messages:list"]).toMatchObject({ reruns: 1 });
 *
 * With a `VirtualClock` time stands still until the test moves it: `await app.advance(24 * 3_600_000)` is a day of scheduled functions and crons.
 *
 * Costs are work, not time: the same on every machine, so a test can pin them.
 *
 * @module
 */
import { getFunctionName, type AnyDataModel, type FunctionReference, type GenericDataModel } from "convex/server";
import { setTimeout as sleep } from "node:timers/promises";
import { parseValue, stringifyValue, type Value } from "@narrowcast/values";
import { newAccount, subtractAccount, type Account } from "../meter/account.ts";
import type { LedgerReport } from "../meter/report.ts";
import { NO_IDENTITY, type Identity, type RunResult } from "../protocol/live-types.ts";
import { bundleApp } from "../app/bundle.ts";
import { startDeployment, type DeploymentOptions, type RunningDeployment } from "../host/deployment.ts";
import type { CallOutcome, CallRequest, SocketLink } from "../protocol/deployment-types.ts";
import { TestFunction, type TestHandler } from "./test-function.ts";
import { VirtualClock } from "../protocol/virtual-clock.ts";

/** A function: a reference of the app's `api` or `internal`, or its path. */
export type FunctionName = string | FunctionReference<"query" | "mutation" | "action", "public" | "internal">;

type Arguments = { readonly [field: string]: Value | undefined };

/** What some work cost. Documents are those visited in the store; `convex…` is what Convex's rules count for the same work. */
export interface Cost {
  /** Executions. */
  readonly runs: number;
  /** Of those, subscriptions that a write made run again. */
  readonly reruns: number;
  readonly calls: number;
  readonly documents: number;
  readonly bytes: number;
  readonly documentsWritten: number;
  readonly bytesWritten: number;
  /** Bytes of results handed to subscribers. */
  readonly bytesSent: number;
  readonly convexCalls: number;
  readonly convexDocuments: number;
  readonly convexBytes: number;
}

/** The whole, and each function that took part. */
export interface WorkCost extends Cost {
  readonly functions: { readonly [path: string]: Cost };
}

/** A standing query of a test. */
export interface TestSubscription {
  /** The newest value. @throws What the function threw last. */
  readonly value: Value;
  /** How often a result came that differs from the one before; 1 after `subscribe`. */
  readonly updates: number;
  /** Ends it. */
  close(): void;
}

/** Calls as one identity. */
export interface TestClient {
  /** @throws An error with the function's message. Internal functions may be called. */
  query(fn: FunctionName, args?: Arguments): Promise<Value>;
  mutation(fn: FunctionName, args?: Arguments): Promise<Value>;
  action(fn: FunctionName, args?: Arguments): Promise<Value>;
  /** Resolves with the first result. */
  subscribe(fn: FunctionName, args?: Arguments): Promise<TestSubscription>;
}

/** See the module comment. */
export interface TestDeployment extends TestClient {
  readonly deployment: RunningDeployment;
  /** Calls as a user with these claims; `subject` at least. */
  as(claims: { readonly subject: string; readonly [claim: string]: unknown }): TestClient;
  /** Does `work`, waits until every subscriber has observed it, and gives what that cost. Not for two works at once. */
  expectCost(work: () => unknown): Promise<WorkCost>;
  /**
   * Runs `handler` as a mutation with a `ctx` of its own, in one transaction: to arrange data, and to look at it.
   *
   * @returns What it returns; nothing becomes null.
   */
  run<T, Model extends GenericDataModel = AnyDataModel>(handler: TestHandler<T, Model>): Promise<T>;
  /** Sets environment variables of the deployment; null removes one. */
  setEnvironment(variables: { readonly [name: string]: string | null }): Promise<void>;
  /**
   * Lets `ms` of virtual time go by. Scheduled functions and crons run at their times, in order; before time moves on, everything that is due has ended,
   * actions and what they wait for included.
   *
   * @throws {Error} Unless the deployment was opened with a `VirtualClock`.
   */
  advance(ms: number): Promise<void>;
  /** Resolves when every subscriber has observed every write so far, and what functions scheduled for at once. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const ISSUER = "https://test.invalid";
const COST_FIELDS = [
  "runs",
  "reruns",
  "calls",
  "documents",
  "bytes",
  "documentsWritten",
  "bytesWritten",
  "bytesSent",
  "convexCalls",
  "convexDocuments",
  "convexBytes",
] as const satisfies readonly (keyof Account & keyof Cost)[];
/** Rounds without a new commit after which nothing more is expected to happen by itself. */
const QUIET_ROUNDS = 2;
/** How often actions under way are looked at. */
const ACTION_LOOK_MS = 1;

/**
 * Bundles an app's functions and runs them in this process, in memory.
 *
 * @param convexDir The folder of the functions, `convex`.
 * @throws When the app cannot be bundled or pushed.
 */
export async function openTestDeployment(
  convexDir: string,
  options: Partial<DeploymentOptions> = {},
): Promise<TestDeployment> {
  const { code } = await bundleApp(convexDir);
  const app = await startTestDeployment(options);
  const pushed = await app.deployment.push(code);
  if (pushed.ok) return app;
  await app.close();
  throw new Error(`Cannot open "${convexDir}" for tests: ${pushed.message}`);
}

/** As {@linkcode openTestDeployment}, with the code that is in the store already, or none. */
export async function startTestDeployment(options: Partial<DeploymentOptions> = {}): Promise<TestDeployment> {
  const urls = { cloudUrl: "http://127.0.0.1:3210", siteUrl: "http://127.0.0.1:3211" };
  const testFunction = new TestFunction();
  const home = { ...options.home, loadCode: testFunction.load };
  const deployment = await startDeployment({ threads: false, ...urls, ...options, home });
  return new LocalTestDeployment(deployment, testFunction, options.clock);
}

class LocalTestClient implements TestClient {
  readonly deployment: RunningDeployment;
  readonly #identity: Identity;
  readonly #sockets: Set<Subscriber>;

  constructor(deployment: RunningDeployment, identity: Identity, sockets: Set<Subscriber>) {
    this.deployment = deployment;
    this.#identity = identity;
    this.#sockets = sockets;
  }

  async query(fn: FunctionName, args: Arguments = {}): Promise<Value> {
    return valueOf(await this.deployment.query(this.#call(fn, args)));
  }

  async mutation(fn: FunctionName, args: Arguments = {}): Promise<Value> {
    return valueOf(await this.deployment.mutation(this.#call(fn, args)));
  }

  async action(fn: FunctionName, args: Arguments = {}): Promise<Value> {
    return valueOf(await this.deployment.action(this.#call(fn, args)));
  }

  async subscribe(fn: FunctionName, args: Arguments = {}): Promise<TestSubscription> {
    const subscriber = new Subscriber(this.deployment, this.#identity, this.#call(fn, args), this.#sockets);
    await subscriber.heard(0);
    return subscriber;
  }

  #call(fn: FunctionName, args: Arguments): CallRequest {
    const path = typeof fn === "string" ? fn : getFunctionName(fn);
    return {
      path,
      args: stringifyValue(args as Value),
      identity: this.#identity,
      allowInternal: true,
      requestId: "0000000000000000",
    };
  }
}

class LocalTestDeployment extends LocalTestClient implements TestDeployment {
  readonly #sockets: Set<Subscriber>;
  readonly #function: TestFunction;
  readonly #clock: DeploymentOptions["clock"];

  constructor(deployment: RunningDeployment, testFunction: TestFunction, clock: DeploymentOptions["clock"]) {
    const sockets = new Set<Subscriber>();
    super(deployment, NO_IDENTITY, sockets);
    this.#sockets = sockets;
    this.#function = testFunction;
    this.#clock = clock;
  }

  as(claims: { readonly subject: string; readonly [claim: string]: unknown }): TestClient {
    const issuer = ISSUER;
    const attributes = { issuer, tokenIdentifier: `${issuer}|${claims.subject}`, ...claims };
    const key = stringifyValue(attributes);
    return new LocalTestClient(this.deployment, { kind: "user", key, attributes }, this.#sockets);
  }

  async expectCost(work: () => unknown): Promise<WorkCost> {
    await this.settled();
    const before = await this.#ledger();
    await work();
    await this.settled();
    const after = await this.#ledger();
    return { ...costOf(after.totals, before.totals), functions: functionCosts(after, before) };
  }

  async run<T, Model extends GenericDataModel = AnyDataModel>(handler: TestHandler<T, Model>): Promise<T> {
    return (await this.#function.with(handler, () => this.mutation(this.#function.path))) as T;
  }

  async setEnvironment(variables: { readonly [name: string]: string | null }): Promise<void> {
    await this.deployment.setEnvironment(Object.entries(variables).map(([name, value]) => ({ name, value })));
  }

  async advance(ms: number): Promise<void> {
    const clock = this.#clock;
    if (!(clock instanceof VirtualClock)) {
      throw new Error("Cannot move time: the deployment was opened without a VirtualClock");
    }
    const endMs = clock.nowMs() + ms;
    for (;;) {
      await this.#quiet();
      if (clock.nextMs > endMs) break;
      clock.moveTo(clock.nextMs);
    }
    clock.moveTo(endMs);
    await this.#quiet();
  }

  async settled(): Promise<void> {
    let head = await this.deployment.head();
    for (let quiet = 0; quiet < QUIET_ROUNDS;) {
      const asked = head;
      await Promise.all([...this.#sockets].map((socket) => socket.heard(asked)));
      head = await this.deployment.head();
      quiet = head === asked ? quiet + 1 : 0;
    }
  }

  /** Resolves when nothing happens any more until time moves: no run, no action, and nobody who has not heard. */
  async #quiet(): Promise<void> {
    for (;;) {
      await this.settled();
      if (this.deployment.actionsUnderWay === 0) return;
      // What actions wait for happens outside: the network, other processes.
      while (this.deployment.actionsUnderWay > 0) await sleep(ACTION_LOOK_MS);
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await this.deployment.close();
  }

  async #ledger(): Promise<LedgerReport> {
    const ledger = await this.deployment.ledger({ recentMax: 0 });
    if (ledger === null) throw new Error("Cannot tell what work costs: the deployment was opened without metering");
    return ledger;
  }
}

/** One query on a socket of its own. */
class Subscriber implements TestSubscription {
  readonly #link: SocketLink;
  readonly #sockets: Set<Subscriber>;
  #result: RunResult | undefined;
  #ts = -1;
  #waiters: { readonly ts: number; readonly resolve: () => void }[] = [];
  updates = 0;

  constructor(deployment: RunningDeployment, identity: Identity, call: CallRequest, sockets: Set<Subscriber>) {
    this.#sockets = sockets;
    this.#link = deployment.openSocket(({ ts, querySet, changes }) => {
      for (const { result } of changes) if (result !== undefined) this.#take(result);
      if (querySet > 0) this.#reached(ts);
    });
    sockets.add(this);
    if (identity.kind !== "none") this.#link.setIdentity(1, identity);
    this.#link.modifyQueries(1, [{ queryId: 1, path: call.path, args: call.args, journal: null }], []);
  }

  get value(): Value {
    const result = this.#result;
    if (result === undefined) throw new Error("Cannot give a value: there is none yet");
    if (!result.ok) throw new Error(result.errorMessage);
    return parseValue(result.value);
  }

  /** Resolves once it holds what was true at `ts`. */
  async heard(ts: number): Promise<void> {
    if (this.#ts >= ts && this.#result !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#waiters.push({ ts, resolve });
      this.#link.touch(ts);
    });
  }

  close(): void {
    this.#sockets.delete(this);
    this.#link.close();
  }

  #take(result: RunResult): void {
    this.#result = result;
    this.updates += 1;
    const bytes = Buffer.byteLength(result.ok ? result.value : result.errorMessage);
    this.#link.sent(1, bytes, bytes);
  }

  #reached(ts: number): void {
    this.#ts = ts;
    const waiters = this.#waiters;
    this.#waiters = waiters.filter((waiter) => waiter.ts > ts);
    for (const waiter of waiters) if (waiter.ts <= ts) waiter.resolve();
  }
}

function valueOf(outcome: CallOutcome): Value {
  if (outcome.ok) return parseValue(outcome.value);
  throw new Error(outcome.errorMessage);
}

function costOf(after: Readonly<Account>, before: Readonly<Account>): Cost {
  const account = subtractAccount(after, before);
  return Object.fromEntries(COST_FIELDS.map((field) => [field, account[field]])) as unknown as Cost;
}

/** Only functions that did something. */
function functionCosts(after: LedgerReport, before: LedgerReport): { readonly [path: string]: Cost } {
  const former = new Map(before.functions.rows.map(({ name, account }) => [name, account]));
  const costs = after.functions.rows
    .filter(({ name }) => !name.startsWith("("))
    .map(({ name, account }) => [name, costOf(account, former.get(name) ?? newAccount())] as const);
  return Object.fromEntries(costs.filter(([, cost]) => Object.values(cost).some((figure) => figure !== 0)));
}
