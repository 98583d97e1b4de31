/**
 * Questions: what does the log cost over a bare `pwrite` + `fdatasync` of the same bytes on a preallocated file? And should
 * the sync block the thread that owns the log or run on the thread pool?
 *
 * Sketch: a frame costs two CRCs and one copy, about 1 us for 320 bytes; a device write 100 us. Expect 0.7x of the raw
 * limit with blocking sync and 0.5-0.6x on the pool at group 1, towards 1x for large groups. With work beside the flush
 * (executing the next group) the pool wins as soon as work and device time are of one size.
 *
 *   npx tsx --conditions=@narrowcast/source packages/server/src/engine/log.bench.ts
 *   BENCH=smoke …                      one short round
 *   LOG_BENCH_DIR=/some/disk …         the disk to measure
 */
import { closeSync, fdatasyncSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LogFs, nodeLogFs } from "./log-fs.ts";
import { openLog } from "./log.ts";
import type { Log } from "./log-types.ts";

const RECORD_BYTES = 320;
const FRAME_BYTES = RECORD_BYTES + 25;
const SEGMENT_BYTES = 16 * 1024 * 1024;
const GROUPS = [1, 8, 64, 512];
const IS_SMOKE = process.env["BENCH"] === "smoke";
const SLICES = IS_SMOKE ? 1 : 15;
const SLICE_MS = IS_SMOKE ? 10 : 120;

const blockingFs: LogFs = {
  ...nodeLogFs,
  syncData: (fd) => {
    fdatasyncSync(fd);
    return Promise.resolve();
  },
};

/** Added to each sync to play a slower device, as cloud disks are. */
const SLOW_MS = 2;

const slowPoolFs: LogFs = {
  ...nodeLogFs,
  syncData: async (fd) => {
    await nodeLogFs.syncData(fd);
    await new Promise((resolve) => void setTimeout(resolve, SLOW_MS));
  },
};

const slowBlockingFs: LogFs = {
  ...nodeLogFs,
  syncData: (fd) => {
    fdatasyncSync(fd);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLOW_MS);
    return Promise.resolve();
  },
};

interface Side {
  readonly name: string;
  /** Makes one group durable. */
  flush(group: number): Promise<void>;
  close(): Promise<void>;
}

function rawSide(directory: string): Side {
  const fd = openSync(join(directory, "raw"), "w+");
  const zeros = Buffer.alloc(1024 * 1024);
  for (let at = 0; at < SEGMENT_BYTES; at += zeros.length) writeSync(fd, zeros, 0, zeros.length, at);
  fsyncSync(fd);
  const bytes = Buffer.alloc(FRAME_BYTES * Math.max(...GROUPS), 1);
  let offset = 0;
  return {
    name: "raw pwrite + fdatasync",
    flush: (group) => {
      const length = group * FRAME_BYTES;
      if (offset + length > SEGMENT_BYTES) offset = 0;
      writeSync(fd, bytes, 0, length, offset);
      fdatasyncSync(fd);
      offset += length;
      return Promise.resolve();
    },
    close: () => Promise.resolve(closeSync(fd)),
  };
}

function logSide(name: string, directory: string, fs: LogFs): Side & { readonly log: Log } {
  const log = openLog({ directory: join(directory, name), fs, segmentBytes: SEGMENT_BYTES });
  const payload = Buffer.alloc(RECORD_BYTES, 7);
  return {
    name,
    log,
    flush: async (group) => {
      for (let n = 0; n < group; n++) log.append(payload);
      await log.flush();
      if (log.lastSequence % 4096 < group) log.trim(log.lastSequence);
    },
    close: () => log.close(),
  };
}

