/**
 * What the core keeps in memory of a deployment: a fold over its commits.
 *
 *   commit ─▶ apply ─┬─ `_environment` ─▶ variables
 *                    ├─ `_modules`, variables ─▶ active code
 *                    ├─ `_secrets` ─▶ addresses of files
 *                    ├─ `_storage` ─▶ files whose bytes are to be removed
 *                    └─ `_scheduled_functions`, `_cron_jobs`, `_sessions` ─▶ when something is due next
 *
 * The same function serves whoever wrote the commit, a core that opens (what is stored is given to it as one commit), and a core that
 * follows another one and sees its commits only. Tables, indexes and schema are folded one floor below, in `tx/`.
 *
 * Invariant: the state is a function of the commits so far; nothing writes to it but `apply` and the opening.
 *
 * Not here: evaluating code (`watched-loader.ts`), what is done about a change (`CommitObserver`s).
 *
 * @module
 */
import { ROOT_COMPONENT, rootTable, type Doc, type FunctionAddress } from "@narrowcast/values";
import type { DocumentChange, Transaction } from "../tx/types.ts";
import type { Active, EnvironmentEntry } from "../protocol/core-protocol.ts";
import { ENVIRONMENT_TABLE, environmentMap } from "../functions/environment.ts";
import { FileAddresses, fileNameOf } from "../functions/file-addresses.ts";
import { STORAGE_TABLE } from "../functions/file-rows.ts";
import { readRows, textOf } from "../functions/system-rows.ts";
import type { FunctionInfo } from "../app/types.ts";
import { CRONS_TABLE } from "./cron-rows.ts";
import { DeployedCode, type CodeChange } from "./deployed-code.ts";
import { MODULES_TABLE } from "./stored-code.ts";
import { DueTimes } from "./due-times.ts";
import { SCHEDULED_TABLE } from "./scheduled-rows.ts";
import { SESSIONS_TABLE } from "./sessions.ts";
import { SECRETS_TABLE, secretOf } from "./file-secret.ts";

/** What one commit changed. */
export interface StateChange {
  /** Other code is active: pushed, or the same evaluated again because of a variable. */
  readonly code: CodeChange | undefined;
  readonly environment: boolean;
  /** Rows of scheduled functions changed. */
  readonly jobs: boolean;
  readonly crons: boolean;
  readonly sessions: boolean;
  /** Names of files that no row names any more. */
  readonly filesDeleted: readonly string[];
}

/** What most commits change: documents of the app, nothing of the state. */
const NOTHING: StateChange = {
  code: undefined,
  environment: false,
  jobs: false,
  crons: false,
  sessions: false,
  filesDeleted: [],
};

/** The tables whose rows the fold is made of. */
export const FOLDED_TABLES: ReadonlySet<string> = new Set([
  ENVIRONMENT_TABLE,
  MODULES_TABLE,
  SECRETS_TABLE,
  STORAGE_TABLE,
  SCHEDULED_TABLE,
  CRONS_TABLE,
  SESSIONS_TABLE,
]);

/** Tables of few rows, which are read whole when a core opens. Of the others only the next due row is looked for. */
const READ_WHOLE = [ENVIRONMENT_TABLE, MODULES_TABLE, SECRETS_TABLE] as const;

/** What the fold looks at of a change. */
type FoldedChange = Pick<DocumentChange, "table" | "id" | "before" | "after">;

/** Where a deployment answers. */
export interface DeploymentUrls {
  readonly cloudUrl: string;
  readonly siteUrl: string;
}

/** See the module comment. */
export class DeploymentState {
  readonly code = new DeployedCode();
  readonly due: DueTimes;
  readonly urls: DeploymentUrls;
  readonly #entries = new Map<string, string>();
  #environment: ReadonlyMap<string, string>;
  #addresses: FileAddresses | undefined;

  constructor(urls: DeploymentUrls, reads: { read<T>(work: (tx: Transaction) => T): T }) {
    this.urls = urls;
    this.due = new DueTimes(reads);
    this.#environment = this.environmentOf([]);
  }

  /** What functions see as `process.env`. */
  get environment(): ReadonlyMap<string, string> {
    return this.#environment;
  }

  /** The variables that were set, sorted by name. */
  get variables(): readonly EnvironmentEntry[] {
    return [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => ({ name, value }));
  }

  /** What main is told of it. */
  get forMain(): Active {
    const { active, stored } = this.code;
    return {
      analysis: active?.user.analysis ?? { functions: [], schema: null, crons: [], httpRoutes: [] },
      // Actions run in threads of their own, also while the core could not load what is deployed.
      code: stored?.code ?? null,
      environment: this.variables,
    };
  }

  /** How files are addressed. */
  get addresses(): FileAddresses {
    if (this.#addresses === undefined) throw new Error("Cannot use files: they are not open yet");
    return this.#addresses;
  }

  get hasAddresses(): boolean {
    return this.#addresses !== undefined;
  }

  /** An active function. */
  find(address: FunctionAddress): FunctionInfo | undefined {
    return this.code.active?.user.find(address);
  }

  /** What functions would see with these variables set. */
  environmentOf(entries: readonly EnvironmentEntry[]): ReadonlyMap<string, string> {
    return environmentMap(entries, this.urls.cloudUrl, this.urls.siteUrl);
  }

  /** Takes in what is stored when the core opens. The code must have been prepared. */
  restore(tx: Transaction): void {
    this.apply({ changes: READ_WHOLE.flatMap((table) => storedIn(tx, table)) });
  }

  /** See the module comment. */
  apply({ changes }: { readonly changes: readonly FoldedChange[] }): StateChange {
    let touched: Set<string> | undefined;
    const filesDeleted: string[] = [];
    for (const change of changes) {
      const { component, table } = change.table;
      // System tables are the app's own.
      if (component !== ROOT_COMPONENT || !FOLDED_TABLES.has(table)) continue;
      touched ??= new Set();
      touched.add(table);
      if (table === STORAGE_TABLE && change.after === undefined) filesDeleted.push(fileNameOf(change.id));
      else this.#take(change);
    }
    if (touched === undefined) return NOTHING;
    const environment = touched.has(ENVIRONMENT_TABLE);
    if (environment) this.#environment = this.environmentOf(this.variables);
    const code = environment || touched.has(MODULES_TABLE) ? this.code.choose(this.#environment) : undefined;
    return {
      code,
      environment,
      jobs: touched.has(SCHEDULED_TABLE),
      crons: touched.has(CRONS_TABLE),
      sessions: touched.has(SESSIONS_TABLE),
      filesDeleted,
    };
  }

  #take({ table, before, after }: FoldedChange): void {
    switch (table.table) {
      case ENVIRONMENT_TABLE:
        if (before !== undefined) this.#entries.delete(textOf(before, "name"));
        if (after !== undefined) this.#entries.set(textOf(after, "name"), textOf(after, "value"));
        return;
      case MODULES_TABLE:
        return this.code.store(after);
      case SECRETS_TABLE:
        if (after !== undefined) this.#addresses = new FileAddresses(secretOf(after));
        return;
      case SCHEDULED_TABLE:
        return this.due.jobChanged();
      case CRONS_TABLE:
        return this.due.cronChanged();
      case SESSIONS_TABLE:
        return this.due.sessionChanged(before !== undefined && before._creationTime !== after?._creationTime);
    }
  }
}

function storedIn(tx: Transaction, table: string): readonly FoldedChange[] {
  const rows: readonly Doc[] = readRows(tx, table, "by_creation_time", [], Infinity);
  return rows.map((after) => ({ table: rootTable(table), id: after._id, before: undefined, after }));
}
