/**
 * Servers for benchmarks, in processes of their own, on stores that are removed afterwards.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "./child.ts";
import { pause } from "./load.ts";
import type { Args } from "./wire-client.ts";
import { openClients, WireClient } from "./wire-client.ts";

/** Where stores are made: `BENCH_DIR` chooses the disk that is measured. */
export function makeDirectory(): string {
  return mkdtempSync(join(process.env["BENCH_DIR"] ?? tmpdir(), "narrowcast-bench-"));
}

export interface ServerOptions {
  readonly app?: "store" | "idle";
  readonly memoryBytes?: number;
  /** A store to open again; a new one that is removed on close, if left out. */
  readonly directory?: string;
}

const LOOK_MS = 100;
/** A process that uses less than this share of a core for a while has nothing left to do. */
const QUIET_SHARE = 0.1;
const QUIET_LOOKS = 3;
/** What `untilQuiet` waits at least. */
export const QUIET_MS = LOOK_MS * QUIET_LOOKS;

/** A running server. */
export class BenchServer {
  readonly child: Child;
  readonly url: string;
  /** From before the store was opened until the server listened, in milliseconds. */
  readonly openedMs: number;
  readonly #ownDirectory: string | undefined;

  private constructor(child: Child, url: string, openedMs: number, ownDirectory: string | undefined) {
    this.child = child;
    this.url = url;
    this.openedMs = openedMs;
    this.#ownDirectory = ownDirectory;
  }

  static async start({ app = "store", memoryBytes, directory }: ServerOptions = {}): Promise<BenchServer> {
    const store = directory ?? makeDirectory();
    const child = Child.start("server-process.ts", [store, app, memoryBytes === undefined ? "" : String(memoryBytes)]);
    const { url, openedMs } = await child.ask<{ url: string; openedMs: number }>({ type: "address" });
    return new BenchServer(child, url, openedMs, directory === undefined ? store : undefined);
  }

  /** Resolves when the server does nothing any more: what it loaded is in the base, what it opens is in memory. */
  async untilQuiet(): Promise<void> {
    let quiet = 0;
    let { cpuMs } = await this.child.usage();
    while (quiet < QUIET_LOOKS) {
      await pause(LOOK_MS);
      const usage = await this.child.usage();
      quiet = usage.cpuMs - cpuMs < LOOK_MS * QUIET_SHARE ? quiet + 1 : 0;
      ({ cpuMs } = usage);
    }
  }

  async close(): Promise<void> {
    await this.child.stop();
    if (this.#ownDirectory !== undefined) rmSync(this.#ownDirectory, { recursive: true, force: true });
  }
}

/** Documents of one channel of the preloaded table. */
export const PER_CHANNEL = 100;
const LOAD_BATCH = 250;
const LOADERS = 4;

/** Calls `path` with `{from, to, …rest}` in batches until `count` are covered. Returns what the calls gave, in order. */
export async function loadBatches(
  url: string,
  path: string,
  count: number,
  rest: Args = {},
  batch: number = LOAD_BATCH,
): Promise<unknown[]> {
  const clients = await openClients(url, LOADERS);
  const given: unknown[] = [];
  let next = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (next < count) {
        const from = next;
        const to = Math.min(count, from + batch);
        next = to;
        given[from / batch] = await client.mutate(path, { ...rest, from, to });
      }
    }),
  );
  for (const client of clients) client.close();
  return given;
}

/** Preloads the table of items. */
export async function loadItems(url: string, documents: number): Promise<void> {
  await loadBatches(url, "items:load", documents, { perChannel: PER_CHANNEL });
}

/** One client, for a while. */
export async function withClient<T>(url: string, use: (client: WireClient) => Promise<T>): Promise<T> {
  const client = await WireClient.open(url);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}
