/**
 * Messages between the main thread and the core.
 *
 * Both directions carry arrays of plain objects whose payloads are strings (Convex JSON text), one `postMessage` a tick:
 * cloning strings is cheap, cloning documents is not. The same messages are used when the core runs in-process.
 *
 *   main ──ToCore[]──▶ core      requests have an `id`, answered by exactly one `reply` or `refused`
 *   main ◀──FromCore[]── core    replies, socket updates, actions to start, log entries
 *
 * Invariants:
 *   - Messages are handled in the order they are sent.
 *   - Whatever the core sends holds at a durable timestamp: nothing computed from an undurable commit leaves the core.
 *   - After a restart of the core, main may send every unanswered request again (mutations are deduplicated).
 *
 * Not here: how messages travel (`core-link.ts`), what they do (`core.ts`).
 *
 * @module
 */
import type { Limits, Ts } from "@narrowcast/values";
import type { Identity, QueryAdd, SocketUpdate } from "../reactive/types.ts";
import type { VerifyOptions } from "../reactive/verifier.ts";
import type { FileAccount } from "../meter/file-account.ts";
import type { LedgerReport, ReportOptions } from "../meter/report.ts";
import type { StorageMethod } from "./action-protocol.ts";
import type { Caller, CallOutcome, CallRequest, LogEntry, PushOutcome, PushUntil } from "./deployment-types.ts";
import type { ActionNote, SentNote } from "./meter-notes.ts";
import type { RunKey } from "./run-key.ts";
import type { TrackingOptions } from "./tracking-options.ts";
import type { Analysis, CodeManifest, ModuleSource, NodeAnalysis } from "../app/types.ts";

/** A call of a query or a mutation. Its path is canonical. */
export interface CoreCall extends Omit<CallRequest, "session" | "client"> {
  readonly caller: Caller;
}

/**
 * Makes a mutation exactly-once. Of a client's pairs the last 1,000 are kept, for 14 days. A slot belongs to main: it is used by one call at a time and
 * its row is overwritten by the next, so calls without a session survive a restart of the core at the price of a constant number of rows.
 */
export type DedupeKey =
  | { readonly kind: "session"; readonly sessionId: string; readonly requestId: number }
  | { readonly kind: "slot"; readonly slot: number; readonly serial: string };

export type SlotKey = Extract<DedupeKey, { kind: "slot" }>;

/** A run of an action that the scheduler or a cron asked for. */
export interface ActionTicket {
  readonly kind: "job" | "cron";
  /** The job's id, or the cron's name. */
  readonly key: string;
}

export interface EnvironmentEntry {
  readonly name: string;
  readonly value: string;
}

export interface EnvironmentChange {
  readonly name: string;
  readonly value: string | null;
}

/** What is known of a file. */
export interface FileFacts {
  readonly size: number;
  /** Base64. */
  readonly sha256: string;
  readonly contentType: string | null;
}

/** A file as main needs it: where its bytes lie, and what they are. */
export interface StoredFile extends FileFacts {
  readonly name: string;
}

/** What main asks about files. */
export type FileRequest =
  | {
      readonly type: "storage";
      readonly id: number;
      readonly method: StorageMethod;
      readonly storageId: string;
      readonly dedupe: SlotKey;
    }
  /** `byAddress`: the name in a download URL, nothing else. */
  | { readonly type: "findFile"; readonly id: number; readonly storageId: string; readonly byAddress: boolean }
  | { readonly type: "checkUpload"; readonly id: number; readonly token: string }
  /** The bytes are durable: adds the row. */
  | {
      readonly type: "commitFile";
      readonly id: number;
      readonly name: string;
      readonly facts: FileFacts;
      readonly dedupe: SlotKey;
    }
  /** Which of these have no row. */
  | { readonly type: "looseFiles"; readonly id: number; readonly names: readonly string[] };

