/**
 * Feeds the ledger from inside the core: one record per execution, with names in place of numbers.
 *
 *   reactor ──ran, shared, cutOff──▶ CoreMeter ──▶ Ledger
 *   runner  ──mutation ended───────▶
 *   main    ──bytes sent, actions──▶              (batches: `sent-log.ts`)
 *
 * The ledger lives in the core's thread, where nearly all records are made; it is memory only and begins again with the core.
 *
 * Hot: everything here happens for each execution; guarded by `meter.bench.ts`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { printFunction, rootTable, type FunctionAddress } from "@narrowcast/values";
import { addToFileAccount, type FileAccount } from "../meter/file-account.ts";
import { Ledger } from "../meter/ledger.ts";
import { labelOf } from "../meter/label.ts";
import { UsageSlot, type RunSlot, type TableSlot } from "../meter/run-slot.ts";
import type { CommitCause, MeterRequest, RunRecord } from "../meter/record.ts";
import type { ObservedExecution, LiveQueryObserver } from "../reactive/options.ts";
import type { LiveQuery } from "../reactive/live-query.ts";
import type { RunCost } from "../reactive/types.ts";
import type { Wake } from "../reactive/wake.ts";
import type { Commit, TableUsage } from "../tx/types.ts";
import type { Catalogue } from "../tx/catalogue.ts";
import type { Caller } from "../protocol/deployment-types.ts";
import type { CommitObserver } from "./commits.ts";
import { CausePaths } from "./cause-paths.ts";
import type { ActionNote, SentNote } from "../protocol/meter-notes.ts";

const SYSTEM_MARK = "_";
/** Longer arguments are hashed in keys and cut in labels. */
const KEY_CHARS_MAX = 160;
const LABEL_CHARS_MAX = 100;
const HASH_CHARS = 8;
/** Index numbers below are the two that every table has; Convex bills the others' entries. */
const DEFINED_INDEXES_FROM = 2;

/** What the meter asks the core for. */
export interface CoreMeterParts {
  nowMs(): number;
  readonly catalogue: Catalogue;
  /** Observes each record, for a trace. */
  onRun(record: RunRecord): void;
}

/** A mutation that ended. */
export interface EndedMutation extends FunctionAddress {
  readonly atMs: number;
  readonly args: string;
  readonly caller: Caller;
  readonly cost: RunCost;
  readonly resultBytes: number;
  readonly isError: boolean;
}

/** See the module comment. */
export class CoreMeter implements LiveQueryObserver, CommitObserver {
  readonly ledger: Ledger;
  readonly #parts: CoreMeterParts;
  readonly #causePaths: CausePaths;
  /** Reused: what a run that was spared took last. */
  readonly #spared = new UsageSlot();

  constructor(parts: CoreMeterParts) {
    this.#parts = parts;
    this.ledger = new Ledger(parts.nowMs());
    this.#causePaths = new CausePaths(parts.catalogue);
  }

  ran(live: LiveQuery, { caller, cost, isFirst, isNews, askers }: ObservedExecution): void {
    // System queries and requests that were refused read nothing of the app's.
    if (cost === undefined) return;
    const { wake, result } = live;
    const isSubscribed = live.holders.size > 0;
    const record = this.ledger.nextRun;
    record.atMs = live.ranMs;
    if (isSubscribed) record.request = this.#requestOf(live);
    else record.askOnce(addressOf(live), shortened(live.args));
    record.kind = "query";
    record.caller = caller;
    record.cause = wake === undefined ? null : this.#causeOf(wake);
    record.causeTs = wake?.ts ?? 0;
    record.isSubscribed = isSubscribed;
    record.isFirst = isFirst && isSubscribed;
    record.isUnchanged = !isFirst && !isNews;
    record.askers = askers;
    this.#fillUsage(record.usage, cost, true);
    record.resultBytes = result?.ok === true ? result.value.length : 0;
    record.userMs = cost.userMs;
    record.isError = result?.ok === false;
    this.#ran(record);
  }

  shared(live: LiveQuery): void {
    if (live.cost === undefined) return;
    const isSubscribed = live.holders.size > 0;
    const request = isSubscribed ? this.#requestOf(live) : { ...addressOf(live), key: "", label: "" };
    this.ledger.answered(request, isSubscribed);
  }

