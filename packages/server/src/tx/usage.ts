/**
 * Counts what a transaction reads and writes, and refuses what exceeds Convex's limits.
 *
 * Every document handed to a function counts each time, also when a filter drops it or it was read before. A counter
 * stays over its limit once it is, so a function that catches the error fails again on its next read.
 *
 * @module
 */
import { sizeOfDocument } from "@narrowcast/values";
import type { Doc, Limits } from "@narrowcast/values";
import type { ReadSet } from "./read-set.ts";
import { UserError } from "./types.ts";
import type { OwnLimits, TableUsage, TransactionUsage } from "./types.ts";

const READ_LESS =
  "Consider using smaller limits in your queries, paginating your queries, or using indexed queries with a selective index range expressions.";

/** The write side of the counters, put back when a nested run is rolled back. */
export interface WriteUsage {
  readonly usage: Pick<
    TransactionUsage,
    "documentsWritten" | "bytesWritten" | "functionsScheduled" | "scheduledArgsBytes"
  >;
  /** Documents and bytes written by table, in the order of `tables`. */
  readonly tables: readonly (readonly [documents: number, bytes: number])[];
}

/** Limits of a part of a transaction, and the counters that they bound. */
const LIMITED = [
  ["documentsReadMax", "documentsRead"],
  ["bytesReadMax", "bytesRead"],
  ["rangesReadMax", "rangesRead"],
  ["documentsWrittenMax", "documentsWritten"],
  ["bytesWrittenMax", "bytesWritten"],
  ["functionsScheduledMax", "functionsScheduled"],
  ["scheduledArgsBytesMax", "scheduledArgsBytes"],
] as const satisfies readonly (readonly [keyof OwnLimits, keyof TransactionUsage])[];

