/**
 * The code of a deployment as rows of the store: one for each script, under its hash, and one that lists what is active.
 *
 *   _modules          {name: "active", modules: [{path, environment, hash}], nodeResolveDir, node, importMs, importSeed}
 *   _module_sources   {hash, source, sourceMap}
 *
 * Invariants:
 *   - The list names only scripts that are stored, and each stored script is named: both change in one commit.
 *   - A script that is stored already is not written again.
 *
 * Releases before kept everything in one row, as JSON (`docs/adr/0013-code-by-hash.md`): {@linkcode upgradeCode}.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import { hashesOf, takeApart } from "../app/code-manifest.ts";
import type { CodeManifest, CodePackage, ModuleSource, NodeAnalysis } from "../app/types.ts";
import type { ImportFacts } from "../functions/code-loader.ts";
import { readRows, textOf } from "../functions/system-rows.ts";
import type { Transaction } from "../tx/types.ts";

export const MODULES_TABLE = "_modules";
export const SOURCES_TABLE = "_module_sources";
const ACTIVE = "active";

/** Code as it is stored: with the facts of its import, so that every evaluation gives the same modules. */
export interface StoredCode {
  readonly code: CodeManifest;
  readonly facts: ImportFacts;
  /** As the action thread told it that evaluated the code when it was pushed. */
  readonly node: NodeAnalysis;
}

/** The active code; null before the first push. */
export function readCode(tx: Transaction): StoredCode | null {
  const row = listRow(tx);
  return row === undefined ? null : storedIn(row);
}

/** The code that a row lists. */
export function storedIn(row: Doc): StoredCode {
  return {
    code: {
      modules: JSON.parse(textOf(row, "modules")) as CodeManifest["modules"],
      nodeResolveDir: JSON.parse(textOf(row, "nodeResolveDir")) as string | null,
    },
    node: JSON.parse(textOf(row, "node")) as NodeAnalysis,
    facts: factsOf(row),
  };
}

/** A script; null when there is none with this hash. */
export function readSource(tx: Transaction, hash: string): ModuleSource | null {
  const row = sourceRow(tx, hash);
  return row === undefined ? null : { source: textOf(row, "source"), sourceMap: row["sourceMap"] as string | null };
}

/** Hashes of the list that are not stored, each once. */
export function missingHashes(tx: Transaction, code: CodeManifest): readonly string[] {
  return hashesOf(code).filter((hash) => sourceRow(tx, hash) === undefined);
}

/**
 * Makes `stored` the active code, and removes what it does not name.
 *
 * @param sources Scripts that the store may lack.
 * @returns Scripts written and removed.
 */
export function storeCode(
  tx: Transaction,
  stored: StoredCode,
  sources: ReadonlyMap<string, ModuleSource>,
): { readonly written: number; readonly removed: number } {
  const missing = missingHashes(tx, stored.code);
  for (const hash of missing) {
    const script = sources.get(hash);
    if (script === undefined) throw new Error(`Cannot store code: script ${hash} is named but did not come`);
    tx.system.insert(SOURCES_TABLE, { hash, source: script.source, sourceMap: script.sourceMap });
  }
  const named = new Set(hashesOf(stored.code));
  const unnamed = readRows(tx, SOURCES_TABLE, "by_hash", [], Infinity).filter((row) => !named.has(textOf(row, "hash")));
  for (const row of unnamed) tx.system.delete(row._id);
  const row = listRow(tx);
  const fields = fieldsOf(stored);
  if (row === undefined) tx.system.insert(MODULES_TABLE, fields);
  else tx.system.patch(row._id, { ...fields, code: undefined });
  return { written: missing.length, removed: unnamed.length };
}

/**
 * Takes apart what a release before stored as one row. Such a row does not tell what the "use node" modules define.
 *
 * @returns The code and its scripts, to be stored; null when there is nothing to upgrade.
 */
export function oldCode(tx: Transaction): { readonly code: CodePackage; readonly facts: ImportFacts } | null {
  const row = listRow(tx);
  if (row === undefined || row["code"] === undefined) return null;
  const { isolate, node, nodeResolveDir } = JSON.parse(textOf(row, "code")) as OldPackage;
  const bundle = ({ code, sourceMap, modules }: OldBundle) => ({ source: code, sourceMap, modules });
  const code = { isolate: bundle(isolate), node: node === null ? null : bundle(node), nodeResolveDir };
  return { code, facts: factsOf(row) };
}

/** Writes down that code was loaded which could not be loaded when the core opened: whoever follows the commits knows it again. */
export function noteRecovery(tx: Transaction, attempts: number): void {
  const row = listRow(tx);
  if (row !== undefined) tx.system.patch(row._id, { loadAttempts: attempts });
}

/** Stores what {@linkcode oldCode} gave, with what its "use node" modules define. */
export function upgradeCode(
  tx: Transaction,
  { code, facts }: NonNullable<ReturnType<typeof oldCode>>,
  node: NodeAnalysis,
): void {
  const { manifest, sources } = takeApart(code);
  storeCode(tx, { code: manifest, facts, node }, sources);
}

interface OldBundle {
  readonly code: string;
  readonly sourceMap: string | null;
  readonly modules: readonly string[];
}

interface OldPackage {
  readonly isolate: OldBundle;
  readonly node: OldBundle | null;
  readonly nodeResolveDir: string | null;
}

function fieldsOf({ code, facts, node }: StoredCode) {
  return {
    name: ACTIVE,
    modules: JSON.stringify(code.modules),
    nodeResolveDir: JSON.stringify(code.nodeResolveDir),
    node: JSON.stringify(node),
    importMs: facts.nowMs,
    importSeed: facts.seed,
  };
}

function factsOf(row: Doc): ImportFacts {
  return { nowMs: Number(row["importMs"]), seed: Number(row["importSeed"]) };
}

function listRow(tx: Transaction): Doc | undefined {
  return readRows(tx, MODULES_TABLE, "by_name", [{ type: "eq", fieldPath: "name", value: ACTIVE }], 1)[0];
}

function sourceRow(tx: Transaction, hash: string): Doc | undefined {
  return readRows(tx, SOURCES_TABLE, "by_hash", [{ type: "eq", fieldPath: "hash", value: hash }], 1)[0];
}
