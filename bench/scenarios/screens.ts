/**
 * From one client's mutation to another client's screen, with many connections.
 *
 * Every socket watches a channel of its own; eight writers insert into random channels at a fixed rate, whether answered or not.
 * Two moments count as the start: the writer's call, and the commit's timestamp, which the server takes before the flush.
 *
 * Expected before measuring: call to screen is one echo, one flush, four hops between threads and a run: 5-8 echoes at low rates.
 *
 * @module
 */
import { tsFromWire } from "@narrowcast/values";
import { percentile } from "../compare.ts";
import { openLoop, pause } from "../load.ts";
import { Echo } from "../machine.ts";
import type { Row } from "../rows.ts";
import { checked } from "../rows.ts";
import type { Scale } from "../scale.ts";
import { BenchServer } from "../server.ts";
import { openClients, type WireClient } from "../wire-client.ts";

const WRITERS = 8;
/** The rate of the target. */
const TARGET_RATE = 1_000;
const DRAIN_MS = 300;
/** With so many unanswered calls the rate is more than the server takes; further calls are left out, and counted. */
const UNANSWERED_MAX = 1_000;

export async function screens(scale: Scale): Promise<Row[]> {
  const echo = await Echo.start();
  const server = await BenchServer.start();
  try {
    const watchers = await openClients(server.url, scale.sockets);
    const writers = await openClients(server.url, WRITERS);
    const seen = { calls: [] as number[], commits: [] as number[] };
    await Promise.all(
      watchers.map((client, channel) => client.subscribe([{ path: "items:newest", args: { channel } }])),
    );
    for (const watcher of watchers) {
      watcher.onSeen(({ value, commitTs }) => {
        const nowMs = performance.timeOrigin + performance.now();
        seen.calls.push(nowMs - (value as number));
        seen.commits.push(nowMs - tsFromWire(commitTs) / 1000);
      });
    }
    await write(writers, watchers.length, 500, scale.screenMs / 2);
    const rows: Row[] = [];
    for (const rate of scale.screenRates) {
      const echoUs = percentile(await echo.measure(scale.screenMs / 4), 0.5);
      seen.calls = [];
      seen.commits = [];
      const before = await server.child.usage();
      const startMs = performance.now();
      const made = await write(writers, watchers.length, rate, scale.screenMs);
      const cores = ((await server.child.usage()).cpuMs - before.cpuMs) / (performance.now() - startMs);
      rows.push(...rowsOf(rate, scale, { ...seen, made }, echoUs, cores));
    }
    for (const client of [...watchers, ...writers]) client.close();
    return rows;
  } finally {
    await Promise.all([server.close(), echo.close()]);
  }
}

/** Returns how many calls were made; `rate` times `ms` unless the server could not keep up. */
async function write(writers: readonly WireClient[], channels: number, rate: number, ms: number): Promise<number> {
  let at = 0;
  let made = 0;
  let unanswered = 0;
  let failure: unknown;
  await openLoop(rate, ms, () => {
    at += 1;
    if (unanswered >= UNANSWERED_MAX) return;
    made += 1;
    unanswered += 1;
    const channel = Math.floor(Math.random() * channels);
    const sentAt = performance.timeOrigin + performance.now();
    writers[at % writers.length]?.mutate("items:add", { channel, at, sentAt }).then(
      () => {
        unanswered -= 1;
      },
      (error: unknown) => {
        failure = error;
      },
    );
  });
  await pause(DRAIN_MS);
  if (failure !== undefined) throw failure;
  return made;
}

function rowsOf(
  rate: number,
  scale: Scale,
  seen: { readonly calls: readonly number[]; readonly commits: readonly number[]; readonly made: number },
  echoUs: number,
  cores: number,
): Row[] {
  const p50 = percentile(seen.commits, 0.5) * 1000;
  const p99 = percentile(seen.commits, 0.99);
  const limit = { name: "loopback echo p50", value: echoUs };
  const wanted = Math.round((rate * scale.screenMs) / 1000);
  const behind = seen.made < wanted * 0.95 ? `; NOT SUSTAINED: ${seen.made} of ${wanted} mutations taken` : "";
  const note = `${seen.commits.length} screens of ${seen.made} mutations; server ${cores.toFixed(2)} cores${behind}`;
  const place = `${scale.sockets} sockets, ${rate} mutations/s`;
  const median = {
    name: `commit → other screen, p50, ${place}`,
    value: p50,
    unit: "us",
    limit,
    ratio: p50 / echoUs,
    note,
  };
  const tail = { name: `commit → other screen, p99, ${place}`, value: p99, unit: "ms" };
  const calls = {
    name: `call → other screen, p50, ${place}`,
    value: percentile(seen.calls, 0.5) * 1000,
    unit: "us",
    limit,
    ratio: (percentile(seen.calls, 0.5) * 1000) / echoUs,
    note: `p99 ${percentile(seen.calls, 0.99).toFixed(1)} ms`,
  };
  if (rate !== TARGET_RATE) return [median, tail, calls];
  return [checked(median, "ratio", "<=", 10), checked(tail, "value", "<=", 5), calls];
}
