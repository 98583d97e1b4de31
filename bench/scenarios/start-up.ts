/**
 * Start of a server on a large store, from starting the process to the first answer over a socket; and until it has everything in memory.
 *
 * Expected before measuring: the first answer comes as fast as on an empty store, because collections become resident behind it.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { median } from "../compare.ts";
import type { Row } from "../rows.ts";
import { checked } from "../rows.ts";
import type { Scale } from "../scale.ts";
import { BenchServer, loadItems, makeDirectory, PER_CHANNEL, QUIET_MS, withClient } from "../server.ts";

const MEMORY_BYTES = 4 * 1024 ** 3;

export async function startUp(scale: Scale): Promise<Row[]> {
  const full = makeDirectory();
  const empty = makeDirectory();
  try {
    const loaded = await BenchServer.start({ directory: full, memoryBytes: MEMORY_BYTES });
    await loadItems(loaded.url, scale.startDocuments);
    await loaded.close();
    await (await BenchServer.start({ directory: empty })).close();
    const channel = Math.floor(scale.startDocuments / PER_CHANNEL / 2);
    const rounds: { ours: Start; bare: Start }[] = [];
    for (let round = 0; round < scale.rounds; round++) {
      rounds.push({ ours: await start(full, channel), bare: await start(empty, channel) });
    }
    return rowsOf(scale, rounds);
  } finally {
    for (const directory of [full, empty]) rmSync(directory, { recursive: true, force: true });
  }
}

interface Start {
  readonly answeredMs: number;
  readonly openedMs: number;
  readonly quietMs: number;
  readonly heldBytes: number;
}

async function start(directory: string, channel: number): Promise<Start> {
  const startMs = performance.now();
  const server = await BenchServer.start({ directory, memoryBytes: MEMORY_BYTES });
  try {
    await withClient(server.url, (client) => client.ask("items:latest", { channel }));
    const answeredMs = performance.now() - startMs;
    await server.untilQuiet();
    const quietMs = performance.now() - startMs - QUIET_MS;
    const { heldBytes } = await server.child.usage();
    return { answeredMs, openedMs: server.openedMs, quietMs, heldBytes };
  } finally {
    await server.close();
  }
}

function rowsOf(scale: Scale, rounds: readonly { ours: Start; bare: Start }[]): Row[] {
  const middle = (of: (round: { ours: Start; bare: Start }) => number): number => median(rounds.map(of));
  const size = `${scale.startDocuments.toLocaleString("en-US")} documents, 4 trees`;
  const own = middle(({ ours }) => ours.openedMs);
  const isTargetSize = scale.name === "full";
  const note = isTargetSize ? {} : { note: "the target is for 1,000,000 documents (--full)" };
  const resident = `${Math.round(middle(({ ours }) => ours.heldBytes) / 1024 ** 2)} MiB held then`;
  return [
    checked(
      {
        name: `start to first answer, ${size}`,
        value: middle(({ ours }) => ours.answeredMs),
        unit: "ms",
        limit: { name: "the same on an empty store", value: middle(({ bare }) => bare.answeredMs) },
        ratio: middle(({ ours, bare }) => ours.answeredMs / bare.answeredMs),
        note: `${own.toFixed(0)} ms of it from opening the store to listening, the rest is the process`,
      },
      "value",
      "<=",
      1_000,
    ),
    checked(
      {
        name: `start to everything in memory, ${size}`,
        value: middle(({ ours }) => ours.quietMs),
        unit: "ms",
        limit: { name: "the same on an empty store", value: middle(({ bare }) => bare.quietMs) },
        ratio: middle(({ ours, bare }) => ours.quietMs / bare.quietMs),
        note: [resident, note.note].filter((text) => text !== undefined).join("; "),
      },
      "value",
      "<=",
      6_000,
    ),
  ];
}