/** Groups a second and the latencies of one slice. */
async function slice(side: Side, group: number, latencies: number[]): Promise<number> {
  const start = performance.now();
  let flushes = 0;
  let now = start;
  while (now - start < SLICE_MS) {
    await side.flush(group);
    const end = performance.now();
    latencies.push((end - now) * 1000);
    now = end;
    flushes++;
  }
  return (flushes / (now - start)) * 1000;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Burns `us` microseconds, as executing a mutation does. */
function work(us: number): void {
  const end = performance.now() + us / 1000;
  while (performance.now() < end);
}

/**
 * Closed loop: `clients` mutations are always outstanding, in two groups (one client: one group); a group is executed
 * (`workUs` a mutation) while the other one's flush is under way. Mutations a second.
 */
async function pipelined(log: Log, clients: number, workUs: number): Promise<number> {
  const payload = Buffer.alloc(RECORD_BYTES, 7);
  const start = performance.now();
  let done = 0;
  const lane = async (size: number): Promise<void> => {
    while (performance.now() - start < SLICE_MS) {
      for (let n = 0; n < size; n++) {
        work(workUs);
        log.append(payload);
      }
      await log.flush();
      done += size;
    }
  };
  await Promise.all(clients === 1 ? [lane(1)] : [lane(clients / 2), lane(clients / 2)]);
  log.trim(log.lastSequence);
  return (done / (performance.now() - start)) * 1000;
}

function row(cells: readonly (string | number)[]): void {
  console.log(cells.map((cell, index) => (index === 0 ? String(cell).padEnd(26) : String(cell).padStart(12))).join(""));
}

async function groups(sides: readonly Side[]): Promise<void> {
  row(["group", "records/s", "x raw", "interval", "p50 us", "p99 us"]);
  for (const group of GROUPS) {
    const rates = sides.map(() => [] as number[]);
    const latencies = sides.map(() => [] as number[]);
    for (let round = 0; round < SLICES; round++) {
      const order = sides.map((_, index) => (round % 2 === 0 ? index : sides.length - 1 - index));
      for (const index of order) rates[index]!.push(await slice(sides[index]!, group, latencies[index]!));
    }
    for (const [index, side] of sides.entries()) {
      const ratios = rates[index]!.map((rate, round) => rate / rates[0]![round]!);
      const interval = `${quantile(ratios, 0.1).toFixed(2)}-${quantile(ratios, 0.9).toFixed(2)}`;
      const latency = [0.5, 0.99].map((share) => quantile(latencies[index]!, share).toFixed(0));
      const rate = (quantile(rates[index]!, 0.5) * group).toFixed(0);
      row([`${group} ${side.name}`, rate, quantile(ratios, 0.5).toFixed(2), interval, ...latency]);
    }
  }
}

async function overlap(title: string, pool: Log, blocking: Log): Promise<void> {
  row([title, "pool/s", "blocking/s", "pool : blocking"]);
  for (const [clients, workUs] of [
    [1, 30],
    [8, 30],
    [64, 5],
    [64, 30],
    [64, 100],
  ] as const) {
    const rates: [number, number][] = [];
    for (let round = 0; round < SLICES; round++) {
      const first = await pipelined(pool, clients, workUs);
      rates.push([first, await pipelined(blocking, clients, workUs)]);
    }
    const median = (pick: (pair: [number, number]) => number): number => quantile(rates.map(pick), 0.5);
    const ratio = median(([a, b]) => a / b).toFixed(2);
    row([`${clients} x ${workUs} us`, median(([a]) => a).toFixed(0), median(([, b]) => b).toFixed(0), ratio]);
  }
}

const directory = mkdtempSync(join(process.env["LOG_BENCH_DIR"] ?? tmpdir(), "log-bench-"));
const pool = logSide("log, pool", directory, nodeLogFs);
const blocking = logSide("log, blocking", directory, blockingFs);
const slowPool = logSide("slow, pool", directory, slowPoolFs);
const slowBlocking = logSide("slow, blocking", directory, slowBlockingFs);
const sides = [rawSide(directory), blocking, pool];
try {
  await groups(sides);
  await overlap("clients x work", pool.log, blocking.log);
  await overlap(`the same, sync + ${SLOW_MS} ms`, slowPool.log, slowBlocking.log);
} finally {
  for (const side of [...sides, slowPool, slowBlocking]) await side.close();
  rmSync(directory, { recursive: true, force: true });
}
