/**
 * What does a commit cost, by the number of subscriptions that it does not concern?
 *
 * Expected before measuring: finding the touched runs grows with the logarithm of the subscriptions, so the ratio to a linear scan over read sets
 * grows almost with their number: ~10x at 1,000, hundreds at 100,000. A commit of 100 documents among 20,000 subscriptions
 * costs 100 times one document, and the run of 100 woken subscriptions more than finding them.
 *
 *   node --expose-gc --import tsx --conditions=@narrowcast/source packages/server/src/reactive/reactive.bench.ts
 *
 * Each subscription has five dependencies: two documents, two narrow ranges, one name. A write moves a row from one range to another.
 *
 * @module
 */
import { rootTable } from "@narrowcast/values";
import { compare, report } from "../../../../bench/compare.ts";
import { ReadSet } from "../tx/read-set.ts";
import type { Commit, DocumentChange } from "../tx/types.ts";
import { DependencyIndex } from "./dependency-index.ts";
import { Reactor } from "./reactor.ts";
import type { RunOutcome, RunRequest } from "./types.ts";

const MESSAGES = rootTable("messages");
const isSmoke = process.env["BENCH"] === "smoke";

/** Keys of the length that real ones have. */
function keyOf(n: number): string {
  return `\x16k97${String(n).padStart(29, "0")}\0`;
}

/** Subscription `n` of `count`: its ranges overlap those of a few neighbours, as lists of one channel do. */
function readSetOf(n: number, count: number): ReadSet {
  const set = new ReadSet();
  set.addPoint(1, keyOf(n));
  set.addPoint(1, keyOf((n * 7) % count));
  Object.assign(set.openStretch(1, 1), { start: keyOf(n), end: `${keyOf(n)}\xff` });
  Object.assign(set.openStretch(1, 2), { start: keyOf(n - (n % 10)), end: `${keyOf(n)}\xff` });
  set.addName("table:messages");
  return set;
}

function changeOf(n: number): DocumentChange {
  const moves = [
    { index: 1, remove: `${keyOf(n)}a`, add: `${keyOf(n + 1)}a` },
    { index: 2, remove: `${keyOf(n)}a`, add: `${keyOf(n)}a` },
  ];
  return { table: MESSAGES, collection: 1, id: keyOf(n), before: undefined, after: undefined, moves };
}

function commitOf(ts: number, numbers: readonly number[]): Commit {
  return { ts, changes: numbers.map(changeOf), names: [], source: "bench:write" };
}

/** Spreads `count` numbers over `below`, the same ones on every call. */
function spread(count: number, below: number): number[] {
  return Array.from({ length: count }, (_, at) => Math.floor(((at * 0.618_033_98) % 1) * (below - 2)));
}

function bytesInUse(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function matching(count: number): void {
  const before = bytesInUse();
  const index = new DependencyIndex();
  let addMs = 0;
  for (let n = 0; n < count; n++) {
    const set = readSetOf(n, count);
    const startMs = performance.now();
    index.set(n, set);
    addMs += performance.now() - startMs;
  }
  const addUs = (addMs * 1000) / count;
  const bytes = Math.round((bytesInUse() - before) / count);
  const sets = Array.from({ length: count }, (_, n) => readSetOf(n, count));
  const commits = spread(997, count).map((n) => commitOf(1, [n]));
  let [at, scanAt] = [0, 0];
  const result = compare(`one write among ${count}: index / linear scan`, {
    baseline: () => {
      const commit = commits[scanAt++ % commits.length]!;
      return sets.filter((set) => set.touchedBy(commit)).length;
    },
    candidate: () => index.stab(commits[at++ % commits.length]!).size,
  });
  const visited = (index.visited / index.lookups).toFixed(1);
  const removeMs = performance.now();
  for (let n = 0; n < count; n++) index.remove(n);
  const removeUs = ((performance.now() - removeMs) * 1000) / count;
  if (result === undefined) return;
  console.log(report(result));
  const stabUs = (1e6 / result.candidatePerSecond).toFixed(1);
  console.log(
    `  ${stabUs} us a write, ${visited} nodes a look-up; add ${addUs.toFixed(1)} us, remove ${removeUs.toFixed(1)} us, ${bytes} bytes a subscription`,
  );
}

/** 20,000 subscriptions on disjoint ranges, a commit of 100 documents: finding, and answering those it touched. */
async function disjoint(): Promise<void> {
  const count = isSmoke ? 200 : 20_000;
  let head = 1;
  let updates = 0;
  const execute = ({ args }: RunRequest): RunOutcome => {
    const set = new ReadSet();
    Object.assign(set.openStretch(1, 1), { start: keyOf(Number(args)), end: `${keyOf(Number(args))}\xff` });
    const result = { ok: true, value: `${args}@${head}`, logLines: [], journal: null } as const;
    return { result, readSet: set, identityObserved: false, clockObserved: false };
  };
  const reactor = new Reactor({
    executor: execute,
    head: () => head,
    nowMs: () => performance.now(),
    onUpdate: (batch) => {
      updates += batch.length;
    },
  });
  const subscribeMs = performance.now();
  for (let n = 0; n < count; n++) {
    reactor.openSocket(n);
    reactor.modifyQueries(
      n,
      1,
      [{ queryId: 1, component: "", path: "bench:list", args: String(n), journal: null }],
      [],
    );
  }
  await reactor.settle();
  const subscribedUs = ((performance.now() - subscribeMs) * 1000) / count;
  const numbers = Array.from({ length: 50 }, (_, at) => Math.floor((at * count) / 50));
  const written = [...numbers, ...numbers.map((n) => n + 1)];
  const times: { stabMs: number; settleMs: number }[] = [];
  const { lookups } = reactor.counters;
  updates = 0;
  for (let round = 0; round < (isSmoke ? 1 : 50); round++) {
    head++;
    const commit = commitOf(head, written);
    const startMs = performance.now();
    reactor.applyCommit(commit);
    const foundMs = performance.now();
    await reactor.settle();
    times.push({ stabMs: foundMs - startMs, settleMs: performance.now() - foundMs });
  }
  if (isSmoke) return;
  const median = (of: (time: { stabMs: number; settleMs: number }) => number): string => {
    const sorted = times.map(of).sort((a, b) => a - b);
    return (sorted[times.length >> 1] ?? Number.NaN).toFixed(2);
  };
  const perCommit = ((reactor.counters.lookups - lookups) / times.length).toFixed(0);
  console.log(`20,000 sockets subscribed and answered: ${subscribedUs.toFixed(1)} us each`);
  console.log(
    `commit of 100 documents: found in ${median((time) => time.stabMs)} ms with ${perCommit} look-ups, ${updates / times.length} sockets answered in ${median((time) => time.settleMs)} ms`,
  );
}

for (const count of isSmoke ? [100] : [1_000, 10_000, 100_000]) matching(count);
await disjoint();
