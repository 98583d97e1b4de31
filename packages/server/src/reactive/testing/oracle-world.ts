/**
 * A world that checks the reactor against runs from scratch: a real database, random functions, random writes, sockets
 * that come and go, slices of random size with commits between them.
 *
 * After every slice: each update leaves its client with results that equal runs from scratch at the update's ts, of all queries it
 * asked for. When the line is empty this holds for all clients. No request is executed twice at one head.
 *
 * @module
 */
import { CONVEX_LIMITS, parseSchema } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import { expect } from "vitest";
import { MemoryEngine } from "../../engine/memory-engine.ts";
import { Database } from "../../tx/database.ts";
import type { BeginOptions } from "../../tx/database.ts";
import { ReadHabits } from "../../tx/document-access.ts";
import type { Commit, Mechanisms, ReadSetView, Transaction } from "../../tx/types.ts";
import type { Dependencies } from "../dependency-index.ts";
import { NodeStore } from "../node-store.ts";
import { Reactor } from "../reactor.ts";
import { NO_IDENTITY } from "../identity.ts";
import { sameResult } from "../results.ts";
import type { Identity, RunOutcome, RunRequest, RunResult } from "../types.ts";
import { Client } from "./client.ts";
import { randomProgram, runProgram } from "./programs.ts";
import type { Program } from "./programs.ts";
import { Random } from "./random.ts";

const IDENTITIES: readonly Identity[] = [
  NO_IDENTITY,
  { kind: "user", key: "ann", attributes: { name: "ann" } },
  { kind: "user", key: "bob", attributes: { name: "bob" } },
  { kind: "admin", key: "", attributes: null },
];
const GROUPS = ["a", "b", "c"];
const SOCKETS_MAX = 6;
const QUERIES_MAX = 5;

/** A client and what it asked for. */
interface Asker {
  readonly client: Client;
  identity: Identity;
  querySetVersion: number;
  identityVersion: number;
  readonly asked: Map<number, { readonly args: string; journal: string | null }>;
}

/** What a world is made of besides its seed. */
export interface WorldOptions {
  readonly dependencies?: Dependencies | undefined;
  /** With what runs execute; runs from scratch always go by Convex's rules. */
  readonly mechanisms?: Mechanisms | undefined;
  /** Faults on purpose: what the reactor is told of a run's reads, and the node store of a commit. */
  readonly toldReadSet?: ((readSet: ReadSetView) => ReadSetView) | undefined;
  readonly toldCommit?: ((commit: Commit) => Commit) | undefined;
}

/** See the module comment. */
export class OracleWorld {
  readonly reactor: Reactor;
  readonly #random: Random;
  readonly #mechanisms: Mechanisms | undefined;
  readonly #options: WorldOptions;
  readonly #database: Database;
  readonly #habits = new ReadHabits();
  readonly #nodes: NodeStore;
  readonly #askers = new Map<number, Asker>();
  readonly #programs: readonly string[];
  /** Requests executed at this head that gave a value. */
  readonly #executed = new Set<string>();
  #items: string[] = [];
  #ghosts: string[] = [];
  #environment = "red";
  #codeVersion = 1;
  #nextSocket = 1;
  #clockMs = 1_000_000;

