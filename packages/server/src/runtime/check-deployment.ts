/**
 * Proves the store of a stopped deployment sound: files first, then documents, indexes and schema.
 *
 * @module
 */
import { CONVEX_LIMITS, decodeDocument, encodeDocument, type Doc } from "@narrowcast/values";
import { checkStore } from "../engine/check.ts";
import { DiskEngine } from "../engine/disk-engine.ts";
import { checkDatabase } from "../tx/check.ts";
import { Database } from "../tx/database.ts";
import { SystemRandom } from "./core-home.ts";
import { SYSTEM_TABLES } from "./system-rows.ts";

/** What was looked at, and what is wrong with it; sound when `problems` is empty. */
export interface DeploymentReport {
  readonly tables: number;
  readonly documents: number;
  readonly indexes: number;
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
  onProgress("Checking files");
  const problems = (await checkStore(directory)).map(({ place, message }) => `${place}: ${message}`);
  if (problems.length > 0) return { tables: 0, documents: 0, indexes: 0, problems };
  onProgress("Checking documents and indexes");
  const engine = new DiskEngine<Doc>({
    directory,
    codec: { encode: encodeDocument, decode: decodeDocument },
    checkpointDelayMs: Number.POSITIVE_INFINITY,
    checkpointOnClose: false,
  });
  try {
    return checkDocuments(engine);
  } finally {
    await engine.close();
  }
}

function checkDocuments(engine: DiskEngine<Doc>): DeploymentReport {
  const database = Database.open({
    engine,
    clock: { nowMs: Date.now },
    random: new SystemRandom(),
    limits: CONVEX_LIMITS,
  });
  for (const { name, indexes } of SYSTEM_TABLES) database.defineSystemTable(name, indexes);
  const tables = [...database.catalogue.tables()];
  return {
    tables: tables.length,
    documents: tables.reduce((sum, { number }) => sum + engine.count(number), 0),
    indexes: tables.reduce((sum, { indexes }) => sum + indexes.length, 0),
    problems: checkDatabase(database),
  };
}
