/**
 * Proves the store of a stopped deployment sound: log and base first, then documents, indexes and schema, then the bytes of stored files.
 *
 * @module
 */
import { CONVEX_LIMITS, decodeDocument, encodeDocument, type Doc } from "@narrowcast/values";
import { checkStore } from "../engine/check.ts";
import { DiskEngine } from "../engine/disk-engine.ts";
import { openDiskEngine } from "../engine/open-disk-engine.ts";
import { checkDatabase } from "../tx/check.ts";
import { Database } from "../tx/database.ts";
import { FolderFiles } from "../engine/folder-files.ts";
import { checkFiles } from "./check-files.ts";
import { filesFolder, SystemRandom } from "../core/core-home.ts";
import { STORAGE_TABLE } from "../functions/file-rows.ts";
import { SYSTEM_TABLES } from "../functions/system-rows.ts";

/** What was looked at, and what is wrong with it; sound when `problems` is empty. */
export interface DeploymentReport {
  readonly tables: number;
  readonly documents: number;
  readonly indexes: number;
  /** Files in file storage. */
  readonly files: number;
  /** Names of stored bytes that no file has: harmless, the next start removes them. */
  readonly loose: readonly string[];
  /** A sentence each, with the place. */
  readonly problems: readonly string[];
}

/**
 * Checks the store in `directory`, which nobody may have open, and changes nothing.
 *
 * @param onProgress Is told what is being looked at.
 */
export async function checkDeployment(
  directory: string,
  onProgress: (message: string) => void = () => undefined,
): Promise<DeploymentReport> {
  onProgress("Checking log and base");
  const problems = (await checkStore(directory)).map(({ place, message }) => `${place}: ${message}`);
  if (problems.length > 0) return { tables: 0, documents: 0, indexes: 0, files: 0, loose: [], problems };
  onProgress("Checking documents and indexes");
  const engine = openDiskEngine<Doc>({
    directory,
    codec: { encode: encodeDocument, decode: decodeDocument },
    checkpointDelayMs: Number.POSITIVE_INFINITY,
    checkpointOnClose: false,
  });
  try {
    const database = openDatabase(engine);
    const report = checkDocuments(database);
    onProgress("Checking stored files");
    const {
      files,
      loose,
      problems: ofFiles,
    } = await checkFiles(new FolderFiles(filesFolder(directory), "check"), fileRows(database));
    return { ...report, files, loose, problems: [...report.problems, ...ofFiles] };
  } finally {
    await engine.close();
  }
}

function openDatabase(engine: DiskEngine<Doc>): Database {
  const database = Database.open({
    engine,
    clock: { nowMs: Date.now },
    random: new SystemRandom(),
    limits: CONVEX_LIMITS,
  });
  for (const { name, indexes } of SYSTEM_TABLES) database.defineSystemTable(name, indexes);
  return database;
}

function checkDocuments(database: Database): Omit<DeploymentReport, "files" | "loose"> {
  const { engine } = database;
  const tables = [...database.catalogue.tables()];
  return {
    tables: tables.length,
    documents: tables.reduce((sum, { number }) => sum + engine.count(number), 0),
    indexes: tables.reduce((sum, { indexes }) => sum + indexes.length, 0),
    problems: checkDatabase(database),
  };
}

function* fileRows(database: Database): Iterable<Doc> {
  const tx = database.begin({ readOnly: true });
  const stream = tx.system.query({ table: STORAGE_TABLE, index: "by_id", range: [], order: "asc", operators: [] });
  try {
    for (let row = stream.next(); row !== undefined; row = stream.next()) yield row;
  } finally {
    stream.close();
    tx.abort();
  }
}
