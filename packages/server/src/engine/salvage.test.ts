/** What is salvaged of a damaged store: everything whose bytes were left alone, nothing that was never written, and each loss is told. */
import {
  closeSync,
  cpSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SEALED_TREE } from "./base-layout.ts";
import { SPACE_BYTES, spaceOf } from "./base-keys.ts";
import type { DiskEngine } from "./disk-engine.ts";
import { decodeSegmentHeader, SegmentScan } from "./log-segment.ts";
import { openDiskEngine } from "./open-disk-engine.ts";
import { BaseSalvage } from "./salvage-base.ts";
import { metasOf, PageSalvage } from "./salvage-pages.ts";
import { StoreSalvage } from "./salvage.ts";
import { decodeRecord } from "./record-codec.ts";
import { seededRandom } from "./testing/sim-disk.ts";
import { movesOf, testCodec } from "./testing/test-rows.ts";
import type { TestRow } from "./testing/test-rows.ts";
import { PRIMARY } from "./types.ts";

/** `DAMAGES=2000` damages more often. */
const DAMAGES = Number(process.env["DAMAGES"] ?? 20);
const SEED = Number(process.env["SEED"] ?? 1);
const PAGE_BYTES = 4096;
const COMMITS = 160;
const COLLECTIONS = [1, 2, 3];

const root = mkdtempSync(join(tmpdir(), "narrowcast-salvage-"));
/** A store as it was left, with former pages lying about, and a copy of it, which has none. */
const [left, compact] = [join(root, "left"), join(root, "compact")];

/** Rows by collection and key, as text. */
type Rows = Map<string, string>;
/** All that was ever written. */
const history = new Map<string, Set<string>>();
const final: Rows = new Map();

const nameOf = (collection: number, key: string): string => `${collection} ${key}`;

