/**
 * Durable mutations over WebSockets: as many as the server takes from 64 clients, and the latency of one client's.
 *
 * Expected before measuring: at 64 clients the processor is the limit, not the disk, so several times a bare LMDB transaction a group,
 * which pays four trees on the acknowledgement path. For one client the disk's flush is half of the way.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { Child } from "../child.ts";
import { median, percentile } from "../compare.ts";
import { LmdbSide } from "../lmdb-side.ts";
import { closedLoop } from "../load.ts";
import { Echo, RawDisk } from "../machine.ts";
import type { Row } from "../rows.ts";
import { checked } from "../rows.ts";
import type { Scale } from "../scale.ts";
import { BenchServer, loadItems, makeDirectory, PER_CHANNEL } from "../server.ts";
import { openClients, type WireClient } from "../wire-client.ts";

interface Sides {
  readonly url: string;
  readonly lmdb: LmdbSide;
  readonly disk: RawDisk;
  readonly scale: Scale;
}

export async function durableMutations(scale: Scale): Promise<Row[]> {
  const directory = makeDirectory();
  const lmdb = new LmdbSide(directory, PER_CHANNEL);
  const disk = new RawDisk();
  const server = await BenchServer.start();
  const echo = await Echo.start();
  const inside = Child.start("core-process.ts");
  try {
    await loadItems(server.url, scale.documents);
    await lmdb.load(scale.documents);
    const sides = { url: server.url, lmdb, disk, scale };
    const many = await throughput(sides, server);
    const echoUs = percentile(await echo.measure(scale.sliceMs / 4), 0.5);
    const one = await latency(sides, inside, echoUs);
    return [...many, ...one];
  } finally {
    await Promise.all([server.close(), echo.close(), inside.stop(), lmdb.close()]);
    disk.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

let at = 1_000_000_000;

function add(client: WireClient): Promise<unknown> {
  at += 1;
  return client.mutate("items:add", { channel: Math.floor(at / PER_CHANNEL), at, sentAt: 0 });
}

async function throughput({ url, lmdb, disk, scale }: Sides, server: BenchServer): Promise<Row[]> {
  const clients = await openClients(url, scale.clients);
  await closedLoop(clients, scale.sliceMs, add);
  const rounds: { ours: number; theirs: number; raw: number; cpu: number }[] = [];
  const latencies: number[] = [];
  for (let round = 0; round < scale.rounds; round++) {
    const before = await server.child.usage();
    const startMs = performance.now();
    const { perSecond, latenciesUs } = await closedLoop(clients, scale.sliceMs, add);
    const cpu = ((await server.child.usage()).cpuMs - before.cpuMs) / (performance.now() - startMs);
    latencies.push(...latenciesUs);
    const theirs = await rateOfLmdb(lmdb, scale);
    const raw = disk.measure(scale.sliceMs / 4);
    rounds.push({ ours: perSecond, theirs, raw: raw.length / (sum(raw) / 1e6), cpu });
  }
  for (const client of clients) client.close();
  const ours = median(rounds.map((round) => round.ours));
  const isTargetSize = scale.name === "full";
  const rate: Row = {
    name: `durable mutations, ${scale.clients} sockets, ${scale.documents.toLocaleString("en-US")} documents`,
    value: ours,
    unit: "/s",
    limit: { name: "raw fdatasync", value: median(rounds.map((round) => round.raw)) },
    ratio: median(rounds.map((round) => round.ours / round.raw)),
  };
  const cores = median(rounds.map((round) => round.cpu));
  const note = `p50 ${us(latencies, 0.5)}, p99 ${us(latencies, 0.99)}; server ${cores.toFixed(2)} cores, ${((cores / ours) * 1e6).toFixed(0)} us of processor time a mutation${isTargetSize ? "" : "; the target is for 1,000,000 documents (--full)"}`;
  return [
    checked({ ...rate, note }, "value", ">=", 12_000),
    checked(
      {
        ...rate,
        name: "the same against LMDB",
        limit: {
          name: `a bare LMDB transaction per ${scale.clients}`,
          value: median(rounds.map((round) => round.theirs)),
        },
        ratio: median(rounds.map((round) => round.ours / round.theirs)),
      },
      "ratio",
      ">=",
      2.5,
    ),
  ];
}

async function rateOfLmdb(lmdb: LmdbSide, scale: Scale): Promise<number> {
  const startMs = performance.now();
  let done = 0;
  while (performance.now() - startMs < scale.sliceMs) {
    await lmdb.insert(scale.clients);
    done += scale.clients;
  }
  return (done / (performance.now() - startMs)) * 1000;
}

async function latency({ url, disk, scale }: Sides, inside: Child, echoUs: number): Promise<Row[]> {
  const clients = await openClients(url, 1);
  await closedLoop(clients, scale.sliceMs / 4, add);
  const ours: { p50: number; p99: number; raw: number }[] = [];
  const inner: { p50: number; raw: number }[] = [];
  for (let round = 0; round < scale.rounds; round++) {
    const raw = percentile(disk.measure(scale.sliceMs / 4), 0.5);
    const { latenciesUs } = await closedLoop(clients, scale.sliceMs / 2, add);
    ours.push({ p50: percentile(latenciesUs, 0.5), p99: percentile(latenciesUs, 0.99), raw });
    const { p50Us } = await inside.ask<{ p50Us: number }>({ type: "commits", ms: scale.sliceMs / 2 });
    inner.push({ p50: p50Us, raw: percentile(disk.measure(scale.sliceMs / 4), 0.5) });
  }
  clients[0]?.close();
  const middle = <T>(all: readonly T[], of: (one: T) => number): number => median(all.map(of));
  const limit = { name: "raw fdatasync p50", value: middle(ours, (one) => one.raw) };
  return [
    checked(
      {
        name: "one client's durable commit over its socket, p50",
        value: middle(ours, (one) => one.p50),
        unit: "us",
        limit,
        ratio: middle(ours, (one) => one.p50 / one.raw),
        note: `p99 ${middle(ours, (one) => one.p99).toFixed(0)} us; a loopback echo alone takes ${echoUs.toFixed(0)} us`,
      },
      "ratio",
      "<=",
      3,
    ),
    {
      name: "the same in the core's thread, without socket",
      value: middle(inner, (one) => one.p50),
      unit: "us",
      limit,
      ratio: middle(inner, (one) => one.p50 / one.raw),
    },
  ];
}

function us(latencies: readonly number[], share: number): string {
  return `${percentile(latencies, share).toFixed(0)} us`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
