/** A repaired deployment: sound, served, with all that was left alone and nothing that never was; the damaged one stays as it is. */
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeDocument, encodeDocument, tableNumberOfId, type Doc } from "@narrowcast/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDiskEngine } from "../engine/open-disk-engine.ts";
import { seededRandom } from "../engine/testing/sim-disk.ts";
import { fileNameOf } from "../functions/file-addresses.ts";
import { startDeployment } from "../host/deployment.ts";
import { filesWorld, openFiles } from "../testing/files-app.ts";
import { backUpStopped } from "./back-up-stopped.ts";
import { checkDeployment } from "./check-deployment.ts";
import { repairStore } from "./repair.ts";

/** `DAMAGES=200` damages more often. */
const DAMAGES = Number(process.env["DAMAGES"] ?? 6);
const SEED = Number(process.env["SEED"] ?? 1);
const PAGE_BYTES = 4096;
/** `_modules` and `_module_sources`. */
const CODE_TABLES = [520, 521];
const FILES = 20;
const MESSAGES = 200;

const root = mkdtempSync(join(tmpdir(), "narrowcast-repair-"));
const sound = join(root, "sound");
const files: string[] = [];
const urls = { cloudUrl: "http://cloud.test", siteUrl: "http://site.test" };
/** Every document of the sound store, as bytes in hex, by id. */
let documents: ReadonlyMap<string, string>;

