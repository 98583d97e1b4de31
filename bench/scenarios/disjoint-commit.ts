/**
 * One mutation that inserts 100 documents among 20,000 subscriptions on disjoint ranges: until every affected client has its update.
 *
 * Expected before measuring: as long as with the affected subscriptions alone, because the others cost nothing: the look-ups go by what was
 * written.
 *
 * @module
 */
import { Child } from "../child.ts";
import { median } from "../compare.ts";
import type { LookupFigures } from "../core-process.ts";
import type { Row } from "../rows.ts";
import { checked } from "../rows.ts";
import type { Scale } from "../scale.ts";
import { BenchServer } from "../server.ts";
import { openClients, type WireClient } from "../wire-client.ts";

const ROUNDS = 15;
const SMOKE_ROUNDS = 1;
const SECOND_MS = 1_000;

export async function disjointCommit(scale: Scale): Promise<Row[]> {
  const rounds = scale.name === "smoke" ? SMOKE_ROUNDS : ROUNDS;
  const { subscriptions, inserted, sockets } = scale;
  const channels = Array.from({ length: inserted }, (_, at) => Math.floor((at * subscriptions) / inserted));
  const every = Array.from({ length: subscriptions }, (_, at) => at);
  const crowded = await BenchServer.start();
  const alone = await BenchServer.start();
  const inside = Child.start("core-process.ts");
  try {
    const sides = [await watch(crowded.url, sockets, every), await watch(alone.url, sockets, channels)] as const;
    const times: (readonly [number, number])[] = [];
    for (let round = 0; round <= rounds; round++) {
      const pair = [await sides[0].once(channels, round + 1), await sides[1].once(channels, round + 1)] as const;
      if (round > 0) times.push(pair);
    }
    for (const side of sides) side.close();
    const counted = await inside.ask<LookupFigures>({ type: "lookups", subscriptions, inserted, rounds });
    const crowdedMs = median(times.map(([ms]) => ms));
    return [
      checked(
        {
          name: `${subscriptions.toLocaleString("en-US")} subscriptions, one mutation of ${inserted} documents → every affected client`,
          value: crowdedMs,
          unit: "ms",
          limit: { name: "with the affected subscriptions only", value: median(times.map(([, ms]) => ms)) },
          ratio: median(times.map(([ours, limit]) => ours / limit)),
          note: `${counted.lookups} look-ups and ${counted.runs} runs; without sockets ${counted.commitMs.toFixed(1)} ms`,
        },
        "value",
        "<=",
        SECOND_MS,
      ),
    ];
  } finally {
    await Promise.all([crowded.close(), alone.close(), inside.stop()]);
  }
}

/** Subscribes to `channels`, spread over `count` sockets. */
async function watch(
  url: string,
  count: number,
  channels: readonly number[],
): Promise<{ once(written: readonly number[], round: number): Promise<number>; close(): void }> {
  const watchers = await openClients(url, count);
  const [writer] = await openClients(url, 1);
  await Promise.all(
    watchers.map((watcher, index) => {
      const own = channels.filter((_, at) => at % count === index);
      return watcher.subscribe(own.map((channel) => ({ path: "items:newest", args: { channel } })));
    }),
  );
  let missing = 0;
  let done: (() => void) | undefined;
  for (const watcher of watchers) {
    watcher.onSeen(() => {
      missing -= 1;
      if (missing === 0) done?.();
    });
  }
  return {
    async once(written, round) {
      missing = written.length;
      const finished = new Promise<void>((resolve) => {
        done = resolve;
      });
      const startMs = performance.now();
      await (writer as WireClient).mutate("items:addToEach", { channels: [...written], sentAt: round });
      await finished;
      return performance.now() - startMs;
    },
    close() {
      for (const client of watchers) client.close();
      writer?.close();
    },
  };
}
