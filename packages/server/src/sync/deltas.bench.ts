/**
 * What does a changed result cost the server for clients with deltas, from the result's text to the delta's?
 *
 * Expected before measuring: one field of 640 documents (196 KB), the former value at hand: well under a tenth of parsing the new text, and under half
 * of `JSON.stringify` of the value; the second to the thousandth socket cost next to nothing.
 *
 *   npx tsx --conditions=@narrowcast/source packages/server/src/sync/deltas.bench.ts
 *
 * @module
 */
import { compare, report } from "../../../../bench/compare.ts";
import { DeltaTable, type GoodResult } from "./delta-table.ts";
import { SocketDeltas } from "./socket-deltas.ts";

const DOCUMENTS = 640;
const VERSIONS = 50;
const SOCKETS = 1_000;

function textOf(version: number): string {
  const documents = Array.from({ length: DOCUMENTS }, (_, at) => ({
    _creationTime: 1_700_000_000_000.25 + at,
    _id: `j57${String(at).padStart(29, "0")}`,
    attempts: at % 3,
    groupId: `k97${String(at % 8).padStart(29, "0")}`,
    prompt: `Please look at run ${at}: the importer stopped after the third batch and nobody was told about it.`,
    role: "assistant",
    status: at === 320 ? `step ${version}` : "ready",
    tags: ["import", "nightly"],
  }));
  // As texts come from another thread: in one piece.
  return Buffer.from(JSON.stringify(documents)).toString();
}

const texts = Array.from({ length: VERSIONS }, (_, version) => textOf(version));
const values = texts.map((text) => JSON.parse(text) as unknown);

/** One socket goes through all versions, again and again. */
function walk(count: number): (version: number) => number {
  const table = new DeltaTable(1e9);
  const sockets = Array.from({ length: count }, () => new SocketDeltas(table));
  return (version) => {
    const result: GoodResult = { ok: true, value: texts[version] as string, logLines: [], journal: null };
    for (const socket of sockets) socket.modification(1, result);
    return 1;
  };
}

function measure(name: string, baseline: (version: number) => unknown, candidate: (version: number) => unknown): void {
  const turns = { baseline: 0, candidate: 0 };
  const kept: { last: unknown } = { last: undefined };
  const result = compare(name, {
    baseline: () => {
      kept.last = baseline(turns.baseline++ % VERSIONS);
      return 1;
    },
    candidate: () => {
      kept.last = candidate(turns.candidate++ % VERSIONS);
      return 1;
    },
  });
  if (result !== undefined) console.log(report(result));
}

measure(
  "new result, one socket / JSON.parse of its text",
  (version) => JSON.parse(texts[version] as string) as unknown,
  walk(1),
);
measure("new result, one socket / JSON.stringify of its value", (version) => JSON.stringify(values[version]), walk(1));
measure(
  `new result, ${SOCKETS} sockets / JSON.stringify once`,
  (version) => JSON.stringify(values[version]),
  walk(SOCKETS),
);
