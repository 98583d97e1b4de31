/**
 * How much each benchmark does: a smoke run for the check of every change, the usual run, and the full sizes of the targets.
 *
 * @module
 */
export interface Scale {
  readonly name: "smoke" | "usual" | "full";
  /** Documents of the preloaded table. */
  readonly documents: number;
  /** Rounds taken in turn with the limit; medians are reported. */
  readonly rounds: number;
  /** Length of one side's turn, in milliseconds. */
  readonly sliceMs: number;
  readonly clients: number;
  /** Open sockets of the screens and idle benchmarks. */
  readonly sockets: number;
  readonly screenRates: readonly number[];
  readonly screenMs: number;
  readonly subscriptions: number;
  /** Documents of the mutation among them. */
  readonly inserted: number;
  readonly accounts: number;
  readonly startDocuments: number;
  /** Bytes of documents for the benchmark of data larger than memory, and the budget they are under. */
  readonly pagedBytes: number;
  readonly pagedBudgetBytes: number;
  readonly pagedQueries: number;
  readonly idleMs: number;
}

const MEBIBYTE = 1024 * 1024;

const USUAL: Scale = {
  name: "usual",
  documents: 100_000,
  rounds: 3,
  sliceMs: 2_500,
  clients: 64,
  sockets: 200,
  screenRates: [100, 1_000, 3_000],
  screenMs: 5_000,
  subscriptions: 20_000,
  inserted: 100,
  accounts: 100_000,
  startDocuments: 200_000,
  pagedBytes: 256 * MEBIBYTE,
  pagedBudgetBytes: 32 * MEBIBYTE,
  pagedQueries: 10_000,
  idleMs: 6_000,
};

const FULL: Scale = {
  ...USUAL,
  name: "full",
  documents: 1_000_000,
  rounds: 5,
  sockets: 1_000,
  startDocuments: 1_000_000,
  pagedBytes: 4_096 * MEBIBYTE,
  pagedBudgetBytes: 512 * MEBIBYTE,
  pagedQueries: 40_000,
  idleMs: 20_000,
};

const SMOKE: Scale = {
  name: "smoke",
  documents: 2_000,
  rounds: 1,
  sliceMs: 60,
  clients: 8,
  sockets: 10,
  screenRates: [50],
  screenMs: 200,
  subscriptions: 200,
  inserted: 10,
  accounts: 200,
  startDocuments: 2_000,
  pagedBytes: 4 * MEBIBYTE,
  pagedBudgetBytes: MEBIBYTE,
  pagedQueries: 100,
  idleMs: 100,
};

/** `BENCH=smoke` wins; `DOCUMENTS=n` sets the size of the preloaded table. */
export function scaleOf(isFull: boolean): Scale {
  const scale = process.env["BENCH"] === "smoke" ? SMOKE : isFull ? FULL : USUAL;
  const documents = process.env["DOCUMENTS"];
  return documents === undefined ? scale : { ...scale, documents: Number(documents) };
}