beforeAll(async () => {
  const written = join(root, "written");
  const world = await openFiles({ directory: written, threads: false });
  await world.deployment.setEnvironment([{ name: "COLOUR", value: "blue" }]);
  for (let at = 0; at < FILES; at += 1) files.push(await world.mutation("store", { text: `file ${at}` }));
  for (let at = 0; at < MESSAGES; at += 1) await world.mutation("attach", { id: files[at % FILES]! });
  await world.deployment.close();
  await backUpStopped(written, sound);
  documents = await documentsOf(sound);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Opens a copy, because opening may change a store. */
async function documentsOf(store: string): Promise<ReadonlyMap<string, string>> {
  const directory = join(root, "read");
  cpSync(store, directory, { recursive: true });
  const engine = openDiskEngine<Doc>({ directory, codec: { encode: encodeDocument, decode: decodeDocument } });
  const found = new Map<string, string>();
  for (const collection of engine.collections) {
    const cursor = engine.scan(collection, 0, { start: "", end: undefined }, "asc");
    while (cursor.next()) found.set(cursor.key, Buffer.from(encodeDocument(cursor.value())).toString("hex"));
  }
  await engine.close();
  rmSync(directory, { recursive: true });
  return found;
}

/** All names and bytes of a folder, in one text. */
function digestOf(folder: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted()) {
    const path = join(folder, name);
    hash.update(`${name}\0`);
    if (statSync(path).isFile()) hash.update(readFileSync(path));
  }
  return hash.digest("hex");
}

interface Repaired {
  readonly losses: readonly string[];
  readonly found: ReadonlyMap<string, string>;
  /** How many rows of `messages` its functions count; undefined when the functions are lost. */
  readonly rows: number | undefined;
}

/** Damages a copy of the sound store, repairs it, and checks what holds for every repair. */
async function repaired(damage: (directory: string) => void): Promise<Repaired> {
  const [damaged, target] = [join(root, "damaged"), join(root, "target")];
  cpSync(sound, damaged, { recursive: true });
  damage(damaged);
  const before = digestOf(damaged);
  const { losses, store } = await repairStore(damaged, target);
  expect(digestOf(damaged)).toBe(before);
  expect(store.problems).toEqual([]);
  expect(await checkDeployment(target)).toMatchObject({ problems: [] });
  const found = await documentsOf(target);
  const deployment = await startDeployment({ ...urls, threads: false, directory: target });
  const world = filesWorld(deployment);
  const hasCode = [...documents.keys()].every((id) => found.has(id) || !CODE_TABLES.includes(tableNumberOfId(id)!));
  const rows = hasCode ? ((await world.query("rows")) as unknown[]).length : undefined;
  await deployment.close();
  for (const folder of [damaged, target]) rmSync(folder, { recursive: true });
  return { losses, found, rows };
}

/** What tables of the server itself have is written over again and again: a lost record leaves the state before it. */
const OVERWRITTEN = [513, 514, 515, 517, 518];

/** Documents of the app, and files, are those of the sound store: they are written once here. */
function mustBeGenuine(found: ReadonlyMap<string, string>): void {
  for (const [id, bytes] of found) {
    if (OVERWRITTEN.includes(tableNumberOfId(id)!)) continue;
    expect(documents.get(id), id).toBe(bytes);
  }
}

const withoutLog = (directory: string): void => rmSync(join(directory, "log"), { recursive: true });

test("a sound store is repaired whole, with its variables, and nothing is called lost", async () => {
  const { losses, found, rows } = await repaired(() => undefined);
  expect(losses).toEqual([]);
  expect(found).toEqual(documents);
  expect(rows).toBe(FILES);
});

test("without its log a store is what its base has, and the log is named", async () => {
  const { losses, found } = await repaired(withoutLog);
  expect(losses).toEqual([expect.stringContaining("there is no log"), expect.stringContaining("it ends at record 0")]);
  expect(found.size).toBe(documents.size);
});

test("without its base a store is what its log has", async () => {
  const { found } = await repaired((directory) => rmSync(join(directory, "base"), { recursive: true }));
  expect(found).toEqual(documents);
});

test("files that are missing, changed or shorter are left out with their rows, and named; the others are served", async () => {
  const [missing = "", shorter = "", changed = "", whole = ""] = files;
  const pathOf = (directory: string, id: string): string => join(directory, "files", fileNameOf(id));
  const { losses, found, rows } = await repaired((directory) => {
    rmSync(pathOf(directory, missing));
    truncateSync(pathOf(directory, shorter), 2);
    writeFileSync(pathOf(directory, changed), "File 2");
  });
  const told = (id: string, what: string): string => `File ${id} (files/${fileNameOf(id)}): ${what}`;
  expect(new Set(losses)).toEqual(
    new Set([
      told(missing, "its bytes are missing"),
      told(shorter, "it has 2 bytes; should have 6"),
      told(changed, "its bytes are not those that were stored"),
    ]),
  );
  expect([missing, shorter, changed, whole].map((id) => found.has(id))).toEqual([false, false, false, true]);
  expect([found.size, rows]).toEqual([documents.size - 3, FILES - 3]);
});

test(
  `damaged pages cost their documents, which are named, and no others (DAMAGES=${DAMAGES} SEED=${SEED})`,
  { timeout: 60_000 + DAMAGES * 5_000 },
  async () => {
    const random = seededRandom(SEED);
    let lost = 0;
    for (let at = 0; at < DAMAGES; at += 1) {
      const { losses, found } = await repaired((directory) => {
        withoutLog(directory);
        const file = join(directory, "base", "data.mdb");
        const bytes = readFileSync(file);
        const pages = bytes.length / PAGE_BYTES;
        for (let n = 0; n <= at % 6; n += 1) {
          const page = Math.floor(random() * pages);
          const other = Math.floor(random() * pages);
          if (at % 2 === 0) bytes.copy(bytes, page * PAGE_BYTES + 8, other * PAGE_BYTES + 8, (other + 1) * PAGE_BYTES);
          else bytes.fill(0, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
        }
        writeFileSync(file, bytes);
      });
      mustBeGenuine(found);
      if ([...documents.keys()].some((id) => !found.has(id))) {
        lost += 1;
        expect(losses.length, `damage ${at}`).toBeGreaterThan(2);
      }
    }
    expect(lost).toBeGreaterThan(0);
  },
);

test(
  `records that are lost from the log are named, and what others wrote is there (DAMAGES=${DAMAGES} SEED=${SEED})`,
  { timeout: 60_000 + DAMAGES * 5_000 },
  async () => {
    const random = seededRandom(SEED);
    for (let at = 0; at < DAMAGES; at += 1) {
      const { losses, found } = await repaired((directory) => {
        rmSync(join(directory, "base"), { recursive: true });
        const file = join(
          directory,
          "log",
          readdirSync(join(directory, "log")).find((name) => name.endsWith(".log"))!,
        );
        const bytes = readFileSync(file);
        const end = bytes.findLastIndex((byte) => byte !== 0);
        // Behind the push, whose rows all others need.
        const place = Math.floor(end * (0.5 + random() / 2));
        bytes[place]! ^= 1 << Math.floor(random() * 8);
        if (at % 2 === 1) bytes.fill(0, place, place + 2_000);
        writeFileSync(file, bytes);
      });
      const isWhole = [...documents.keys()].every((id) => found.has(id));
      if (!isWhole) expect(losses, `damage ${at}`).not.toEqual([]);
      expect(found.size, `damage ${at}`).toBeGreaterThan(documents.size - 30);
      mustBeGenuine(found);
    }
  },
);
