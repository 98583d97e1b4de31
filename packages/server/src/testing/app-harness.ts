/**
 * Runs apps in tests: bundles a folder or a handful of texts, loads it, and executes functions over a memory database.
 *
 * Every query is executed by both sets of rules, which must not show.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import {
  printFunction,
  rootFunction,
  CONVEX_LIMITS,
  canonicalFunctionPath,
  parseValue,
  stringifyValue,
} from "@narrowcast/values";
import type { Doc, Limits, Value } from "@narrowcast/values";
import { expect } from "vitest";
import { MemoryEngine } from "../engine/memory-engine.ts";
import { NodeStore } from "../reactive/node-store.ts";
import { NO_IDENTITY, type Identity } from "../protocol/live-types.ts";
import { Database } from "../tx/database.ts";
import { NARROW_RULES } from "../tx/types.ts";
import type { Transaction } from "../tx/types.ts";
import { bundleTexts } from "../kit/text-app.ts";
import { formatLogLine } from "../isolate/console.ts";
import { FileAddresses } from "../functions/file-addresses.ts";
import { analyzeNodeModules, loadUserCode } from "../functions/load.ts";
import type { LoadedUserCode } from "../functions/load.ts";
import { SeededRandom } from "../isolate/seeded-random.ts";
import type { CodePackage } from "../app/types.ts";
import type { ExecuteOutcome, RunFiles } from "../functions/execute-types.ts";

/** The app of the fixture folder. */
export const FIXTURE_DIR = fileURLToPath(new URL("./app/convex", import.meta.url));

export const NOBODY: Identity = NO_IDENTITY;

/** How one call of a test is made; everything has a default. */
export interface CallOptions {
  readonly identity?: Identity;
  readonly allowInternal?: boolean;
  readonly journal?: string | null;
  readonly seed?: number;
  readonly nowMs?: number;
}

export interface CallResult {
  /** The decoded value, or undefined if the call failed. */
  readonly value: Value | undefined;
  readonly error: string | undefined;
  readonly lines: readonly string[];
  readonly outcome: ExecuteOutcome;
  readonly tx: Transaction;
}

/** An app that was loaded. */
export interface TestApp {
  readonly code: CodePackage;
  readonly user: LoadedUserCode;
  readonly database: Database;
  readonly environment: Map<string, string>;
  /** `path`, arguments text and time of everything scheduled. */
  readonly scheduled: { readonly path: string; readonly args: string; readonly atMs: number }[];
  query(path: string, args?: Value, options?: CallOptions): Promise<CallResult>;
  /** Commits if the mutation succeeded. */
  mutation(path: string, args?: Value, options?: CallOptions): Promise<CallResult>;
  /** Commits what `work` writes. Whoever writes past this keeps it from nodes. */
  write(work: (tx: Transaction) => void): void;
}

export const NOW_MS = 1_700_000_000_000;

/** For executions without a core: URLs, but no bytes. */
export const NO_FILES: RunFiles = {
  addresses: new FileAddresses(new Uint8Array(32)),
  put: () => Promise.reject(new Error("no bytes here")),
  read: () => Promise.reject(new Error("no bytes here")),
};

/** Loads an app given as texts, over an empty memory database. */
export async function openTexts(files: { readonly [name: string]: string }, limits?: Limits): Promise<TestApp> {
  return openApp(await bundleTexts(files), limits);
}

const URLS = { cloudUrl: "http://127.0.0.1:3210", siteUrl: "http://127.0.0.1:3211" };

/** Loads bundled code over an empty memory database. */
export async function openApp(code: CodePackage, limits: Limits = CONVEX_LIMITS): Promise<TestApp> {
  const environment = new Map<string, string>();
  const settings = { limits, environment, ...URLS, nowMs: NOW_MS, seed: 1 };
  const { functions: nodeFunctions } = analyzeNodeModules(code, settings);
  const user = await loadUserCode({ isolate: code.isolate, nodeFunctions }, settings);
  const database = openDatabase(limits);
  if (user.analysis.schema !== null) database.setSchema(user.analysis.schema);
  const app = new Harness(user, database, environment, limits);
  return {
    code,
    user,
    database,
    environment,
    scheduled: app.scheduled,
    write: (work) => app.write(work),
    query: (path, args = {}, options = {}) => app.call("query", path, args, options),
    mutation: (path, args = {}, options = {}) => app.call("mutation", path, args, options),
  };
}