/** Requests, answered by a `reply` with the value of {@linkcode CoreReplies} or by a `refused`. */
export type CoreRequest =
  | FileRequest
  | { readonly type: "query"; readonly id: number; readonly call: CoreCall; readonly atTs?: Ts | undefined }
  | { readonly type: "queryBatch"; readonly id: number; readonly calls: readonly CoreCall[] }
  | {
      readonly type: "mutation";
      readonly id: number;
      readonly call: CoreCall;
      readonly dedupe: DedupeKey | null;
      /** Gets an update at or after the mutation's ts. */
      readonly socket?: number | undefined;
      /** Do not execute: give the recorded outcome, or this error when there is none. */
      readonly onlyLookUp?: string;
    }
  | { readonly type: "head"; readonly id: number; readonly isPinned?: boolean | undefined }
  | { readonly type: "obstacle"; readonly id: number }
  | { readonly type: "push"; readonly id: number; readonly code: CodeManifest; readonly until?: PushUntil | undefined }
  /** Scripts that the store has, for action threads. */
  | { readonly type: "readModules"; readonly id: number; readonly hashes: readonly string[] }
  | { readonly type: "environment"; readonly id: number }
  | { readonly type: "setEnvironment"; readonly id: number; readonly changes: readonly EnvironmentChange[] }
  | {
      readonly type: "schedule";
      readonly id: number;
      readonly component: string;
      readonly path: string;
      readonly args: string;
      readonly atMs: number;
      /** The scheduled action that asks; once it is cancelled, what it schedules is born cancelled. */
      readonly parentJob: string | null;
      readonly dedupe: SlotKey;
    }
  | { readonly type: "cancelScheduled"; readonly id: number; readonly jobId: string }
  | { readonly type: "tables"; readonly id: number }
  /** Copies log and base into this folder, which has neither, or what an earlier core left there. */
  | { readonly type: "backup"; readonly id: number; readonly directory: string }
  | { readonly type: "ledger"; readonly id: number; readonly options: ReportOptions }
  /** A started action ended; a request, so that a core that dies over it is told again. */
  | { readonly type: "actionDone"; readonly id: number; readonly ticket: ActionTicket; readonly error: string | null };

/** Which requests change the deployment: only a core that writes takes them, and only while its disk does. */
export const WRITES: { readonly [type in CoreRequest["type"]]: boolean } = {
  query: false,
  queryBatch: false,
  mutation: true,
  head: false,
  obstacle: false,
  push: true,
  readModules: false,
  environment: false,
  setEnvironment: true,
  schedule: true,
  cancelScheduled: true,
  tables: false,
  backup: false,
  storage: false,
  findFile: false,
  checkUpload: false,
  commitFile: true,
  looseFiles: false,
  ledger: false,
  actionDone: true,
};

/** Value of the `reply` to each request. */
export interface CoreReplies {
  query: CallOutcome;
  queryBatch: readonly CallOutcome[];
  mutation: CallOutcome;
  head: Ts;
  /** Why nothing can be written now; null: it can. */
  obstacle: string | null;
  push: PushOutcome;
  /** In the order of the hashes; null: not stored. */
  readModules: readonly (ModuleSource | null)[];
  environment: readonly EnvironmentEntry[];
  setEnvironment: null;
  schedule: string;
  cancelScheduled: null;
  tables: readonly (readonly [tableNumber: number, tableName: string])[];
  actionDone: null;
  backup: null;
  /** JSON text of what the method gives. */
  storage: string;
  findFile: StoredFile | null;
  checkUpload: "good" | "invalid" | "expired";
  /** The file's id. */
  commitFile: string;
  looseFiles: readonly string[];
  /** null: metering is off. */
  ledger: LedgerReport | null;
}

/** Messages without an answer of their own. */
export type CoreSignal =
  | { readonly type: "openSocket"; readonly socket: number }
  | { readonly type: "closeSocket"; readonly socket: number }
  | {
      readonly type: "modifyQueries";
      readonly socket: number;
      readonly querySet: number;
      readonly add: readonly QueryAdd[];
      readonly remove: readonly number[];
    }
  | {
      readonly type: "setIdentity";
      readonly socket: number;
      readonly version: number;
      readonly identity: Identity;
    }
  | { readonly type: "touch"; readonly socket: number; readonly ts: Ts | null }
  /** Answers the `needModules` of push `request`, in its order. */
  | { readonly type: "modules"; readonly request: number; readonly sources: readonly ModuleSource[] }
  /** Answers the `analyzeNode` of that request. */
  | { readonly type: "nodeAnalysis"; readonly request: number; readonly outcome: NodeAnalysisOutcome }
  /** `until`: log entries without lines or errors are wanted, too, up to this moment (milliseconds since the epoch). */
  | { readonly type: "wantLogs"; readonly untilMs: number }
  /** For the ledger. */
  | { readonly type: "sent"; readonly notes: readonly SentNote[] }
  | { readonly type: "acted"; readonly note: ActionNote }
  | { readonly type: "filesMoved"; readonly note: Partial<FileAccount> }
  /** From now on everything is told for a trace; `sockets` establishes those that are open. */
  | { readonly type: "trace"; readonly sockets: readonly CoreSignal[] }
  | { readonly type: "endTrace" };

