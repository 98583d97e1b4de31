/**
 * Questions: what does a durable commit of the engine cost against one LMDB transaction per group, with the same documents in the same four trees? How much
 * faster is a scan in memory than in LMDB? How long is a start? What does a working set larger than the memory cost?
 *
 * Expected: commits 2.5-5x LMDB at group 64 while the checkpointer follows (it does LMDB's work too, later); warm scans 10-30x; the first answer within a
 * second whatever the size; paged reads near LMDB's own.
 *
 *   npx tsx --conditions=@narrowcast/source packages/server/src/engine/engine.bench.ts
 *   ROWS=1000000 …      documents in the store (100,000)
 *   BENCH=smoke …       one short round
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PerformanceObserver } from "node:perf_hooks";
import { open } from "lmdb";
import type { RootDatabase } from "lmdb";
import type { Doc } from "@narrowcast/values";
import { encodeKey, prefixEnd } from "@narrowcast/values";
import { DiskEngine } from "./disk-engine.ts";
import { openDiskEngine } from "./open-disk-engine.ts";
import {
  BY_CHANNEL,
  documentAt,
  documentCodec,
  DOCUMENTS_PER_CHANNEL,
  entriesOf,
  keyOf,
} from "./testing/bench-rows.ts";
import type { Key } from "./types.ts";

const IS_SMOKE = process.env["BENCH"] === "smoke";
const ROWS = Number(process.env["ROWS"] ?? (IS_SMOKE ? 2_000 : 100_000));
const GROUPS = IS_SMOKE ? [1, 64] : [1, 8, 64, 512];
const SLICE_MS = IS_SMOKE ? 20 : 700;
const ROUNDS = IS_SMOKE ? 1 : 3;
const LOAD_GROUP = 100;

const root = mkdtempSync(join(process.env["ENGINE_BENCH_DIR"] ?? tmpdir(), "narrowcast-bench-"));
let nextDocument = 0;

/** One store of the comparison. */
interface Side {
  /** Inserts documents as transactions of one each, made durable together. */
  insert(docs: readonly Doc[]): Promise<void>;
  /** Sums a field over one channel's documents. */
  sumChannel(channel: number): number;
}

class LmdbSide implements Side {
  readonly #root: RootDatabase<Uint8Array, string>;

  constructor(directory: string) {
    const keyEncoder = {
      writeKey: (key: string, target: Buffer, at: number) => at + target.write(key, at, "latin1"),
      readKey: (source: Buffer, start: number, end: number) => source.toString("latin1", start, end),
    };
    this.#root = open<Uint8Array, string>({ path: directory, encoding: "binary", keyEncoder, noMemInit: true });
  }

  async insert(docs: readonly Doc[]): Promise<void> {
    await this.#root.batch(() => {
      for (const doc of docs) {
        const key = keyOf(doc);
        void this.#root.put(`0${key}`, documentCodec.encode(doc));
        for (const { index, add } of entriesOf(doc)) void this.#root.put(`${index}${add!}`, Buffer.from(key, "latin1"));
      }
    });
    await this.#root.flushed;
  }

  sumChannel(channel: number): number {
    const prefix = BY_CHANNEL + encodeKey([`channel${channel}`]);
    let sum = 0;
    for (const { value } of this.#root.getRange({ start: prefix, end: prefixEnd(prefix)! })) {
      const bytes = this.#root.getBinaryFast(`0${Buffer.from(value).toString("latin1")}`)!;
      sum += documentCodec.decode(bytes, 0, bytes.length)["likes"] as number;
    }
    return sum;
  }
}

class EngineSide implements Side {
  readonly engine: DiskEngine<Doc>;

  constructor(directory: string, memoryBytes: number) {
    this.engine = openDiskEngine<Doc>({ directory, codec: documentCodec, memoryBytes });
  }

  async insert(docs: readonly Doc[]): Promise<void> {
    for (const doc of docs) {
      this.engine.put({ collection: 1, key: keyOf(doc), value: doc, moves: entriesOf(doc) });
      this.engine.commit(this.engine.head + 1, "");
    }
    await this.engine.flush();
  }

  sumChannel(channel: number): number {
    const start: Key = encodeKey([`channel${channel}`]);
    const cursor = this.engine.scan(1, BY_CHANNEL, { start, end: prefixEnd(start) }, "asc");
    let sum = 0;
    while (cursor.next()) sum += cursor.value()["likes"] as number;
    return sum;
  }
}

function freshDocuments(count: number): Doc[] {
  const docs = Array.from({ length: count }, (_, at) => documentAt(nextDocument + at));
  nextDocument += count;
  return docs;
}

async function rate(act: () => Promise<number> | number): Promise<number> {
  const start = performance.now();
  let done = 0;
  do done += await act();
  while (performance.now() - start < SLICE_MS);
  return (done / (performance.now() - start)) * 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Both sides in turn, `ROUNDS` times; prints medians and their ratio. */
async function compare(name: string, unit: string, engine: () => Promise<number>, lmdb: () => Promise<number>) {
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    rates[0].push(await engine());
    rates[1].push(await lmdb());
  }
  const [ours, theirs] = [median(rates[0]), median(rates[1])];
  const range = rates[0].map((one, at) => one / rates[1][at]!).toSorted((a, b) => a - b);
  const ends = `${range[0]!.toFixed(1)}-${range.at(-1)!.toFixed(1)}`;
  say(`${name}: ${Math.round(ours)} ${unit}, LMDB ${Math.round(theirs)}: ${(ours / theirs).toFixed(1)}x (${ends})`);
}

