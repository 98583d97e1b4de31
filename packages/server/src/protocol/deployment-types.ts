/**
 * What the network side (sockets, HTTP, CLI) may ask of a running deployment. Implemented by `deployment.ts` over the
 * core thread and the action threads; everything here is asynchronous and survives a restart of the core.
 *
 * @module
 */
import type { FunctionAddress, LogLine, Ts } from "@narrowcast/values";
import type { LedgerReport, ReportOptions } from "../meter/report.ts";
import type { Caller, Identity, QueryAdd, SocketUpdate } from "../reactive/types.ts";
import type { PushedModule } from "../app/bundle-pushed.ts";
import type { Analysis, CodePackage, FunctionKind } from "../app/types.ts";

export type { PushedModule } from "../app/bundle-pushed.ts";
export type { Analysis, AuthProvider, CodePackage } from "../app/types.ts";

/** How a call ended. `value` is Convex JSON text. User errors are outcomes, not rejections. */
export type CallOutcome =
  | { readonly ok: true; readonly value: string; readonly ts: Ts | null; readonly logLines: readonly string[] }
  | {
      readonly ok: false;
      readonly errorMessage: string;
      readonly errorData: string | null;
      readonly logLines: readonly string[];
      /** It was not run: the timestamp that was asked for is too old. */
      readonly code?: "OutOfRetention";
    };

export interface CallRequest extends FunctionAddress {
  /** As the client wrote it; made canonical by the deployment. */
  readonly path: string;
  /** Convex JSON text of the arguments object. */
  readonly args: string;
  readonly identity: Identity;
  /** Internal functions may be called (admin, scheduler, crons, actions). */
  readonly allowInternal: boolean;
  /** Makes a mutation exactly-once: a second call with the same pair gives the first one's outcome. */
  readonly session?: { readonly sessionId: string; readonly requestId: number } | undefined;
  /** 16 hex digits that tie log lines and errors together. */
  readonly requestId: string;
  /** The `number` of the socket that asks: it gets an update at or after a mutation's ts, as after `touch`. */
  readonly socket?: number | undefined;
  /** Network facts for `ctx.meta`. */
  readonly client?: { readonly ip: string | null; readonly userAgent: string | null } | undefined;
}

/** A socket as the core knows it: a set of queries and an identity, updated together. */
export interface SocketLink {
  /** Names the socket in calls. */
  readonly number: number;
  /** Replaces nothing: adds and removes queries, then an update with this `querySet` (or a newer one) follows. */
  modifyQueries(querySet: number, add: readonly QueryAdd[], remove: readonly number[]): void;
  /** All queries are asked again as `identity`; an update with this version (or newer) follows. */
  setIdentity(version: number, identity: Identity): void;
  /** Asks for an update even if nothing changed, at or after `ts` (or at the head): read-your-writes with no query subscribed. */
  touch(ts: Ts | null): void;
  /** Tells the ledger what left for the client: bytes of a query's result, and what the whole value would have been; `null`: of no query. */
  readonly sent: (queryId: number | null, bytes: number, wholeBytes: number) => void;
  close(): void;
}

export type { Caller } from "../reactive/types.ts";

/** One line of `narrowcast logs`; the wire form is in the HTTP room. */
export interface LogEntry extends FunctionAddress {
  readonly kind: "completion" | "progress";
  /** That of an HTTP action is its method and route. */
  readonly path: string;
  readonly functionKind: FunctionKind;
  readonly requestId: string;
  readonly executionId: string;
  readonly caller: Caller;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  readonly durationMs: number;
  readonly lines: readonly LogLine[];
  readonly error: string | null;
  readonly cached: boolean;
  readonly environment: "isolate" | "node";
  readonly returnBytes: number;
  readonly usage: {
    readonly documentsRead: number;
    readonly bytesRead: number;
    /** Of those, what was really visited in storage; the rest came from nodes. */
    readonly storageDocuments: number;
    readonly storageBytes: number;
    readonly documentsWritten: number;
    readonly bytesWritten: number;
  };
}

/** Where a push that changes nothing ends: after the functions were loaded, or after the data was checked against the schema, too. */
export type PushUntil = "analysis" | "schema";

/** How far a push got. */
export type PushOutcome =
  | { readonly ok: true; readonly analysis: Analysis; readonly summary: PushSummary }
  | { readonly ok: false; readonly code: string; readonly message: string };

export interface PushSummary {
  readonly functions: number;
  readonly indexesAdded: readonly string[];
  readonly indexesRemoved: readonly string[];
}