beforeAll(async () => {
  const engine = openDiskEngine<TestRow>({
    directory: left,
    codec: testCodec,
    segmentBytes: 24 * 1024,
    checkpointDelayMs: Infinity,
    checkpointOnClose: false,
  });
  for (let round = 0; round < COMMITS; round += 1) {
    for (let at = 0; at < 12; at += 1) commitRow(engine, round, at);
    engine.commit(engine.head + 1, "");
    await engine.flush();
    // The last ones are in the log only.
    if (round % 20 === 19 && round < COMMITS - 20) await engine.checkpoint();
  }
  await engine.copyTo(compact);
  await engine.close();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function commitRow(engine: DiskEngine<TestRow>, round: number, at: number): void {
  const collection = COLLECTIONS[(round + at) % COLLECTIONS.length]!;
  const key = `row${String((round * 37 + at * 11) % 500).padStart(4, "0")}`;
  const text = `${round}.${at} `.repeat((round + at) % 40 === 0 ? 1_500 : 20);
  const value = (round + at) % 9 === 0 ? undefined : { a: at, text };
  engine.put({ collection, key, value, moves: movesOf(key, engine.get(collection, key), value) });
  const name = nameOf(collection, key);
  if (value === undefined) return void final.delete(name);
  const written = testCodec.encode(value).toString();
  final.set(name, written);
  history.set(name, (history.get(name) ?? new Set()).add(written));
}

/** The rows of a damaged store, and what is told to be lost. */
function salvaged(directory: string) {
  const salvage = new StoreSalvage(directory);
  const rows: Rows = new Map();
  const doubtful = new Set<string>();
  for (const { collection, key, bytes, isDoubtful } of salvage.rows()) {
    const name = nameOf(collection, key);
    if (isDoubtful && rows.has(name)) continue;
    rows.set(name, Buffer.from(bytes).toString());
    if (isDoubtful) doubtful.add(name);
  }
  const losses = salvage.losses.map(({ place, message }) => `${place}: ${message}`);
  salvage.close();
  return { rows, losses, doubtful };
}

/** Pages of the base that each of its rows lies in. */
function pagesOfRows(directory: string): ReadonlyMap<string, readonly number[]> {
  const file = join(directory, "base", "data.mdb");
  const bytes = readFileSync(file);
  const fd = openSync(file, "r");
  const pages = new PageSalvage(fd, metasOf(fd).metas[0]!, (loss) => expect(loss).toBeUndefined());
  const found = new Map<string, readonly number[]>();
  for (const { key, value, page } of pages.entries(pages.trees().get(SEALED_TREE)!)) {
    const collection = key.readUInt32BE(0);
    if (key.toString("latin1", 0, SPACE_BYTES) !== spaceOf(collection, PRIMARY) || typeof value === "string") continue;
    const at = bytes.indexOf(value);
    const more =
      value.length < PAGE_BYTES / 2
        ? []
        : span(Math.floor(at / PAGE_BYTES), Math.floor((at + value.length) / PAGE_BYTES));
    found.set(nameOf(collection, key.toString("latin1", SPACE_BYTES)), [page, ...more]);
  }
  closeSync(fd);
  return found;
}

const span = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

/** Records of the log with where they lie, and what each row was written by last. */
function placesInLog(directory: string) {
  const records: { readonly file: string; readonly sequence: number; readonly from: number; readonly to: number }[] =
    [];
  const writer = new Map<string, number>();
  const folder = join(directory, "log");
  for (const name of readdirSync(folder)
    .filter((name) => name.endsWith(".log"))
    .sort()) {
    const bytes = readFileSync(join(folder, name));
    const header = decodeSegmentHeader(name, bytes);
    if (typeof header === "string") throw new Error(header);
    const scan = new SegmentScan(bytes, header);
    for (let from = scan.offset; scan.next(); from = scan.offset) {
      records.push({ file: name, sequence: scan.sequence, from, to: scan.offset });
      const record = decodeRecord(scan.payload);
      if (record.kind !== "commit") continue;
      for (const { collection, key } of record.writes) writer.set(nameOf(collection, key), scan.sequence);
    }
  }
  return { records, writer };
}

/** The last record that the base of a store has. */
function appliedOf(directory: string): number {
  const base = new BaseSalvage(join(directory, "base", "data.mdb"), () => true);
  base.close();
  return base.state?.applied ?? 0;
}

/** Whatever was damaged: nothing is made up, and a store that lost something says so. */
function mustBeHonest(rows: Rows, losses: readonly string[], what: string): void {
  for (const [name, text] of rows)
    expect(history.get(name)?.has(text), `${what}: ${name} was never written`).toBe(true);
  const isSame = rows.size === final.size && [...final].every(([name, text]) => rows.get(name) === text);
  if (!isSame) expect(losses, what).not.toEqual([]);
}

test("a sound store is salvaged whole, and nothing of it is called lost", () => {
  for (const store of [left, compact]) {
    const { rows, losses, doubtful } = salvaged(store);
    expect(rows).toEqual(final);
    expect([losses, doubtful.size]).toEqual([[], 0]);
  }
});

test(
  `rows whose pages were left alone are there, as they were (DAMAGES=${DAMAGES} SEED=${SEED})`,
  { timeout: 600_000 },
  () => {
    const known = new Map(
      [left, compact].map((store) => [store, { inLog: placesInLog(store).writer, pagesOf: pagesOfRows(store) }]),
    );
    const random = seededRandom(SEED);
    let lossy = 0;
    for (let at = 0; at < DAMAGES; at += 1) {
      const isCut = at % 5 === 4;
      // Where the newest states of the file are cut off, former ones can be all that is left.
      const store = at % 3 === 0 && !isCut ? left : compact;
      const { inLog, pagesOf } = known.get(store)!;
      const directory = join(root, "damaged");
      cpSync(store, directory, { recursive: true });
      const file = join(directory, "base", "data.mdb");
      const bytes = readFileSync(file);
      const pages = bytes.length / PAGE_BYTES;
      const touched = new Set<number>();
      for (let n = 0; n <= (at * 3) % 10; n += 1) {
        const page = Math.floor(random() * pages);
        touched.add(page);
        damagePage(bytes, page, at % 3 === 1 ? 1 + Math.floor(random() * (pages - 1)) : undefined, random);
      }
      const cutAt = isCut ? Math.floor(random() * bytes.length) : Infinity;
      bytes.fill(0, Math.min(cutAt, bytes.length));
      writeFileSync(file, bytes);
      const what = `damage ${at} of pages ${[...touched].join(", ")} of ${store === left ? "left" : "compact"}`;
      const { rows, losses, doubtful } = salvaged(directory);
      mustBeHonest(rows, losses, what);
      for (const [name, text] of final) {
        const isLeftAlone = pagesOf.get(name)?.every((page) => !touched.has(page) && (page + 1) * PAGE_BYTES <= cutAt);
        if (inLog.has(name) || isLeftAlone === true) expect(rows.get(name), `${what}: ${name}`).toBe(text);
      }
      // What was deleted stays so, and a former state comes back only as a doubtful one, and only where such states lie about.
      for (const [name, text] of rows) {
        if (store === compact || !doubtful.has(name)) expect(text, `${what}: ${name}`).toBe(final.get(name));
      }
      if (rows.size < final.size) lossy += 1;
      rmSync(directory, { recursive: true });
    }
    expect(lossy).toBeGreaterThan(DAMAGES / 10);
  },
);

/** Another page's bytes in its place, all but the number; or bits of chance. */
function damagePage(bytes: Buffer, page: number, other: number | undefined, random: () => number): void {
  const start = page * PAGE_BYTES;
  if (other !== undefined) bytes.copy(bytes, start + 8, other * PAGE_BYTES + 8, (other + 1) * PAGE_BYTES);
  else
    for (let n = 0; n < 8; n += 1) bytes[start + Math.floor(random() * PAGE_BYTES)]! ^= 1 << Math.floor(random() * 8);
}

test(
  `rows whose last record was left alone are as it says (DAMAGES=${DAMAGES} SEED=${SEED})`,
  { timeout: 600_000 },
  () => {
    const random = seededRandom(SEED);
    const { records, writer } = placesInLog(compact);
    const folder = join(compact, "log");
    const files = readdirSync(folder)
      .filter((name) => name.endsWith(".log"))
      .sort();
    expect(files.length).toBeGreaterThan(2);
    const applied = appliedOf(compact);
    let lossy = 0;
    for (let at = 0; at < DAMAGES; at += 1) {
      const directory = join(root, "damaged");
      cpSync(compact, directory, { recursive: true });
      const lost = new Set<number>();
      const removed = new Set<string>();
      const told: string[] = [];
      for (let n = 0; n <= at % 4; n += 1) {
        const name = files[Math.floor(random() * files.length)]!;
        const path = join(directory, "log", name);
        const of = records.filter(({ file }) => file === name);
        const end = Math.max(...of.map(({ to }) => to));
        const place = Math.floor(random() * end);
        const kind = at % 8 === 7 ? "remove" : at % 8 === 6 ? "cut" : "flip";
        told.push(`${kind} ${name} at ${place}`);
        if (!readdirSync(join(directory, "log")).includes(name)) continue;
        const bytes = readFileSync(path);
        if (kind === "remove") {
          unlinkSync(path);
          removed.add(name);
        } else if (kind === "cut") truncateSync(path, place);
        else if (place < bytes.length) {
          bytes[place]! ^= 1 << Math.floor(random() * 8);
          writeFileSync(path, bytes);
        }
        // Behind a head that is lost the next record cannot be proved.
        for (const { sequence, from, to } of of) {
          if (kind === "remove" || (kind === "cut" ? to > place : from <= place && place < to)) lost.add(sequence);
          if (kind === "flip" && from <= place && place < to) lost.add(sequence + 1);
        }
      }
      const what = `damage ${at}: ${told.join(", ")}`;
      const { rows, losses } = salvaged(directory);
      // Of the newest segments nothing tells that they were there.
      const rest = files.filter((name) => !removed.has(name));
      const isTold = [...lost].some(
        (sequence) =>
          sequence > applied && sequence <= (records.findLast(({ file }) => file === rest.at(-1))?.sequence ?? 0),
      );
      if (isTold) expect(losses, what).not.toEqual([]);
      mustBeHonest(rows, isTold ? losses : ["untold"], what);
      for (const name of new Set([...final.keys(), ...rows.keys()])) {
        const last = writer.get(name);
        if (last === undefined || !lost.has(last)) expect(rows.get(name), `${what}: ${name}`).toBe(final.get(name));
      }
      if (lost.size > 0) lossy += 1;
      rmSync(directory, { recursive: true });
    }
    expect(lossy).toBeGreaterThan(DAMAGES / 2);
  },
);
