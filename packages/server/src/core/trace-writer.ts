/**
 * Writes a trace inside the core: what was there, what is asked, who writes, what runs.
 *
 * Lines go to main with everything else that the core says, so a trace holds nothing that is not durable.
 *
 * @module
 */
import { printTable, valueToJson, type TableAddress, type Value } from "@narrowcast/values";
import type { RunRecord } from "../meter/record.ts";
import { reportRun } from "../meter/report.ts";
import type { Commit, Transaction } from "../tx/types.ts";
import type { Catalogue } from "../tx/catalogue.ts";
import type { Clock } from "../protocol/alarms.ts";
import type { CoreSignal, FromCore, ToCore } from "../protocol/core-protocol.ts";
import { STORAGE_TABLE } from "../functions/file-rows.ts";
import { SCHEDULED_TABLE } from "./scheduled-rows.ts";
import type { CommitObserver, Reads } from "./commits.ts";
import type { DeploymentState } from "./deployment-state.ts";
import { readRows } from "../functions/system-rows.ts";
import { hashesOf } from "../app/code-manifest.ts";
import { readCode, readSource } from "./stored-code.ts";
import { TRACE_VERSION, type TraceLine, type TracedCode } from "./trace-types.ts";

/** What a replay does again. Touches, logs, queries in the past and looks at the ledger change nothing. */
const TRACED: ReadonlySet<ToCore["type"]> = new Set([
  "query",
  "queryBatch",
  "mutation",
  "openSocket",
  "closeSocket",
  "modifyQueries",
  "setIdentity",
  "push",
  "modules",
  "nodeAnalysis",
  "setEnvironment",
  "schedule",
  "cancelScheduled",
  "actionDone",
  "commitFile",
  "storage",
]);
/** System tables whose rows are an app's. */
const APP_SYSTEM_TABLES: ReadonlySet<string> = new Set([SCHEDULED_TABLE, STORAGE_TABLE]);

/** What a trace is made of. */
export interface TraceParts {
  readonly clock: Clock;
  readonly reads: Reads;
  readonly catalogue: Catalogue;
  readonly state: Pick<DeploymentState, "code" | "variables">;
  /** The tick of the core that is under way. */
  tick(): number;
  say(message: FromCore): void;
}

/** See the module comment. Tells nothing but between `begin` and `end`. */
export class Tracing implements CommitObserver {
  readonly #parts: TraceParts;
  #isOn = false;

  constructor(parts: TraceParts) {
    this.#parts = parts;
  }

  /** @param sockets What establishes the sockets that are open now. */
  begin(sockets: readonly CoreSignal[]): void {
    this.#isOn = true;
    this.#writeHead();
    for (const signal of sockets) this.message(signal);
  }

  end(): void {
    this.#isOn = false;
  }

  message(message: ToCore): void {
    if (!this.#isOn || !TRACED.has(message.type) || (message.type === "query" && message.atTs !== undefined)) return;
    this.#write([{ kind: "call", atMs: this.#parts.clock.nowMs(), tick: this.#parts.tick(), message }]);
  }

  committed({ source, changes }: Commit): void {
    if (!this.#isOn) return;
    const inserted = insertedBy(changes);
    if (inserted.length > 0) this.#write([{ kind: "commit", source, inserted }]);
  }

  ran(record: RunRecord): void {
    if (!this.#isOn) return;
    const { kind: functionKind, ...run } = reportRun(record);
    this.#write([{ kind: "run", functionKind, ...run }]);
  }

  #writeHead(): void {
    const { clock, reads, catalogue, state } = this.#parts;
    const lines = reads.read((tx) => {
      const documents = [...catalogue.tables()]
        .filter(({ isSystem, name }) => !isSystem || name === STORAGE_TABLE)
        .flatMap(({ address }) => documentsOf(tx, address));
      const environment = state.variables;
      const atMs = clock.nowMs();
      const head: TraceLine = {
        kind: "head",
        version: TRACE_VERSION,
        atMs,
        code: tracedCode(tx),
        environment,
        documents: documents.length,
      };
      return [head, ...documents];
    });
    this.#write(lines);
  }

  #write(lines: readonly TraceLine[]): void {
    this.#parts.say({ type: "trace", lines: lines.map((line) => JSON.stringify(line)) });
  }
}

function tracedCode(tx: Transaction): TracedCode | null {
  const stored = readCode(tx);
  if (stored === null) return null;
  const sources = hashesOf(stored.code).map((hash) => readSource(tx, hash));
  return { manifest: stored.code, sources: sources.filter((source) => source !== null), node: stored.node };
}

/** Ids that both a trace and its replay can tell: the app's documents, files and scheduled functions. */
export function insertedBy(changes: Commit["changes"]): readonly string[] {
  return changes.filter(({ before, table }) => before === undefined && isOfApp(table)).map(({ id }) => id);
}

function isOfApp({ table }: TableAddress): boolean {
  return !table.startsWith("_") || APP_SYSTEM_TABLES.has(table);
}

function documentsOf(tx: Transaction, address: TableAddress): TraceLine[] {
  const table = printTable(address);
  return readRows(tx.within(address.component), address.table, "by_creation_time", [], Infinity).map((row) => ({
    kind: "document",
    table,
    document: valueToJson(row as Value) as { readonly [field: string]: unknown },
  }));
}
