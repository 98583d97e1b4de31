/**
 * Feeds the ledger from inside the core: one record per execution, with names in place of numbers.
 *
 *   reactor ──ran, shared, cutOff──▶ CoreMeter ──▶ Ledger
 *   runner  ──mutation ended───────▶
 *   main    ──bytes sent, actions──▶              (batches: `sent-log.ts`)
 *
 * The ledger lives in the core's thread, where nearly all records are made; it is memory only and begins again with the core.
 *
 * Hot: everything here happens for each execution; guarded by `bench/meter.bench.ts`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { addToFileAccount, type FileAccount } from "../meter/file-account.ts";
import { Ledger } from "../meter/ledger.ts";
import { wayText } from "../meter/way.ts";
import type { CommitCause, Question, RunRecord, RunUsage, TableUse } from "../meter/record.ts";
import type { ObservedExecution, RunObserver } from "../reactive/options.ts";
import type { Run } from "../reactive/run.ts";
import type { RunCost } from "../reactive/types.ts";
import type { Wake } from "../reactive/wake.ts";
import type { Commit } from "../tx/types.ts";
import { PRIMARY } from "../tx/types.ts";
import type { Catalogue } from "../tx/catalogue.ts";
import type { Caller } from "./core-protocol.ts";
import type { ActionNote, SentNote } from "./meter-notes.ts";

const INTERNAL_MARK = "!";
const SYSTEM_MARK = "_";
/** Longer arguments are hashed in keys and cut in labels. */
const KEY_CHARS_MAX = 160;
const LABEL_CHARS_MAX = 100;
const HASH_CHARS = 8;
/** Index numbers below are the two that every table has; Convex bills the others' entries. */
const DEFINED_INDEXES_FROM = 2;

const NO_USAGE: RunUsage = {
  documents: 0,
  bytes: 0,
  convexDocuments: 0,
  convexBytes: 0,
  convexKeyBytes: 0,
  documentsWritten: 0,
  bytesWritten: 0,
  unchangedWrites: 0,
  tables: [],
};

/** What the meter asks the core for. */
export interface CoreMeterParts {
  nowMs(): number;
  readonly catalogue: Catalogue;
  /** Who causes the query that runs now. */
  caller(): Caller;
  /** Hears of each record, for a trace. */
  onRun(record: RunRecord): void;
}

/** A mutation that ended. */
export interface EndedMutation {
  readonly path: string;
  readonly args: string;
  readonly caller: Caller;
  readonly cost: RunCost;
  readonly resultBytes: number;
  readonly isError: boolean;
}

/** See the module comment. */
export class CoreMeter implements RunObserver {
  readonly ledger: Ledger;
  readonly #parts: CoreMeterParts;
  readonly #questions = new WeakMap<Run, Question>();

  constructor(parts: CoreMeterParts) {
    this.#parts = parts;
    this.ledger = new Ledger(parts.nowMs());
  }