  constructor(seed: number, options: WorldOptions = {}) {
    const { dependencies, mechanisms } = options;
    this.#options = options;
    const random = new Random(seed);
    this.#mechanisms = mechanisms;
    this.#random = random;
    const engine = new MemoryEngine<Doc>();
    // Small, so that nodes are forgotten too.
    this.#nodes = new NodeStore(engine, 8_000);
    this.#database = Database.open({
      engine,
      clock: { nowMs: () => this.#clockMs },
      random,
      limits: CONVEX_LIMITS,
    });
    this.#database.setSchema(parseSchema(SCHEMA));
    this.reactor = new Reactor({
      executor: (request) => this.#execute(request),
      head: () => this.#database.head,
      nowMs: () => this.#clockMs,
      dependencies,
      onUpdate: (updates) => {
        for (const update of updates) this.#askers.get(update.socket)?.client.apply(update);
        for (const update of updates) this.#check(update.socket, "if it is up to date");
      },
    });
    for (let n = 0; n < 8; n++) this.#write((tx) => this.#insertItem(tx));
    // Other randomness than that of the steps: with and without mechanisms a seed makes the same steps.
    const uses = mechanisms === undefined ? undefined : new Random(seed + 1);
    this.#programs = Array.from({ length: 14 }, () => JSON.stringify(randomProgram(random, this.#items, uses)));
  }

  /** Plays `steps` random steps and then settles everything. */
  async play(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.#clockMs += this.#random.int(3);
      await this.#step();
    }
    while (this.reactor.hasWork) await this.#settle(Infinity);
    for (const id of this.#askers.keys()) this.#close(id);
    this.reactor.invalidateAll();
    expect(this.reactor.size).toEqual({ sockets: 0, liveQueries: 0, idleBytes: 0 });
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const choice = random.int(20);
    if (choice < 7) this.#write((tx) => this.#randomWrites(tx));
    else if (choice < 11) await this.#settle(1 + random.int(3));
    else if (choice < 13) await this.#settle(Infinity);
    else if (choice < 14) this.#open();
    else if (choice < 17) this.#changeQueries();
    else if (choice < 18) this.#changeIdentity();
    else if (choice < 19) await this.#askOnce();
    else this.#rareEvent();
  }

  #open(): void {
    if (this.#askers.size >= SOCKETS_MAX) return this.#close(this.#random.pick([...this.#askers.keys()]));
    const id = this.#nextSocket++;
    this.reactor.openSocket(id);
    const identity = IDENTITIES[0]!;
    const versions = { querySetVersion: 0, identityVersion: 0 };
    this.#askers.set(id, { client: new Client(id), identity, ...versions, asked: new Map() });
    this.#changeQueries();
  }

  #close(id: number): void {
    this.#askers.delete(id);
    this.reactor.closeSocket(id);
  }

  #someone(): Asker | undefined {
    return this.#askers.size === 0 ? undefined : this.#random.pick([...this.#askers.values()]);
  }

  #changeQueries(): void {
    const asker = this.#someone();
    if (asker === undefined) return;
    const ids = Array.from({ length: QUERIES_MAX }, (_, at) => at);
    const remove = ids.filter((id) => asker.asked.has(id) && this.#random.once(3));
    const free = ids.filter((id) => remove.includes(id) || !asker.asked.has(id));
    const add = free
      .filter(() => this.#random.once(2))
      .map((queryId) => ({ queryId, path: "app:q", args: this.#random.pick(this.#programs), journal: null }));
    for (const id of remove) asker.asked.delete(id);
    for (const { queryId, args } of add) {
      asker.asked.set(queryId, { args, journal: null });
      asker.client.askAnew(queryId, asker.querySetVersion + 1);
    }
    this.reactor.modifyQueries(asker.client.id, ++asker.querySetVersion, add, remove);
  }

  #changeIdentity(): void {
    const asker = this.#someone();
    if (asker === undefined) return;
    asker.identity = this.#random.pick(IDENTITIES);
    this.reactor.setIdentity(asker.client.id, ++asker.identityVersion, asker.identity);
  }

  async #askOnce(): Promise<void> {
    const identity = this.#random.pick(IDENTITIES);
    const request = { path: "app:q", args: this.#random.pick(this.#programs), identity, journal: null };
    const { result, ts } = await this.reactor.query(request, "Tester");
    expect(ts).toBe(this.#database.head);
    this.#expectSame(result, { ...request, journal: result.journal });
  }

  #rareEvent(): void {
    const event = this.#random.int(3);
    if (event === 0) {
      this.#environment = this.#random.pick(["red", "green"]);
      this.reactor.invalidateNames(["env:COLOUR"]);
    } else if (event === 1) {
      this.#codeVersion++;
      this.reactor.invalidateAll();
    } else {
      const asker = this.#someone();
      if (asker !== undefined) this.reactor.touch(asker.client.id, this.#random.pick([null, this.#database.head]));
    }
    this.#executed.clear();
  }

  async #settle(maxRuns: number): Promise<void> {
    const settling = this.reactor.settle({ maxRuns });
    const meanwhile = this.#random.once(3) ? this.#stepMeanwhile() : undefined;
    await Promise.all([settling, meanwhile]);
    if (this.reactor.hasWork) return;
    for (const [id, asker] of this.#askers) {
      this.#check(id);
      expect(asker.client.querySet).toBe(asker.querySetVersion);
      expect(asker.client.identity).toBe(asker.identityVersion);
    }
  }

  /** What sockets may do while a slice is under way: everything but write. */
  async #stepMeanwhile(): Promise<void> {
    const choice = this.#random.int(5);
    if (choice === 0) this.#open();
    else if (choice === 1) this.#changeQueries();
    else if (choice === 2) this.#changeIdentity();
    else await this.#askOnce();
  }

  /** Every query of a client, and no other, shows what a run from scratch shows. */
  #check(id: number, when: "always" | "if it is up to date" = "always"): void {
    const asker = this.#askers.get(id);
    if (asker === undefined) return;
    const { client, identity, asked } = asker;
    const isUpToDate = client.querySet === asker.querySetVersion && client.identity === asker.identityVersion;
    if (when === "if it is up to date" && !isUpToDate) return;
    expect(new Set(client.held.keys())).toEqual(new Set(asked.keys()));
    for (const [queryId, query] of asked) {
      const held = client.held.get(queryId)!;
      query.journal = held.journal ?? query.journal;
      this.#expectSame(held, { path: "app:q", args: query.args, identity, journal: query.journal });
    }
  }

  #expectSame(held: RunResult, request: RunRequest): void {
    const { result } = this.#run(request);
    if (sameResult(held, result)) return;
    expect({ args: request.args, held }).toEqual({ args: request.args, held: result });
  }

  async #execute(request: RunRequest): Promise<RunOutcome> {
    if (this.#random.once(2)) await Promise.resolve();
    const outcome = this.#run(request, {
      mechanisms: this.#mechanisms,
      habits: this.#habits,
      nodes: this.#nodes,
    });
    const { args, identity, journal } = request;
    const key = JSON.stringify([
      args,
      outcome.identityObserved ? identity.key : "",
      identity.kind === "admin",
      journal,
    ]);
    // A failure that nobody subscribes to is not kept, so it may be executed again.
    if (outcome.result.ok) expect(this.#executed, "executed twice at one head").not.toContain(key);
    this.#executed.add(key);
    const { toldReadSet } = this.#options;
    return toldReadSet === undefined ? outcome : { ...outcome, readSet: toldReadSet(outcome.readSet) };
  }

  /** From scratch, unless options say otherwise. */
  #run(request: RunRequest, options: Omit<BeginOptions, "readOnly"> = {}): RunOutcome {
    const tx = this.#database.begin({ ...options, readOnly: true });
    try {
      const program = JSON.parse(request.args) as Program;
      const context = {
        tx,
        identityKey: request.identity.key,
        environment: this.#environment,
        journal: request.journal,
      };
      const { value, journal, identityObserved } = runProgram(program, context);
      const result = { ok: true, value: `${this.#codeVersion} ${value}`, logLines: [], journal } as const;
      return { result, readSet: tx.readSet, identityObserved, clockObserved: false };
    } catch (error) {
      const errorMessage = error instanceof Error ? error.message : String(error);
      const result = { ok: false, errorMessage, errorData: null, logLines: [], journal: null } as const;
      // Which op threw is not known here; in doubt the identity counts as looked at.
      return { result, readSet: tx.readSet, identityObserved: true, clockObserved: false };
    } finally {
      tx.abort();
    }
  }

  #write(change: (tx: Transaction) => void): void {
    const tx = this.#database.begin({ readOnly: false });
    change(tx);
    const commit: Commit | undefined = tx.commit("app:m");
    if (commit === undefined) return;
    this.#executed.clear();
    this.#nodes.apply(this.#options.toldCommit?.(commit) ?? commit);
    this.reactor.applyCommit(commit);
  }

  #randomWrites(tx: Transaction): void {
    for (let left = 1 + this.#random.int(3); left > 0; left--) this.#randomWrite(tx);
  }

  #randomWrite(tx: Transaction): void {
    const random = this.#random;
    const id = this.#items.length === 0 ? this.#insertItem(tx) : random.pick(this.#items);
    const choice = random.int(10);
    if (choice < 2) this.#insertItem(tx);
    else if (choice < 4) tx.patch(id, { rank: random.int(6) });
    else if (choice < 5) tx.patch(id, { group: random.pick(GROUPS) });
    else if (choice < 6) tx.patch(id, { tag: random.int(3) });
    else if (choice < 7) tx.insert("notes", { item: id, text: `note ${random.int(100)}` });
    else if (choice < 8) this.#deleteItem(tx, id);
    else if (choice < 9) tx.replace(id, { group: random.pick(GROUPS), rank: random.int(6), tag: random.int(3) });
    else this.#toggleGhost(tx);
  }

  #insertItem(tx: Transaction): string {
    const random = this.#random;
    const id = tx.insert("items", { group: random.pick(GROUPS), rank: random.int(6), tag: random.int(3) });
    this.#items.push(id);
    return id;
  }

  #deleteItem(tx: Transaction, id: string): void {
    tx.delete(id);
    this.#items = this.#items.filter((other) => other !== id);
  }

  /** The first ghost creates its table. */
  #toggleGhost(tx: Transaction): void {
    const last = this.#ghosts.pop();
    if (last !== undefined) tx.delete(last);
    else this.#ghosts.push(tx.insert("ghosts", { colour: this.#random.int(3) }));
  }
}

const NO_INDEXES = { searchIndexes: [], stagedSearchIndexes: [], vectorIndexes: [], stagedVectorIndexes: [] };

const SCHEMA = {
  schemaValidation: false,
  tables: [
    {
      tableName: "items",
      indexes: [{ indexDescriptor: "by_group", fields: ["group", "rank"] }],
      stagedDbIndexes: [],
      ...NO_INDEXES,
      documentType: null,
    },
    {
      tableName: "notes",
      indexes: [{ indexDescriptor: "by_item", fields: ["item"] }],
      stagedDbIndexes: [],
      ...NO_INDEXES,
      documentType: null,
    },
  ],
};
