/**
 * A new store from what is sound of a damaged one, which stays as it is.
 *
 *   salvage ─▶ catalogue ─▶ documents, each with its index entries ─▶ what belongs together (code, schema) ─▶ check
 *                                   └─ files: those whose bytes are what their rows say
 *
 * Nothing is made up: a document of the new store is one that was stored under this id. What is left out, and why, is listed. Where a record or a page
 * with a newer state is lost, the state before it is taken.
 *
 * The damaged base is read without the storage library (`engine/salvage.ts`), so no damage can end the process.
 *
 * @module
 */
import { existsSync } from "node:fs";
import {
  CONVEX_LIMITS,
  decodeDocument,
  encodeDocument,
  printTable,
  tableNumberOfId,
  type Doc,
} from "@narrowcast/values";
import { filesFolder, SystemRandom } from "../core/core-home.ts";
import { missingHashes, MODULES_TABLE, readCode, SOURCES_TABLE } from "../core/stored-code.ts";
import type { DiskEngine } from "../engine/disk-engine.ts";
import { pieces } from "../engine/file-bytes.ts";
import { FileRefusal } from "../engine/file-store.ts";
import { FolderFiles } from "../engine/folder-files.ts";
import { openDiskEngine } from "../engine/open-disk-engine.ts";
import { type SalvagedRow, type StoreLoss, StoreSalvage } from "../engine/salvage.ts";
import { fileNameOf } from "../functions/file-addresses.ts";
import { factsOf, STORAGE_TABLE } from "../functions/file-rows.ts";
import { readRows, SYSTEM_TABLES } from "../functions/system-rows.ts";
import { writeBackup } from "../host/back-up.ts";
import { BY_CREATION_TIME, type Table } from "../tx/catalogue.ts";
import { DatabaseState } from "../tx/database-state.ts";
import { Database } from "../tx/database.ts";
import { indexMoves } from "../tx/index-keys.ts";
import { checkDeployment, type DeploymentReport } from "./check-deployment.ts";
import { catalogueOf, isCatalogue } from "./repair-catalogue.ts";

const ROWS_A_COMMIT = 400;
const BYTES_A_COMMIT = 4 * 1024 * 1024;

/** What was repaired. */
export interface RepairReport {
  /** What is not in the new store, or only in a former state; a sentence each. */
  readonly losses: readonly string[];
  /** What `check` says of the new store: it has no problems. */
  readonly store: DeploymentReport;
}

/**
 * Writes what is sound of the store in `store`, which nobody may have open, into the new folder `directory`.
 *
 * @param onProgress Is told what is being done.
 */
export async function repairStore(
  store: string,
  directory: string,
  onProgress: (message: string) => void = () => undefined,
): Promise<RepairReport> {
  if (!existsSync(store)) throw new Error(`Cannot repair "${store}": there is no store here`);
  let report: RepairReport | undefined;
  await writeBackup(
    directory,
    async (draft) => {
      const losses = await new Repair(store, draft, onProgress).run();
      onProgress("Checking the new store");
      report = { losses, store: await checkDeployment(draft) };
    },
    "repair",
  );
  return report!;
}

class Repair {
  readonly #from: StoreSalvage;
  readonly #fromFiles: FolderFiles;
  readonly #files: FolderFiles;
  readonly #engine: DiskEngine<Doc>;
  readonly #tell: (message: string) => void;
  readonly #losses = new Set<string>();
  /** Ids of documents that a loss names. */
  readonly #named = new Set<string>();
  #open = { rows: 0, bytes: 0 };