export type ToCore = CoreRequest | CoreSignal;

/** What evaluating "use node" modules came to. The message is for the developer. */
export type NodeAnalysisOutcome =
  | { readonly ok: true; readonly analysis: NodeAnalysis }
  | { readonly ok: false; readonly code: "PushFailed" | "ModuleTimeout"; readonly message: string };

/** What is active now: sent at the start and after each push or change of the environment. */
export interface Active {
  readonly analysis: Analysis;
  readonly code: CodeManifest | null;
  readonly environment: readonly EnvironmentEntry[];
}

export type FromCore =
  | { readonly type: "ready"; readonly active: Active }
  | { readonly type: "active"; readonly active: Active }
  | { readonly type: "reply"; readonly id: number; readonly value: CoreReplies[keyof CoreReplies] }
  | {
      readonly type: "refused";
      readonly id: number;
      readonly message: string;
      readonly storageCode?: string | undefined;
    }
  | { readonly type: "progress"; readonly id: number; readonly message: string }
  /** The push with this id brings scripts that the store lacks. Once for each push. */
  | { readonly type: "needModules"; readonly id: number; readonly hashes: readonly string[] }
  /** The request with this id wants to know what the "use node" modules define: they are evaluated in an action thread. Once for each request. */
  | {
      readonly type: "analyzeNode";
      readonly id: number;
      readonly code: CodeManifest;
      readonly environment: readonly EnvironmentEntry[];
    }
  /** The request failed: nobody needs the thread that analysed its modules. */
  | { readonly type: "dropAnalysis"; readonly id: number }
  | { readonly type: "updates"; readonly updates: readonly SocketUpdate[] }
  | {
      readonly type: "startAction";
      readonly ticket: ActionTicket;
      readonly component: string;
      readonly path: string;
      readonly args: string;
      readonly requestId: string;
    }
  | { readonly type: "logs"; readonly entries: readonly LogEntry[] }
  /** Rows of these files are gone for good. */
  | { readonly type: "filesDeleted"; readonly names: readonly string[] }
  /** Lines of a trace file, see `trace-types.ts`. */
  | { readonly type: "trace"; readonly lines: readonly string[] }
  /** The core began to work by itself (a timer): the watchdog must look again. */
  | { readonly type: "awake" }
  /** The core cannot go on, for example because the disk failed; it sends nothing more. */
  | { readonly type: "failed"; readonly message: string; readonly storageCode?: string | undefined };

/** A run that never came back and was ended by the watchdog; see `watchdog.ts`. */
export interface Suspect {
  readonly run: RunKey;
  /** How often it was a suspect before. */
  readonly times: number;
  /** When it was found, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** What a core is told when it starts; survives restarts of the core in main. */
export interface CoreStart {
  readonly cloudUrl: string;
  readonly siteUrl: string;
  readonly limits: Limits;
  /** Whether a ledger is kept; it is by default. */
  readonly isMetered?: boolean | undefined;
  /** How much of what is held is verified by runs from scratch; `false`: nothing. */
  readonly verify?: VerifyOptions | false | undefined;
  /** By which rules queries run; Convex's by default. */
  readonly tracking?: TrackingOptions | undefined;
  /** Budget of nodes, in bytes. */
  readonly nodeBytes?: number | undefined;
  readonly suspects: readonly Suspect[];
  /** The disk's error by which the last core ended, such as `EIO`. */
  readonly storageCode?: string | undefined;
  /** Actions that are under way in action threads: a restart of the core does not end them. */
  readonly running: readonly ActionTicket[];
}

/** Limit texts: seconds without a trailing `.0`. */
export function timeOutText({ userTimeMs }: Pick<Limits, "userTimeMs">): string {
  return `Function execution timed out (maximum duration: ${userTimeMs / 1000}s)`;
}

/** Why modules were not loaded: evaluating them took longer than `cpuMs` of processor time. */
export function loadTimeOutText({ cpuMs }: { readonly cpuMs: number }): string {
  return `Cannot load the app's modules: ${timeOutText({ userTimeMs: cpuMs })}`;
}

/** Error message of a failure outside user code, in the form that clients know. */
export function serverErrorText(requestId: string, text: string): string {
  return `[Request ID: ${requestId}] Server Error\nUncaught Error: ${text}`;
}

/** What functions see of the failure of a function that they called, and what is kept with jobs: the line that names the request is for clients. */
export function withoutRequestLine(errorMessage: string): string {
  return errorMessage.replace(/^\[Request ID: [0-9a-f]+\] Server Error\n/, "");
}