const GC_PAUSES: number[] = [];

function watchGarbage(): void {
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) GC_PAUSES.push(duration);
  }).observe({ entryTypes: ["gc"] });
}

async function inserts(engine: EngineSide, lmdb: LmdbSide): Promise<void> {
  const insert = (side: Side, group: number) => () =>
    rate(async () => {
      await side.insert(freshDocuments(group));
      return group;
    });
  for (const group of GROUPS) {
    await compare(`durable inserts, group ${group}`, "tx/s", insert(engine, group), insert(lmdb, group));
    await engine.engine.checkpoint();
  }
  const sustained = await rate(async () => {
    await engine.insert(freshDocuments(64));
    return 64;
  });
  const start = performance.now();
  await engine.engine.checkpoint();
  say(
    `checkpointer behind ${Math.round(sustained)} tx/s: ${Math.round(performance.now() - start)} ms to catch up with a slice of ${SLICE_MS} ms`,
  );
}

async function scans(engine: EngineSide, lmdb: LmdbSide): Promise<void> {
  const channels = Math.floor(ROWS / DOCUMENTS_PER_CHANNEL);
  if (engine.sumChannel(3) !== lmdb.sumChannel(3)) throw new Error("Cannot compare scans: the sides differ");
  const scan = (side: Side, among: number) => () =>
    rate(() => {
      side.sumChannel(Math.floor(Math.random() * among));
      return DOCUMENTS_PER_CHANNEL;
    });
  await compare("scan of 100 by index, hot (decoded)", "docs/s", scan(engine, 20), scan(lmdb, 20));
  await compare("scan of 100 by index, anywhere", "docs/s", scan(engine, channels), scan(lmdb, channels));
}

async function updates({ engine }: EngineSide): Promise<void> {
  GC_PAUSES.length = 0;
  const perSecond = await rate(async () => {
    for (let at = 0; at < 64; at += 1) {
      const key = keyOf(documentAt(Math.floor(Math.random() * ROWS)));
      const doc = engine.get(1, key)!;
      engine.put({ collection: 1, key, value: { ...doc, likes: (doc["likes"] as number) + 1 }, moves: [] });
      engine.commit(engine.head + 1, "");
    }
    await engine.flush();
    return 64;
  });
  const pauses = GC_PAUSES.toSorted((a, b) => a - b);
  const max = pauses.at(-1) ?? 0;
  say(
    `updates: ${Math.round(perSecond)} tx/s; ${pauses.length} collections, p50 ${median([0, ...pauses]).toFixed(1)} ms, max ${max.toFixed(1)} ms`,
  );
}

async function starts(directory: string): Promise<void> {
  const start = performance.now();
  const { engine } = new EngineSide(directory, 4 * 1024 ** 3);
  engine.get(1, keyOf(documentAt(5)));
  const served = performance.now() - start;
  await engine.settled();
  const all = performance.now() - start;
  say(
    `start with ${engine.count(1)} documents, 4 trees: first answer ${served.toFixed(1)} ms, all resident ${Math.round(all)} ms (${Math.round((engine.count(1) / all) * 1000)} docs/s)`,
  );
  await engine.close();
}

/** A budget of a tenth of the documents' bytes. */
async function largerThanMemory(directory: string, lmdb: LmdbSide): Promise<void> {
  const paged = new EngineSide(directory, ROWS * 32);
  const { engine } = paged;
  await engine.settled();
  if (engine.isResident(1)) throw new Error("Cannot measure paging: the collection fits");
  const times: number[] = [];
  await rate(() => {
    const key = keyOf(documentAt(Math.floor(Math.random() * ROWS)));
    const start = performance.now();
    engine.get(1, key);
    times.push((performance.now() - start) * 1000);
    return 1;
  });
  times.sort((a, b) => a - b);
  say(
    `paged, point reads: p50 ${times[times.length >> 1]!.toFixed(1)} us, p99 ${times[Math.floor(times.length * 0.99)]!.toFixed(1)} us`,
  );
  const channels = Math.floor(ROWS / DOCUMENTS_PER_CHANNEL);
  const scan = (side: Side) => () =>
    rate(() => {
      side.sumChannel(Math.floor(Math.random() * channels));
      return DOCUMENTS_PER_CHANNEL;
    });
  await compare("paged, scan of 100 by index, anywhere", "docs/s", scan(paged), scan(lmdb));
  await engine.close();
}

async function main(): Promise<void> {
  watchGarbage();
  const directory = join(root, "engine");
  const engine = new EngineSide(directory, 4 * 1024 ** 3);
  const lmdb = new LmdbSide(join(root, "lmdb"));
  const loadStart = performance.now();
  while (nextDocument < ROWS) {
    const docs = freshDocuments(Math.min(LOAD_GROUP, ROWS - nextDocument));
    await engine.insert(docs);
    await lmdb.insert(docs);
  }
  await engine.engine.checkpoint();
  say(`${ROWS} documents loaded into both in ${Math.round(performance.now() - loadStart)} ms`);
  await scans(engine, lmdb);
  await updates(engine);
  await inserts(engine, lmdb);
  await engine.engine.close();
  await starts(directory);
  await largerThanMemory(directory, lmdb);
}

try {
  await main();
} finally {
  rmSync(root, { recursive: true, force: true });
}