  constructor(store: string, draft: string, tell: (message: string) => void) {
    this.#tell = tell;
    this.#from = new StoreSalvage(store);
    this.#fromFiles = new FolderFiles(filesFolder(store), "repair");
    this.#files = new FolderFiles(filesFolder(draft), "repair");
    this.#engine = openDiskEngine<Doc>({
      directory: draft,
      codec: { encode: encodeDocument, decode: decodeDocument },
    });
  }

  /** @returns What is lost. */
  async run(): Promise<readonly string[]> {
    try {
      this.#tell("Reading tables");
      for (const { table, row } of catalogueOf(this.#from, (text) => this.#lose(text))) this.#put(table, row);
      await this.#commit();
      const state = DatabaseState.load(this.#engine);
      this.#tell("Reading documents");
      for (const row of this.#from.rows()) await this.#takeRow(state, row);
      await this.#commit();
      this.#bringTogether();
      const losses = this.#from.losses;
      for (const loss of losses) this.#lose(textOf(loss, state));
      if (losses.length > 0) this.#listMissing(state);
      await this.#engine.checkpoint();
      return [...this.#losses];
    } finally {
      this.#from.close();
      await this.#engine.close();
    }
  }

  #lose(text: string): void {
    this.#losses.add(text);
  }

  async #takeRow(state: DatabaseState, { collection, key, bytes, isDoubtful }: SalvagedRow): Promise<void> {
    if (isCatalogue(collection)) return;
    const table = state.catalogue.byNumber(collection);
    if (table === undefined) return this.#lose(`Documents of table ${collection}: nothing tells what table that is`);
    if (isDoubtful && this.#engine.get(collection, key) !== undefined) return;
    const place = `Document "${key}" of table "${printTable(table.address)}"`;
    const row = this.#rowOf(table, key, bytes);
    const failure = typeof row === "string" ? row : this.#failureOf(state, table, row);
    this.#named.add(key);
    if (typeof row === "string" || failure !== undefined) return this.#lose(`${place} ${failure}`);
    if (table.name === STORAGE_TABLE && table.isSystem) {
      const problem = await this.#takeFile(row);
      if (problem !== undefined) return this.#lose(`File ${key} (files/${fileNameOf(key)}): ${problem}`);
    }
    this.#named.delete(key);
    if (isDoubtful) this.#lose(`${place} may have been changed or deleted since: what tells is lost`);
    this.#put(table, row);
    this.#open.rows += 1;
    this.#open.bytes += bytes.length;
    if (this.#open.rows >= ROWS_A_COMMIT || this.#open.bytes >= BYTES_A_COMMIT) await this.#commit();
  }

  #rowOf(table: Table, key: string, bytes: Uint8Array): Doc | string {
    let row: Doc;
    try {
      row = decodeDocument(bytes);
    } catch (error) {
      return `cannot be decoded: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (row._id !== key || tableNumberOfId(key) !== table.number) return "is not stored under its own id";
    return typeof row._creationTime === "number" ? row : "has no creation time";
  }

  /** Of a former state, which may be from before the schema. */
  #failureOf(state: DatabaseState, table: Table, row: Doc): string | undefined {
    const { component } = table.address;
    if (table.isSystem) return undefined;
    const failure = state.schemaOf(component)?.failure(table.name, row, state.catalogue.namespace(component));
    return failure && `does not match the schema: ${failure.split("\n").join(" ")}`;
  }

  #put(table: Table, row: Doc): void {
    const before = this.#engine.get(table.number, row._id);
    const moves = indexMoves(table.indexes, before, row);
    this.#engine.put({ collection: table.number, key: row._id, value: row, moves });
  }

  async #commit(): Promise<void> {
    const { head } = this.#engine;
    // Later than everything that the damaged store told anybody.
    this.#engine.commit(head === 0 ? Math.max(this.#from.head, Date.now() * 1000) + 1 : head + 1, "");
    await this.#engine.flush();
    this.#open = { rows: 0, bytes: 0 };
  }

  /** @returns Why the file is not taken. */
  async #takeFile(row: Doc): Promise<string | undefined> {
    const { size, sha256 } = factsOf(row);
    const name = fileNameOf(row._id);
    const file = await this.#fromFiles.open(name);
    if (file === undefined) return "its bytes are missing";
    if (file.size !== size) {
      file.close();
      return `it has ${file.size} bytes; should have ${size}`;
    }
    try {
      const rules = { bytesMax: size, sha256: Buffer.from(sha256, "base64") };
      await this.#files.put(name, pieces(file, 0, size), rules);
      return undefined;
    } catch (error) {
      if (error instanceof FileRefusal) return "its bytes are not those that were stored";
      throw error;
    }
  }

  /** What is of use only together. */
  #bringTogether(): void {
    const database = Database.open({
      engine: this.#engine,
      clock: { nowMs: Date.now },
      random: new SystemRandom(),
      limits: CONVEX_LIMITS,
    });
    for (const { name, indexes } of SYSTEM_TABLES) database.defineSystemTable(name, indexes);
    this.#dropLostCode(database);
    for (const component of new Set([...database.catalogue.tables()].map(({ address }) => address.component))) {
      const schema = database.schemaOf(component);
      // Makes the tables and indexes again whose definition is lost.
      if (schema !== null) database.setSchema(schema, component);
    }
  }

  /** Functions of which a script is lost could not be loaded by any server. */
  #dropLostCode(database: Database): void {
    const tx = database.begin({ readOnly: false });
    const rows = readRows(tx, MODULES_TABLE, "by_name", [], Infinity);
    try {
      const stored = readCode(tx);
      const isWhole = stored !== null && missingHashes(tx, stored.code).length === 0;
      // Scripts are there only while a list names them.
      const isNew = rows.length === 0 && readRows(tx, SOURCES_TABLE, "by_hash", [], 1).length === 0;
      if (isNew || isWhole) return tx.abort();
    } catch (error) {
      // A release before kept the scripts in the list itself; whoever opens the store takes it apart.
      if (rows.every((row) => row["code"] !== undefined)) return tx.abort();
      this.#lose(`The list of functions cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#lose("The functions: a part of the code is lost; push them again");
    for (const row of rows) tx.system.delete(row._id);
    tx.commit("_system/repair");
  }

  /** Documents that their table's index names, and that were not found. */
  #listMissing(state: DatabaseState): void {
    for (const { collection, key } of this.#from.keysIn(BY_CREATION_TIME)) {
      const table = state.catalogue.byNumber(collection);
      if (table === undefined || isCatalogue(collection) || this.#engine.get(collection, key) !== undefined) continue;
      const place = `of table "${printTable(table.address)}"`;
      if (!this.#named.has(key)) this.#lose(`Document "${key}" ${place} is lost`);
    }
  }
}

const TABLES_NAMED = 5;

function textOf({ place, message, collections }: StoreLoss, { catalogue }: DatabaseState): string {
  const [first, last] = collections ?? [1, 0];
  const tables = [...catalogue.tables()].filter(({ number }) => first <= number && number <= last);
  const names = tables.slice(0, TABLES_NAMED).map(({ address }) => `"${printTable(address)}"`);
  const more = tables.length > TABLES_NAMED ? ` and ${tables.length - TABLES_NAMED} more` : "";
  const of = names.length === 0 ? "" : ` (of ${names.length === 1 ? "table" : "tables"} ${names.join(", ")}${more})`;
  return `${place}: ${message}${of}`;
}
