/**
 * The ledger as JSON: what `GET /api/narrowcast/ledger`, `narrowcast top` and tests read.
 *
 * @module
 */
import { addAccount, newAccount, type Account } from "./account.ts";
import type { FileAccount } from "./file-account.ts";
import type { KeyRow, KeyTable } from "./key-table.ts";
import type { Ledger } from "./ledger.ts";
import { CONVEX_PRICES, moneyOf, PRICES_DATE, PRICES_SOURCE, type Money } from "./prices.ts";
import type { RunRecord } from "./record.ts";

/** One line of a table of the report. */
export interface ReportRow {
  /** Function path, request, `writer → reader`, or table. */
  readonly name: string;
  /** Tells lines apart whose names are abbreviated alike. */
  readonly key: string;
  readonly account: Readonly<Account>;
  /** Weight that the line may lack because it was moved out earlier; see `key-table.ts`. */
  readonly uncertainty: number;
  /** Of a pair: through what, and how often. */
  readonly causePaths?: { readonly [causePath: string]: number };
}

/** One table: the dearest lines, and the sum of all others. */
export interface ReportTable {
  readonly rows: readonly ReportRow[];
  readonly others: Readonly<Account>;
  readonly keysMax: number;
  /** Times a line was moved into `others`. */
  readonly keysMoved: number;
}

/** A run of the recent past. */
export interface ReportRun extends Omit<RunRecord, "request"> {
  readonly path: string;
  readonly label: string;
}

/** See the module comment. */
export interface LedgerReport {
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly totals: Readonly<Account>;
  readonly functions: ReportTable;
  readonly subscriptions: ReportTable;
  readonly pairs: ReportTable;
  readonly tables: ReportTable;
  readonly recent: readonly ReportRun[];
  /** Bytes of stored files. */
  readonly files: Readonly<FileAccount>;
  /** What the online verifier found; null: it is off. */
  readonly verifier: VerifierReport | null;
  readonly money: {
    readonly low: Money;
    readonly high: Money;
    readonly currency: "USD";
    readonly source: string;
    readonly date: string;
  };
}

/** Held results that were compared with runs from scratch. */
export interface VerifierReport {
  readonly verified: number;
  /** Held results that were false. They were repaired, and the server has a fault. */
  readonly divergences: number;
  /** Functions that gave two results from the same inputs. */
  readonly unsteady: number;
}

/** How much of a ledger is wanted. */
export interface ReportOptions {
  /** Lines per table; the rest is added to `others`. */
  readonly rowsMax?: number | undefined;
  /** Recent runs, newest last. */
  readonly recentMax?: number | undefined;
}

/** Copies what is wanted; later records do not change it. */
export function reportOf(
  ledger: Ledger,
  nowMs: number,
  options: ReportOptions = {},
  verifier?: VerifierReport,
): LedgerReport {
  const { rowsMax = Infinity, recentMax = 100 } = options;
  const { totals } = ledger;
  return {
    sinceMs: ledger.sinceMs,
    nowMs,
    totals: { ...totals },
    functions: tableOf(ledger.functions, rowsMax, ({ path }) => path),
    subscriptions: tableOf(ledger.requests, rowsMax, ({ label }) => label),
    pairs: tableOf(
      ledger.pairs,
      rowsMax,
      ({ writer, reader }) => `${writer} → ${reader}`,
      ({ causePaths }) => causePaths,
    ),
    tables: tableOf(ledger.tables, rowsMax, ({ table }) => table),
    recent: recentMax === 0 ? [] : ledger.recent().slice(-recentMax).map(runOf),
    files: { ...ledger.files },
    verifier: verifier ?? null,
    money: {
      low: moneyOf(totals, CONVEX_PRICES.low),
      high: moneyOf(totals, CONVEX_PRICES.high),
      currency: "USD",
      source: PRICES_SOURCE,
      date: PRICES_DATE,
    },
  };
}

function tableOf<Info>(
  table: KeyTable<Info>,
  rowsMax: number,
  nameOf: (info: Info) => string,
  causePathsOf?: (info: Info) => ReadonlyMap<string, number>,
): ReportTable {
  const all = table.rows();
  const others = newAccount();
  addAccount(others, table.others);
  for (const { account } of all.slice(rowsMax)) addAccount(others, account);
  const rowOf = ({ key, info, account, uncertainty }: KeyRow<Info>): ReportRow => ({
    name: nameOf(info),
    key,
    account: { ...account },
    uncertainty,
    ...(causePathsOf === undefined ? {} : { causePaths: Object.fromEntries(causePathsOf(info)) }),
  });
  return { rows: all.slice(0, rowsMax).map(rowOf), others, keysMax: table.keysMax, keysMoved: table.keysMoved };
}

function runOf({ request, ...record }: RunRecord): ReportRun {
  return { ...record, path: request.path, label: request.label };
}
