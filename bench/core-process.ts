/**
 * Measurements inside the core's thread, as a program for `Child`: query runs, scans, commits without a socket, look-ups.
 *
 * @module
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { median, percentile } from "./compare.ts";
import { serveParent } from "./child.ts";
import { InnerCore } from "./inner-core.ts";
import { LmdbSide } from "./lmdb-side.ts";
import { makeDirectory, PER_CHANNEL } from "./server.ts";

/** What to measure. */
export type CoreTask =
  | { readonly type: "queries"; readonly documents: number; readonly rounds: number; readonly sliceMs: number }
  | { readonly type: "commits"; readonly ms: number }
  | { readonly type: "lookups"; readonly subscriptions: number; readonly inserted: number; readonly rounds: number };

/** Rates of two sides and the median of their ratios, round by round. */
export interface Pair {
  readonly ours: number;
  readonly limit: number;
  readonly ratio: number;
}

export interface QueryFigures {
  readonly runs: Pair;
  readonly warmArray: Pair;
  readonly warmLmdb: Pair;
  readonly coldLmdb: Pair;
}

export interface LookupFigures {
  readonly lookups: number;
  readonly runs: number;
  readonly commitMs: number;
}

const LOAD_BATCH = 1_000;
/** Channels of one scan: 1,000 documents. */
const SCANNED = 10;

const directory = makeDirectory();

serveParent(measure, () => rmSync(directory, { recursive: true, force: true }));

async function measure(task: CoreTask): Promise<unknown> {
  if (task.type === "queries") return queries(task);
  const inner = await InnerCore.open(join(directory, task.type));
  try {
    return task.type === "commits" ? await commits(inner, task.ms) : await lookups(inner, task);
  } finally {
    await inner.close();
  }
}

async function load(inner: InnerCore, documents: number): Promise<void> {
  for (let from = 0; from < documents; from += LOAD_BATCH) {
    const to = Math.min(documents, from + LOAD_BATCH);
    await inner.mutate("items:load", { from, to, perChannel: PER_CHANNEL });
  }
}

async function queries({ documents, rounds, sliceMs }: CoreTask & { type: "queries" }): Promise<QueryFigures> {
  const lmdbDirectory = join(directory, "lmdb");
  mkdirSync(lmdbDirectory);
  const lmdb = new LmdbSide(lmdbDirectory, PER_CHANNEL);
  await lmdb.load(documents);
  const first = await InnerCore.open(join(directory, "queries"));
  await load(first, documents);
  await first.close();
  const inner = await InnerCore.open(join(directory, "queries"));
  await inner.engine.settled();
  const channels = Math.floor(documents / PER_CHANNEL);
  const coldLmdb = await coldScans(inner, lmdb, channels);
  const all = plainItems(documents);
  const among = Math.max(1, Math.min(channels - SCANNED, 50));
  let turn = 0;
  const scanOurs = async (): Promise<number> => {
    turn += 1;
    await inner.run("items:sum", `{"asker":${turn},"channel":${turn % among},"count":${SCANNED}}`);
    return SCANNED * PER_CHANNEL;
  };
  const scanArray = (): number => {
    turn += 1;
    const start = (turn % among) * PER_CHANNEL;
    let likes = 0;
    for (let at = start; at < start + SCANNED * PER_CHANNEL; at++) likes += all[at]?.likes ?? 0;
    kept.last = likes;
    return SCANNED * PER_CHANNEL;
  };
  const scanLmdb = (): number => {
    turn += 1;
    kept.last = lmdb.sum(turn % among, SCANNED);
    return SCANNED * PER_CHANNEL;
  };
  const runs = await runsAgainstMap(inner, channels, rounds, sliceMs);
  const warmArray = await paired(rounds, sliceMs, scanOurs, scanArray);
  const warmLmdb = await paired(rounds, sliceMs, scanOurs, scanLmdb);
  await inner.close();
  await lmdb.close();
  return { runs, warmArray, warmLmdb, coldLmdb };
}

/** Keeps results alive, so that no work is optimised away. */
const kept = { last: 0 };

/** Every document read once after a start: nothing of it was decoded before. Both sides' bytes are in the system's cache. */
async function coldScans(inner: InnerCore, lmdb: LmdbSide, channels: number): Promise<Pair> {
  // In turn, a part of the channels each; the first part warms the code and is left out.
  const parts = 5;
  const length = Math.max(SCANNED, Math.floor(channels / parts / SCANNED) * SCANNED);
  const rates: { ours: number; limit: number }[] = [];
  for (let from = 0; from + length <= channels; from += length) {
    const startMs = performance.now();
    let ours = 0;
    for (let channel = from; channel < from + length; channel += SCANNED) {
      ours += Number(await inner.run("items:sum", `{"channel":${channel},"count":${SCANNED}}`));
    }
    const middleMs = performance.now();
    let theirs = 0;
    for (let channel = from; channel < from + length; channel += SCANNED) theirs += lmdb.sum(channel, SCANNED);
    const endMs = performance.now();
    if (ours !== theirs) throw new Error(`Cannot compare scans: the sides give ${ours} and ${theirs}`);
    const documents = length * PER_CHANNEL * 1000;
    rates.push({ ours: documents / (middleMs - startMs), limit: documents / (endMs - middleMs) });
  }
  return pairOf(rates.length > 1 ? rates.slice(1) : rates);
}

