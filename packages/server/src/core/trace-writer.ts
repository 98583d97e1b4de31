/**
 * Writes a trace inside the core: what was there, what is asked, who writes, what runs.
 *
 * Lines go to main with everything else that the core says, so a trace holds nothing that is not durable.
 *
 * @module
 */
import { valueToJson, type Value } from "@narrowcast/values";
import type { RunRecord } from "../meter/record.ts";
import type { Commit, Transaction } from "../tx/types.ts";
import type { Core } from "./core.ts";
import type { CoreSignal, ToCore } from "../protocol/core-protocol.ts";
import { readEnvironment } from "../functions/environment.ts";
import { STORAGE_TABLE } from "../functions/file-rows.ts";
import { SCHEDULED_TABLE } from "./scheduler.ts";
import { readRows } from "../functions/system-rows.ts";
import { TRACE_VERSION, type TraceLine } from "./trace-types.ts";

/** What a replay does again. Touches, logs and looks at the ledger change nothing. */
const TRACED: ReadonlySet<ToCore["type"]> = new Set([
  "query",
  "queryBatch",
  "mutation",
  "openSocket",
  "closeSocket",
  "modifyQueries",
  "setIdentity",
  "push",
  "setEnvironment",
  "schedule",
  "cancelScheduled",
  "actionDone",
  "commitFile",
  "storage",
]);
/** System tables whose rows are an app's. */
const APP_SYSTEM_TABLES: ReadonlySet<string> = new Set([SCHEDULED_TABLE, STORAGE_TABLE]);

/** See the module comment. */
export class TraceWriter {
  readonly #core: Core;

  /** @param sockets What establishes the sockets that are open now. */
  constructor(core: Core, sockets: readonly CoreSignal[]) {
    this.#core = core;
    this.#begin();
    for (const signal of sockets) this.message(signal);
  }

  message(message: ToCore): void {
    if (!TRACED.has(message.type)) return;
    this.#write([{ kind: "call", atMs: this.#core.clock.nowMs(), tick: this.#core.ticks, message }]);
  }

  commit({ source, changes }: Commit): void {
    const inserted = insertedBy(changes);
    if (inserted.length > 0) this.#write([{ kind: "commit", source, inserted }]);
  }

  ran({ request, kind: functionKind, ...record }: RunRecord): void {
    this.#write([{ kind: "run", path: request.path, label: request.label, functionKind, ...record }]);
  }

  #begin(): void {
    const core = this.#core;
    const { code = null } = core.runner.active ?? {};
    const lines = core.read((tx) => {
      const documents = [...core.database.catalogue.tables()]
        .filter(({ isSystem, name }) => !isSystem || name === STORAGE_TABLE)
        .flatMap(({ name }) => documentsOf(tx, name));
      const environment = readEnvironment(tx);
      const atMs = core.clock.nowMs();
      const head: TraceLine = {
        kind: "head",
        version: TRACE_VERSION,
        atMs,
        code,
        environment,
        documents: documents.length,
      };
      return [head, ...documents];
    });
    this.#write(lines);
  }

  #write(lines: readonly TraceLine[]): void {
    this.#core.say({ type: "trace", lines: lines.map((line) => JSON.stringify(line)) });
  }
}

/** Ids that both a trace and its replay can tell: the app's documents, files and scheduled functions. */
export function insertedBy(changes: Commit["changes"]): readonly string[] {
  return changes
    .filter(({ before, table }) => before === undefined && (!table.startsWith("_") || APP_SYSTEM_TABLES.has(table)))
    .map(({ id }) => id);
}

function documentsOf(tx: Transaction, table: string): TraceLine[] {
  return readRows(tx, table, "by_creation_time", [], Infinity).map((row) => ({
    kind: "document",
    table,
    document: valueToJson(row as Value) as { readonly [field: string]: unknown },
  }));
}