/** A file that a client sends. */
export interface Upload {
  /** From the upload URL. */
  readonly token: string;
  readonly contentType: string | null;
  /** What the client says the SHA-256 is. */
  readonly sha256: Uint8Array | null;
  /** How long the client says it is. */
  readonly size?: number | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** How an upload ended. A client that goes away is a rejection: that of `bytes`. */
export type UploadOutcome =
  | { readonly ok: true; readonly storageId: string }
  | {
      readonly ok: false;
      readonly code: "StorageTokenInvalid" | "StorageTokenExpired" | "FileTooLarge" | "Sha256Mismatch";
      readonly message: string;
    };

/** A stored file. */
export interface Download {
  readonly size: number;
  /** Base64. */
  readonly sha256: string;
  readonly contentType: string | null;
  /** Bytes from `start` to before `end`, in pieces. Opens the file at once; `return` or the end closes it. */
  read(start: number, end: number): Promise<AsyncIterableIterator<Uint8Array>>;
}

/** Files of a deployment, for the network side. */
export interface DeploymentFiles {
  /** Takes a file as it comes, in bounded memory. */
  upload(upload: Upload): Promise<UploadOutcome>;
  /** The file with this secret name, which download URLs hold; `null` when there is none. */
  download(uuid: string): Promise<Download | null>;
}

/** A running deployment. */
export interface Deployment {
  readonly siteUrl: string;
  readonly cloudUrl: string;
  readonly files: DeploymentFiles;
  /** Newest durable commit. One that is pinned can be queried for 30 s, while nothing but documents changes. */
  head(isPinned?: boolean): Promise<Ts>;
  /** Why nothing can be written now, as a sentence; null: it can. Reads go on. */
  obstacle(): Promise<string | null>;
  /** @param ts A pinned head; with none, at the newest commit. */
  query(call: CallRequest, ts?: Ts): Promise<CallOutcome>;
  mutation(call: CallRequest): Promise<CallOutcome>;
  action(call: CallRequest): Promise<CallOutcome>;
  /** Any kind, found by path. */
  any(call: CallRequest): Promise<CallOutcome>;
  /** Several queries at one timestamp. */
  queryBatch(calls: readonly CallRequest[]): Promise<readonly CallOutcome[]>;
  /** HTTP actions. `null` when the app has no http module. */
  httpAction(request: HttpActionRequest): Promise<HttpActionResponse>;
  openSocket(onUpdate: (update: SocketUpdate) => void): SocketLink;
  /** Loads, analyses, validates data against the schema, fills new indexes, then switches over. Resolves when active. */
  push(code: CodePackage, onProgress?: (message: string) => void): Promise<PushOutcome>;
  /** A package of modules that are bundled already, as the official CLI sends them. Rejects with all problems of theirs. */
  codeOf(modules: readonly PushedModule[]): Promise<CodePackage>;
  /** As `push`, but nothing changes: says how it would end. */
  tryPush(code: CodePackage, until: PushUntil): Promise<PushOutcome>;
  analysis(): Promise<Analysis>;
  environment(): Promise<readonly { readonly name: string; readonly value: string }[]>;
  /** `value: null` removes. Rejects with a clear error for bad names or sizes; all or nothing. */
  setEnvironment(changes: readonly { readonly name: string; readonly value: string | null }[]): Promise<void>;
  /** Calls `listener` after every change of the environment, until the returned function is called. */
  onEnvironment(listener: () => void): () => void;
  /** Log entries newer than `cursor` (0: those still held); waits up to `waitMs` for the first. */
  logs(cursor: number, waitMs: number): Promise<{ readonly entries: readonly LogEntry[]; readonly cursor: number }>;
  /** Calls back with every entry as it comes, until the returned function is called. Those that say nothing come late or never. */
  onLogs(listener: (entries: readonly LogEntry[]) => void): () => void;
  /** What was read, run again and sent, and what Convex's rules would have made of it. null: metering is off. */
  ledger(options?: ReportOptions): Promise<LedgerReport | null>;
  /** Gives the lines of a trace, which begins now, until the returned function is called. It ends with the core, should that end. */
  trace(onLines: (lines: readonly string[]) => void): () => Promise<void>;
  /**
   * Copies the store into `directory`, which must not be there: as it is at one moment, with its files, while it goes on. Rejects when the store is in
   * memory only.
   */
  backUp(directory: string, onProgress?: (progress: BackupProgress) => void): Promise<void>;
  close(): Promise<void>;
}

/** How far a backup is. */
export interface BackupProgress {
  readonly part: "data" | "files";
  readonly bytes: number;
  /** Files copied, and how many there are. */
  readonly files: number;
  readonly filesAll: number;
}

export interface HttpActionRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array | null;
  readonly identity: Identity;
  readonly requestId: string;
  /** The caller may not see how it failed: only that it did, the request id, and the data of a `ConvexError`. */
  readonly isRedacted?: boolean | undefined;
}

export interface HttpActionResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: AsyncIterable<Uint8Array> | null;
}