function runsAgainstMap(inner: InnerCore, channels: number, rounds: number, sliceMs: number): Promise<Pair> {
  const documents = channels * PER_CHANNEL;
  const byChannel = new Map<number, Plain[]>();
  for (const item of plainItems(documents)) {
    const items = byChannel.get(item.channel) ?? [];
    items.push(item);
    byChannel.set(item.channel, items);
  }
  const handler = async ({ channel }: { channel: number }): Promise<Plain[]> =>
    (byChannel.get(channel) ?? []).slice(-10).toReversed();
  let turn = 0;
  let bytes = 0;
  return paired(
    rounds,
    sliceMs,
    async () => {
      turn += 1;
      bytes += (await inner.run("items:latest", `{"asker":${turn},"channel":${turn % channels}}`)).length;
      return 1;
    },
    async () => {
      turn += 1;
      const args = JSON.parse(`{"asker":${turn},"channel":${turn % channels}}`) as { channel: number };
      bytes += JSON.stringify(await handler(args)).length;
      kept.last = bytes;
      return 1;
    },
  );
}

interface Plain {
  readonly _id: string;
  readonly _creationTime: number;
  readonly channel: number;
  readonly author: string;
  readonly body: string;
  readonly likes: number;
  readonly isPinned: boolean;
  readonly sentAt: number;
}

function plainItems(documents: number): Plain[] {
  return Array.from({ length: documents }, (_, at) => ({
    _id: `m${at.toString(36).padStart(31, "0")}`,
    _creationTime: 1_700_000_000_000 + at,
    channel: Math.floor(at / PER_CHANNEL),
    author: `user${at % 1000}`,
    body: "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor. ".repeat(2),
    likes: at % 17,
    isPinned: at % 50 === 0,
    sentAt: 0,
  }));
}

async function paired(
  rounds: number,
  sliceMs: number,
  ours: () => Promise<number>,
  limit: () => Promise<number> | number,
): Promise<Pair> {
  const rates: { ours: number; limit: number }[] = [];
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    const pair = { ours: await rate(sliceMs, ours), limit: await rate(sliceMs, limit) };
    if (round > 0) rates.push(pair);
  }
  return pairOf(rates);
}

function pairOf(rates: readonly { ours: number; limit: number }[]): Pair {
  return {
    ours: median(rates.map((rate) => rate.ours)),
    limit: median(rates.map((rate) => rate.limit)),
    ratio: median(rates.map((rate) => rate.ours / rate.limit)),
  };
}

async function rate(sliceMs: number, act: () => Promise<number> | number): Promise<number> {
  const startMs = performance.now();
  let done = 0;
  let elapsedMs = 0;
  do {
    done += await act();
    elapsedMs = performance.now() - startMs;
  } while (elapsedMs < sliceMs);
  return (done / elapsedMs) * 1000;
}

/** One mutation after the other, each waited for until it is durable. Microseconds. */
async function commits(inner: InnerCore, ms: number): Promise<{ p50Us: number; p99Us: number }> {
  const latencies: number[] = [];
  const endMs = performance.now() + ms;
  let at = 0;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    at += 1;
    await inner.mutate("items:add", { channel: at % 1_000, at, sentAt: 0 });
    latencies.push((performance.now() - startMs) * 1000);
  }
  return { p50Us: percentile(latencies, 0.5), p99Us: percentile(latencies, 0.99) };
}

/** One mutation among many subscriptions: what finding and re-running those it concerns takes, and how much work it is. */
async function lookups(inner: InnerCore, task: CoreTask & { type: "lookups" }): Promise<LookupFigures> {
  const { subscriptions, inserted, rounds } = task;
  const { core } = inner;
  for (let n = 0; n < subscriptions; n++) {
    core.reactor.openSocket(n);
    const args = `{"channel":${n}}`;
    core.reactor.modifyQueries(n, 1, [{ queryId: 1, component: "", path: "items:newest", args, journal: null }], []);
  }
  await core.reactor.settle();
  const channels = Array.from({ length: inserted }, (_, at) => Math.floor((at * subscriptions) / inserted));
  const times: number[] = [];
  const before = { ...core.reactor.counters };
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    await inner.mutate("items:addToEach", { channels, sentAt: round + 1 });
    await core.whenIdle();
    times.push(performance.now() - startMs);
  }
  const after = core.reactor.counters;
  return {
    lookups: (after.lookups - before.lookups) / rounds,
    runs: (after.runsExecuted - before.runsExecuted) / rounds,
    commitMs: median(times),
  };
}
