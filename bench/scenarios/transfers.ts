/**
 * Funds transfers: two reads and two writes in one serializable transaction, durable before the answer; 64 clients, each waiting for its answer.
 * Beside us Node + better-sqlite3 and Node + PostgreSQL, behind a socket of the same kind with the same client.
 *
 * Expected before measuring: SQLite flushes each transaction alone; PostgreSQL shares flushes but pays six round trips, and collides when
 * accounts are drawn by Zipf's law. Ours has one order and one flush a group, so contention costs nothing.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { Child } from "../child.ts";
import { median, percentile } from "../compare.ts";
import { closedLoop, drawer } from "../load.ts";
import { hasSqlite, postgresOrUndefined } from "../peers/install.ts";
import { PostgresServer } from "../peers/postgres-server.ts";
import type { Row } from "../rows.ts";
import { checked } from "../rows.ts";
import type { Scale } from "../scale.ts";
import { BenchServer, loadBatches, makeDirectory, withClient } from "../server.ts";
import { openClients, type WireClient } from "../wire-client.ts";

const BATCH = 500;
const START_BALANCE = 1_000;
const ZIPF_EXPONENT = 1.5;

/** A bank behind a socket. */
interface Side {
  readonly name: string;
  readonly clients: readonly WireClient[];
  /** What the server knows account `n` as. */
  nameOf(n: number): string | number;
  total(): Promise<number>;
  note(): Promise<string>;
  close(): Promise<void>;
}

/** Figures of one side under one law. */
interface Figures {
  readonly perSecond: number[];
  readonly latenciesUs: number[];
}

export async function transfers(scale: Scale): Promise<Row[]> {
  const sides: Side[] = [await narrowcast(scale)];
  const missing: string[] = [];
  try {
    const isSmoke = scale.name === "smoke";
    const programs = isSmoke ? undefined : postgresOrUndefined();
    if (!isSmoke && hasSqlite()) sides.push(await sqlite(scale));
    else missing.push("better-sqlite3");
    if (programs !== undefined) sides.push(await postgres(scale, programs));
    else missing.push("PostgreSQL");
    const even = await compete(sides, scale, drawer(scale.accounts, 0));
    const skewed = await compete(sides, scale, drawer(scale.accounts, ZIPF_EXPONENT));
    for (const side of sides) {
      const total = await side.total();
      const wanted = scale.accounts * START_BALANCE;
      if (total !== wanted) throw new Error(`Cannot trust ${side.name}: balances add up to ${total}, not ${wanted}`);
    }
    const notes = await Promise.all(sides.slice(1).map((side) => side.note()));
    return rowsOf(sides, even, skewed, missing, notes);
  } finally {
    for (const side of sides) await side.close();
  }
}

async function compete(sides: readonly Side[], scale: Scale, draw: () => number): Promise<Figures[]> {
  const figures = sides.map(() => ({ perSecond: [] as number[], latenciesUs: [] as number[] }));
  const transfer = (side: Side) => (client: WireClient) => {
    const from = draw();
    let to = draw();
    while (to === from) to = draw();
    return client.mutate("accounts:transfer", { from: side.nameOf(from), to: side.nameOf(to), amount: 1 });
  };
  for (let round = 0; round <= scale.rounds; round++) {
    for (const [index, side] of sides.entries()) {
      const { perSecond, latenciesUs } = await closedLoop(side.clients, scale.sliceMs, transfer(side));
      // The first round warms all up.
      if (round === 0) continue;
      figures[index]?.perSecond.push(perSecond);
      for (const latency of latenciesUs) figures[index]?.latenciesUs.push(latency);
    }
  }
  return figures;
}

function rowsOf(
  sides: readonly Side[],
  even: readonly Figures[],
  skewed: readonly Figures[],
  missing: readonly string[],
  notes: readonly string[],
): Row[] {
  const rows: Row[] = [];
  const laws = [
    ["uniform", even],
    [`Zipf ${ZIPF_EXPONENT}`, skewed],
  ] as const;
  for (const [law, [ours, ...peers]] of laws) {
    if (ours === undefined) continue;
    const value = median(ours.perSecond);
    const own = { name: `transfers, ${law}`, value, unit: "/s", note: latencyText(ours) };
    if (peers.length === 0) rows.push(own);
    for (const [index, peer] of peers.entries()) {
      const limit = { name: sides[index + 1]?.name ?? "", value: median(peer.perSecond) };
      const ratio = median(ours.perSecond.map((rate, round) => rate / (peer.perSecond[round] ?? Number.NaN)));
      const note = `${latencyText(ours)}; theirs ${latencyText(peer)}${notes[index] ?? ""}`;
      rows.push(checked({ ...own, limit, ratio, note }, "ratio", ">=", 1));
    }
  }
  const [uniform, contended] = [even[0]?.perSecond ?? [], skewed[0]?.perSecond ?? []];
  const contention = {
    name: `transfers, Zipf ${ZIPF_EXPONENT} against uniform`,
    value: median(contended),
    unit: "/s",
    limit: { name: "uniform", value: median(uniform) },
    ratio: median(contended) / median(uniform),
  };
  const note =
    missing.length === 0
      ? {}
      : { note: `not here: ${missing.join(" and ")}; "npm run bench -- --peers" installs them` };
  rows.push(checked({ ...contention, ...note }, "ratio", ">=", 0.9));
  return rows;
}

function latencyText({ latenciesUs }: Figures): string {
  return `p50 ${(percentile(latenciesUs, 0.5) / 1000).toFixed(1)} ms, p99 ${(percentile(latenciesUs, 0.99) / 1000).toFixed(1)} ms`;
}

async function narrowcast(scale: Scale): Promise<Side> {
  const server = await BenchServer.start();
  const ids = (await loadBatches(server.url, "accounts:open", scale.accounts, {}, BATCH)).flat() as string[];
  const clients = await openClients(server.url, scale.clients);
  return {
    name: "Narrowcast",
    clients,
    nameOf: (n) => ids[n] ?? "",
    async total() {
      let total = 0;
      await withClient(server.url, async (client) => {
        for (let from = 0; from < scale.accounts; from += BATCH) {
          total += Number(await client.ask("accounts:total", { from, to: from + BATCH }));
        }
      });
      return total;
    },
    note: async () => "",
    async close() {
      for (const client of clients) client.close();
      await server.close();
    },
  };
}

async function sqlite(scale: Scale): Promise<Side> {
  const directory = makeDirectory();
  const child = Child.start("peers/sqlite-process.ts", [directory, String(scale.accounts)]);
  const close = async (): Promise<void> => {
    await child.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  return peer("Node + better-sqlite3", child, scale, close);
}

async function postgres(scale: Scale, programs: string): Promise<Side> {
  const server = await PostgresServer.start(programs);
  const child = Child.start("peers/postgres-process.ts", [String(server.port), String(scale.accounts)]);
  const close = async (): Promise<void> => {
    await child.stop();
    await server.close();
  };
  return peer("Node + PostgreSQL", child, scale, close);
}

async function peer(name: string, child: Child, scale: Scale, close: () => Promise<void>): Promise<Side> {
  const { url } = await child.ask<{ url: string }>({ type: "address" });
  const clients = await openClients(url, scale.clients);
  const ask = (): Promise<{ total: number; retries: number }> => child.ask({ type: "total" });
  return {
    name,
    clients,
    nameOf: (n) => n,
    total: async () => (await ask()).total,
    async note() {
      const { retries } = await ask();
      return retries === 0 ? "" : `, ${retries.toLocaleString("en-US")} retries in both`;
    },
    async close() {
      for (const client of clients) client.close();
      await close();
    },
  };
}