export class UsageMeter {
  readonly usage: TransactionUsage = {
    documentsRead: 0,
    bytesRead: 0,
    keyBytesRead: 0,
    storageDocuments: 0,
    storageBytes: 0,
    unchangedWrites: 0,
    rangesRead: 0,
    documentsWritten: 0,
    bytesWritten: 0,
    functionsScheduled: 0,
    scheduledArgsBytes: 0,
  };
  /** Reads and writes of `usage`, table by table; few, so a list. */
  readonly tables: TableUsage[] = [];
  #limits: Limits;
  /** What is left of those at the begin of the innermost call with limits of its own; shown in its errors. */
  #shown: Limits;
  /** Ranges that merging took away so far; keeps the exact count from being computed on every read. */
  #rangesMerged = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#shown = limits;
  }

  /** The limits in force, as counts since the transaction began. */
  get limits(): Limits {
    return this.#limits;
  }

  /** From now on only so much more may be used, and never more than before. @returns What takes the limits back. */
  limitTo(own: OwnLimits): () => void {
    const before = [this.#limits, this.#shown] as const;
    const limits: { -readonly [Name in keyof Limits]: Limits[Name] } = { ...before[0] };
    const shown: { -readonly [Name in keyof Limits]: Limits[Name] } = { ...before[1] };
    for (const [name, used] of LIMITED) {
      const more = own[name];
      if (more === undefined || this.usage[used] + more >= limits[name]) continue;
      limits[name] = this.usage[used] + more;
      shown[name] = more;
    }
    this.#limits = limits;
    this.#shown = shown;
    return () => {
      [this.#limits, this.#shown] = before;
    };
  }

  /**
   * Counts one document read.
   *
   * @param collection Its table.
   * @param keyBytes Length of the index key that led to it; 0 for a look-up by id.
   * @returns Its size in bytes.
   */
  countRead(document: Doc, collection: number, keyBytes: number): number {
    const bytes = sizeOfStored(document);
    this.countStorage(bytes, collection);
    this.countRows(1, bytes, keyBytes, collection);
    return bytes;
  }

  /** Counts one row that was really visited in the engine. */
  countStorage(bytes: number, collection: number): void {
    this.usage.storageDocuments += 1;
    this.usage.storageBytes += bytes;
    const table = this.#tableUsage(collection);
    table.storageDocuments += 1;
    table.storageBytes += bytes;
  }

  /** Counts rows as read by Convex's rules, wherever they come from. */
  countRows(rows: number, bytes: number, keyBytes: number, collection: number): void {
    const { usage } = this;
    usage.documentsRead += rows;
    usage.bytesRead += bytes;
    usage.keyBytesRead += keyBytes;
    const table = this.#tableUsage(collection);
    table.documentsRead += rows;
    table.bytesRead += bytes;
    this.checkRead(0, 0);
  }

  /** Whether so much more may be read. @throws {UserError} If not. */
  checkRead(rows: number, bytes: number): void {
    const { documentsReadMax, bytesReadMax } = this.#limits;
    if (this.usage.documentsRead + rows > documentsReadMax) {
      throw limitError("TooManyDocumentsRead", "documents read", this.#shown.documentsReadMax, READ_LESS);
    }
    if (this.usage.bytesRead + bytes > bytesReadMax) {
      throw limitError("TooManyBytesRead", "bytes read", this.#shown.bytesReadMax, READ_LESS);
    }
  }

  #tableUsage(collection: number): TableUsage {
    for (const table of this.tables) if (table.collection === collection) return table;
    const none = { documentsRead: 0, bytesRead: 0, storageDocuments: 0, storageBytes: 0 };
    const table = { collection, ...none, documentsWritten: 0, bytesWritten: 0 };
    this.tables.push(table);
    return table;
  }

  /** Looks at how many distinct ranges were read; overlapping ones count once. */
  checkRanges(reads: ReadSet): void {
    const { rangesReadMax } = this.#limits;
    let ranges = reads.rangesAtMost - this.#rangesMerged;
    if (ranges > rangesReadMax) {
      const exactly = reads.rangesExactly;
      this.#rangesMerged += ranges - exactly;
      ranges = exactly;
    }
    this.#countRanges(ranges);
  }

  /** The same at the end of a part: what was opened last counts too. */
  checkRangesExactly(reads: ReadSet): void {
    this.#countRanges(reads.rangesExactly);
  }

  #countRanges(ranges: number): void {
    const { rangesReadMax } = this.#limits;
    this.usage.rangesRead = ranges;
    if (ranges > rangesReadMax) throw limitError("TooManyReads", "reads", this.#shown.rangesReadMax, READ_LESS);
  }

  /** Counts one write: the new document's bytes, none for a deletion. */
  countWrite(after: Doc | undefined, collection: number): void {
    const { usage } = this;
    const bytes = after === undefined ? 0 : sizeOfDocument(after);
    usage.documentsWritten += 1;
    usage.bytesWritten += bytes;
    const table = this.#tableUsage(collection);
    table.documentsWritten += 1;
    table.bytesWritten += bytes;
    if (usage.documentsWritten > this.#limits.documentsWrittenMax) {
      throw limitError("TooManyWrites", "writes", this.#shown.documentsWrittenMax);
    }
    if (usage.bytesWritten > this.#limits.bytesWrittenMax) {
      throw limitError("TooManyBytesWritten", "bytes written", this.#shown.bytesWrittenMax);
    }
  }

  /** Counts one scheduled function. */
  countScheduled(argsBytes: number): void {
    const { usage } = this;
    const { functionsScheduledMax, scheduledArgsBytesMax, scheduledOneArgsBytesMax } = this.#limits;
    if (argsBytes > scheduledOneArgsBytesMax) {
      throw new UserError(
        "ScheduledFunctionArgumentsTooLarge",
        `Arguments for a scheduled function are too large (actual: ${argsBytes}, limit: ${scheduledOneArgsBytesMax}).`,
      );
    }
    usage.functionsScheduled += 1;
    usage.scheduledArgsBytes += argsBytes;
    if (usage.functionsScheduled > functionsScheduledMax) {
      throw new UserError(
        "TooManyFunctionsScheduled",
        `Too many functions scheduled by this mutation (limit: ${this.#shown.functionsScheduledMax})`,
      );
    }
    if (usage.scheduledArgsBytes > scheduledArgsBytesMax) {
      throw new UserError(
        "ScheduledFunctionsArgumentsTooLarge",
        `Too large total size of the arguments of functions scheduled by this mutation (limit: ${this.#shown.scheduledArgsBytesMax} bytes)`,
      );
    }
  }

  /** The write counters as they are now. */
  writes(): WriteUsage {
    const { documentsWritten, bytesWritten, functionsScheduled, scheduledArgsBytes } = this.usage;
    const tables = this.tables.map((table) => [table.documentsWritten, table.bytesWritten] as const);
    return { usage: { documentsWritten, bytesWritten, functionsScheduled, scheduledArgsBytes }, tables };
  }

  /** Takes the write counters back to `writes`; reads stay counted. */
  restoreWrites({ usage, tables }: WriteUsage): void {
    Object.assign(this.usage, usage);
    this.tables.forEach((table, at) => {
      [table.documentsWritten, table.bytesWritten] = tables[at] ?? [0, 0];
    });
  }
}

function limitError(code: string, what: string, limit: number, advice?: string): UserError {
  const text = `Too many ${what} in a single function execution (limit: ${limit}).`;
  return new UserError(code, advice === undefined ? text : `${text} ${advice}`);
}

/** Sizes of stored documents, which never change: kept with the decoded document for as long as it lives. */
const storedSizes = new WeakMap<Doc, number>();

/** Hot: every document read; guarded by the scans of the "queries" benchmark. */
function sizeOfStored(document: Doc): number {
  let bytes = storedSizes.get(document);
  if (bytes === undefined) {
    bytes = sizeOfDocument(document);
    storedSizes.set(document, bytes);
  }
  return bytes;
}