  cutOff(live: LiveQuery, wake: Wake, by: "node" | "field"): void {
    // A result that nobody holds would not be computed again by anybody's rules.
    if (live.cost === undefined || live.holders.size === 0) return;
    this.#fillUsage(this.#spared, live.cost, true);
    const [request, cause] = [this.#requestOf(live), this.#causeOf(wake)];
    this.ledger.cutOff({ request, cause, by, askers: live.holders.size, usage: this.#spared });
  }

  /** A mutation ended, before its commit is sealed. */
  mutated({ atMs, component, path, args, caller, cost, resultBytes, isError }: EndedMutation): void {
    const record = this.#newRun(atMs, { component, path }, args, "mutation", caller);
    this.#fillUsage(record.usage, cost, !isError);
    record.resultBytes = resultBytes;
    record.userMs = cost.userMs;
    record.isError = isError;
    this.#ran(record);
  }

  /** A commit was sealed: its index entries, which are not part of any run's usage. */
  committed({ source, changes, names }: Commit): void {
    if (names.includes("schema")) this.#causePaths.clear();
    if (source.startsWith(SYSTEM_MARK)) return;
    for (const { table, moves } of changes) {
      let keyBytes = 0;
      for (const { index, add } of moves) if (index >= DEFINED_INDEXES_FROM) keyBytes += add?.length ?? 0;
      if (keyBytes > 0 && !table.table.startsWith(SYSTEM_MARK)) this.ledger.committed(source, table, keyBytes);
    }
  }

  /** Bytes that main handed to sockets. */
  sent(notes: readonly SentNote[]): void {
    for (const { component, path, args, identityKey, bytes, convexBytes, sends } of notes) {
      const address = { component, path };
      const own = requestOf(address, args, identityKey);
      const request = this.ledger.requests.find(own.key) === undefined ? requestOf(address, args, null) : own;
      this.ledger.sent({ request, bytes, convexBytes, sends });
    }
  }

  /** An action ended in its thread. */
  acted({ component, path, kind, caller, userMs, resultBytes, isError }: ActionNote): void {
    const record = this.#newRun(this.#parts.nowMs(), { component, path }, "", kind, caller);
    record.usage.clear();
    record.resultBytes = resultBytes;
    record.userMs = userMs;
    record.isError = isError;
    this.#ran(record);
  }

  /** Bytes of files came in or went out. */
  filesMoved(note: Partial<FileAccount>): void {
    addToFileAccount(this.ledger.files, note);
  }

  /** The next record, of something that is asked once; what it took is to be filled in. */
  #newRun(atMs: number, address: FunctionAddress, args: string, kind: RunRecord["kind"], caller: Caller): RunSlot {
    const record = this.ledger.nextRun;
    record.atMs = atMs;
    record.askOnce(address, shortened(args));
    record.kind = kind;
    record.caller = caller;
    record.cause = null;
    record.causeTs = 0;
    record.isSubscribed = false;
    record.isFirst = false;
    record.isUnchanged = false;
    record.askers = 1;
    return record;
  }

  #ran(record: RunRecord): void {
    this.ledger.ran(record);
    this.#parts.onRun(record);
  }

  #requestOf(live: LiveQuery): MeterRequest {
    // Kept with the run and not in a weak map, for the reason below.
    live.note ??= requestOf(addressOf(live), live.args, live.identityObserved ? live.identity.key : null);
    return live.note as MeterRequest;
  }

  #causeOf(wake: Wake): CommitCause {
    // Kept with the wake and not in a weak map: those are dear to the collector when there is one entry a commit.
    wake.note ??= this.#newCause(wake);
    return wake.note as CommitCause;
  }

  #newCause({ source, table, collection, index, change, fields }: Wake): CommitCause {
    return this.#causePaths.causeOf(this.#causePaths.of(collection, index, change, fields, table), source);
  }

  /** @param isKept Whether what was written stays. */
  #fillUsage(slot: UsageSlot, { usage, tables }: RunCost, isKept: boolean): void {
    slot.documents = usage.storageDocuments;
    slot.bytes = usage.storageBytes;
    slot.convexDocuments = usage.documentsRead;
    slot.convexBytes = usage.bytesRead;
    slot.convexKeyBytes = usage.keyBytesRead;
    slot.documentsWritten = isKept ? usage.documentsWritten : 0;
    slot.bytesWritten = isKept ? usage.bytesWritten : 0;
    slot.unchangedWrites = usage.unchangedWrites;
    slot.resize(tables.length);
    for (let at = 0; at < tables.length; at++) {
      const table = tables[at] as TableUsage;
      const part = slot.tables[at] as TableSlot;
      part.table = this.#parts.catalogue.byNumber(table.collection)?.address ?? rootTable(`#${table.collection}`);
      part.documents = table.storageDocuments;
      part.bytes = table.storageBytes;
      part.convexDocuments = table.documentsRead;
      part.convexBytes = table.bytesRead;
      part.documentsWritten = isKept ? table.documentsWritten : 0;
      part.bytesWritten = isKept ? table.bytesWritten : 0;
    }
  }
}

function addressOf({ component, path }: FunctionAddress): FunctionAddress {
  return { component, path };
}

function requestOf(address: FunctionAddress, args: string, identityKey: string | null): MeterRequest {
  const who = identityKey === null ? "" : `@${identityKey === "" ? "nobody" : hash(identityKey)}`;
  const argsKey = args.length <= KEY_CHARS_MAX ? args : `#${hash(args)}`;
  const { component, path } = address;
  return {
    component,
    path,
    key: `${printFunction(address)}${who} ${argsKey}`,
    label: labelOf(address, shortened(args), who),
  };
}

/** A cut text of its own: a slice would keep the whole argument in memory. */
function shortened(args: string): string {
  if (args.length <= LABEL_CHARS_MAX) return args;
  return `${Buffer.from(args.slice(0, LABEL_CHARS_MAX - 1)).toString()}…`;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_CHARS);
}