/** In memory, with a clock that moves by a millisecond at each look and randomness from a seed. */
function openDatabase(limits: Limits): Database {
  const random = new SeededRandom(7);
  let clock = NOW_MS;
  return Database.open({
    engine: new MemoryEngine<Doc>(),
    clock: { nowMs: () => clock++ },
    random: {
      bytes: (count) => {
        const bytes = new Uint8Array(count);
        random.fillBytes(bytes);
        return bytes;
      },
    },
    limits,
  });
}

/** What {@link openApp} gives, with the nodes that a second look at each query reads from. */
class Harness {
  readonly scheduled: { path: string; args: string; atMs: number }[] = [];
  readonly #user: LoadedUserCode;
  readonly #database: Database;
  readonly #environment: Map<string, string>;
  readonly #limits: Limits;
  readonly #nodes: NodeStore;

  constructor(user: LoadedUserCode, database: Database, environment: Map<string, string>, limits: Limits) {
    this.#user = user;
    this.#database = database;
    this.#environment = environment;
    this.#limits = limits;
    this.#nodes = new NodeStore(database.engine);
  }

  async call(kind: "query" | "mutation", path: string, args: Value, options: CallOptions): Promise<CallResult> {
    const tx = this.#database.begin({ readOnly: kind === "query" });
    const outcome = await this.#execute(kind, path, args, options, tx);
    const commit = kind === "mutation" && outcome.result.ok ? tx.commit(path) : undefined;
    if (commit !== undefined) this.#nodes.apply(commit);
    tx.abort();
    if (kind === "query") await this.#expectSameTracked(path, args, options, outcome, tx.startMs);
    return {
      value: outcome.result.ok ? parseValue(outcome.result.value) : undefined,
      error: outcome.result.ok ? undefined : outcome.result.errorMessage,
      lines: outcome.logLines.map(formatLogLine),
      outcome,
      tx,
    };
  }

  write(work: (tx: Transaction) => void): void {
    const tx = this.#database.begin({ readOnly: false });
    work(tx);
    const commit = tx.commit("test");
    if (commit !== undefined) this.#nodes.apply(commit);
  }

  #execute(
    kind: "query" | "mutation",
    path: string,
    args: Value,
    options: CallOptions,
    tx: Transaction,
  ): Promise<ExecuteOutcome> {
    return this.#user.execute({
      ...rootFunction(canonicalFunctionPath(path)),
      kind,
      args: stringifyValue(args),
      identity: options.identity ?? NOBODY,
      allowInternal: options.allowInternal ?? false,
      journal: options.journal ?? null,
      requestId: "0123456789abcdef",
      tx,
      host: {
        limits: this.#limits,
        nowMs: options.nowMs ?? NOW_MS,
        seed: options.seed ?? 1,
        environment: this.#environment,
        ...URLS,
        schedule: (_tx, address, args, atMs) =>
          String(this.scheduled.push({ path: printFunction(address), args, atMs })),
        cancelScheduled: (_tx, id) => {
          this.scheduled.splice(Number(id) - 1, 1);
          return undefined;
        },
        files: NO_FILES,
      },
    });
  }

  /** Tracked documents and nodes must not show: the second run reads from memory. */
  async #expectSameTracked(
    path: string,
    args: Value,
    options: CallOptions,
    plain: ExecuteOutcome,
    nowMs: number,
  ): Promise<void> {
    for (let run = 0; run < 2; run++) {
      const tx = this.#database.begin({
        readOnly: true,
        mechanisms: NARROW_RULES,
        nodes: this.#nodes,
        nowMs,
      });
      const { userMs: _, ...outcome } = await this.#execute("query", path, args, options, tx);
      tx.abort();
      const { userMs: __, ...expected } = plain;
      expect(outcome, `${path} with tracked documents`).toEqual(expected);
    }
  }
}
