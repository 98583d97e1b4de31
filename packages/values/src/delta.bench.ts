/**
 * What does it cost to tell what changed, next to writing the whole result as JSON text?
 *
 * Expected before measuring: with one field of 640 documents (200 KB) changed, at most a tenth of `JSON.stringify` when the two results
 * share their unchanged documents, as the server's do, and under 200 bytes; applying is far below `JSON.parse`.
 *
 *   npx tsx --conditions=@narrowcast/source packages/values/src/delta.bench.ts [part of a name]
 *
 * @module
 */
import { compare, report } from "../../../bench/compare.ts";
import { applyDelta, deltaText } from "./index.ts";
import type { JsonValue } from "./index.ts";

const DOCUMENTS = 640;
const filter = process.argv[2] ?? "";

function document(at: number): { [field: string]: JsonValue } {
  return {
    _creationTime: 1_700_000_000_000.25 + at,
    _id: `j57${String(at).padStart(29, "0")}`,
    attempts: at % 3,
    groupId: `k97${String(at % 8).padStart(29, "0")}`,
    prompt: `Please look at run ${at}: the importer stopped after the third batch and nobody was told about it.`,
    role: "assistant",
    status: "ready",
    tags: ["import", "nightly"],
  };
}

const before = Array.from({ length: DOCUMENTS }, (_, at) => document(at));
const shared = before.map((doc, at) => (at === 320 ? { ...doc, status: "running" } : doc));
const apart = JSON.parse(JSON.stringify(shared)) as JsonValue;
const text = JSON.stringify(shared);
const delta = deltaText(before, shared) ?? "";
/** Keeps results alive, so that no work is optimised away. */
const kept: { last: unknown } = { last: undefined };

function measure(name: string, baseline: () => unknown, candidate: () => unknown): void {
  if (!name.includes(filter)) return;
  const counted = (body: () => unknown) => (): number => {
    kept.last = body();
    return 1;
  };
  const result = compare(name, { baseline: counted(baseline), candidate: counted(candidate) });
  if (result !== undefined) console.log(report(result));
}

console.log(`one field of ${DOCUMENTS} documents: ${delta.length} bytes of ${text.length}`);
measure(
  "delta, unchanged documents shared / JSON.stringify",
  () => JSON.stringify(shared),
  () => deltaText(before, shared),
);
measure(
  "delta, nothing shared / JSON.stringify",
  () => JSON.stringify(shared),
  () => deltaText(before, apart),
);
measure(
  "apply / JSON.parse of the whole",
  () => JSON.parse(text) as unknown,
  () => applyDelta(before, JSON.parse(delta) as JsonValue),
);