  ran(run: Run, { cost, isFirst, isNews, askers }: ObservedExecution): void {
    // System queries and questions that were refused read nothing of the app's.
    if (cost === undefined) return;
    const { wake, result } = run;
    const isSubscribed = run.holders.size > 0;
    this.#ran({
      atMs: this.#parts.nowMs(),
      question: isSubscribed ? this.#questionOf(run) : new OneShot(unmarked(run.path), run.args),
      kind: "query",
      caller: this.#parts.caller(),
      cause: wake === undefined ? null : this.#causeOf(wake),
      isSubscribed,
      isFirst: isFirst && isSubscribed,
      isUnchanged: !isFirst && !isNews,
      askers,
      usage: this.#usageOf(cost, true),
      resultBytes: result?.ok === true ? result.value.length : 0,
      userMs: cost.userMs,
      isError: result?.ok === false,
    });
  }

  shared(run: Run): void {
    if (run.cost === undefined) return;
    const isSubscribed = run.holders.size > 0;
    this.ledger.answered(
      isSubscribed ? this.#questionOf(run) : new OneShot(unmarked(run.path), run.args),
      isSubscribed,
    );
  }

  cutOff(run: Run, wake: Wake, by: "node" | "field"): void {
    // A result that nobody holds would not be computed again by anybody's rules.
    if (run.cost === undefined || run.holders.size === 0) return;
    const usage = this.#usageOf(run.cost, true);
    const cause = this.#causeOf(wake);
    this.ledger.cutOff({ question: this.#questionOf(run), cause, by, askers: run.holders.size, usage });
  }

  /** A mutation ended, before its commit is sealed. */
  mutated({ path, args, caller, cost, resultBytes, isError }: EndedMutation): void {
    this.#ran({
      atMs: this.#parts.nowMs(),
      question: new OneShot(path, args),
      kind: "mutation",
      caller,
      cause: null,
      isSubscribed: false,
      isFirst: false,
      isUnchanged: false,
      askers: 1,
      usage: this.#usageOf(cost, !isError),
      resultBytes,
      userMs: cost.userMs,
      isError,
    });
  }

  /** A commit was sealed: its index entries, which are not part of any run's usage. */
  committed({ source, changes }: Commit): void {
    if (source.startsWith(SYSTEM_MARK)) return;
    for (const { table, moves } of changes) {
      let keyBytes = 0;
      for (const { index, add } of moves) if (index >= DEFINED_INDEXES_FROM) keyBytes += add?.length ?? 0;
      if (keyBytes > 0 && !table.startsWith(SYSTEM_MARK)) this.ledger.committed(source, table, keyBytes);
    }
  }

  /** Bytes that main handed to sockets. */
  sent(notes: readonly SentNote[]): void {
    for (const { path, args, identityKey, bytes, convexBytes, sends } of notes) {
      const own = questionOf(path, args, identityKey);
      const question = this.ledger.questions.find(own.key) === undefined ? questionOf(path, args, null) : own;
      this.ledger.sent({ question, bytes, convexBytes, sends });
    }
  }

  /** An action ended in its thread. */
  acted({ path, kind, caller, userMs, resultBytes, isError }: ActionNote): void {
    const record: RunRecord = {
      atMs: this.#parts.nowMs(),
      question: new OneShot(path, ""),
      kind,
      caller,
      cause: null,
      isSubscribed: false,
      isFirst: false,
      isUnchanged: false,
      askers: 1,
      usage: NO_USAGE,
      resultBytes,
      userMs,
      isError,
    };
    this.#ran(record);
  }

  /** Bytes of files came in or went out. */
  filesMoved(note: Partial<FileAccount>): void {
    addToFileAccount(this.ledger.files, note);
  }

  #ran(record: RunRecord): void {
    this.ledger.ran(record);
    this.#parts.onRun(record);
  }

  #questionOf(run: Run): Question {
    const identityKey = run.identityObserved ? run.identity.key : null;
    let question = this.#questions.get(run);
    if (question === undefined) {
      question = questionOf(unmarked(run.path), run.args, identityKey);
      this.#questions.set(run, question);
    }
    return question;
  }

  #causeOf(wake: Wake): CommitCause {
    // Kept with the wake and not in a weak map: those are dear to the collector when there is one entry a commit.
    wake.note ??= this.#newCause(wake);
    return wake.note as CommitCause;
  }

  #newCause(wake: Wake): CommitCause {
    const { ts, source: writer, table, change, fields } = wake;
    const index = this.#indexName(wake);
    return { ts, writer, table, index, change, fields, way: wayText(table, index, change, fields) };
  }

  #indexName({ collection, index }: Wake): string {
    if (index === PRIMARY) return "by_id";
    const table = this.#parts.catalogue.byNumber(collection);
    return table?.indexes.find(({ number }) => number === index)?.name ?? `#${index}`;
  }

  /** @param isKept Whether what was written stays. */
  #usageOf({ usage, tables }: RunCost, isKept: boolean): RunUsage {
    const parts: TableUse[] = [];
    for (const table of tables) {
      parts.push({
        table: this.#parts.catalogue.byNumber(table.collection)?.name ?? `#${table.collection}`,
        documents: table.storageDocuments,
        bytes: table.storageBytes,
        convexDocuments: table.documentsRead,
        convexBytes: table.bytesRead,
        documentsWritten: isKept ? table.documentsWritten : 0,
        bytesWritten: isKept ? table.bytesWritten : 0,
      });
    }
    return {
      documents: usage.storageDocuments,
      bytes: usage.storageBytes,
      convexDocuments: usage.documentsRead,
      convexBytes: usage.bytesRead,
      convexKeyBytes: usage.keyBytesRead,
      documentsWritten: isKept ? usage.documentsWritten : 0,
      bytesWritten: isKept ? usage.bytesWritten : 0,
      unchangedWrites: usage.unchangedWrites,
      tables: parts,
    };
  }
}

function unmarked(path: string): string {
  return path.startsWith(INTERNAL_MARK) ? path.slice(INTERNAL_MARK.length) : path;
}

/** A question without a line of its own: its label is made only if somebody looks. */
class OneShot implements Question {
  readonly path: string;
  readonly key = "";
  /** Not private: these are made for every mutation. */
  readonly args: string;

  constructor(path: string, args: string) {
    this.path = path;
    this.args = shortened(args);
  }

  get label(): string {
    return labelOf(this.path, this.args, "");
  }
}

function questionOf(path: string, args: string, identityKey: string | null): Question {
  const who = identityKey === null ? "" : `@${identityKey === "" ? "nobody" : hash(identityKey)}`;
  const argsKey = args.length <= KEY_CHARS_MAX ? args : `#${hash(args)}`;
  return { path, key: `${path}${who} ${argsKey}`, label: labelOf(path, shortened(args), who) };
}

function labelOf(path: string, args: string, who: string): string {
  return `${path}${args === "" || args === "{}" ? "" : ` ${args}`}${who === "" ? "" : ` ${who}`}`;
}

/** A cut text of its own: a slice would keep the whole argument in memory. */
function shortened(args: string): string {
  if (args.length <= LABEL_CHARS_MAX) return args;
  return `${Buffer.from(args.slice(0, LABEL_CHARS_MAX - 1)).toString()}…`;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_CHARS);
}
