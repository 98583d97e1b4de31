/**
 * Messages between the host (the pool that owns action threads) and one action thread.
 *
 * An action thread (`action-worker.ts`) evaluates the scripts of one `CodeManifest` and runs many actions and HTTP actions at
 * once. It holds no data: everything that touches the database is a call message that the host answers from the core.
 *
 *   host ──ToWorker[]──▶ thread          one postMessage carries a batch; order inside and between batches is kept
 *   host ◀──FromWorker[]── thread
 *
 *   start:   workerData = ActionWorkerData;  thread: `needModules` ─▶ `modules` ─▶ `ready` (or `failed`, then it exits)
 *   run:     `run` | `http`  ─▶  { `call` ◀─ … ─▶ `reply` }*  ─▶  `done` | (`head` `chunk`* `end`)
 *
 * Invariants:
 *   - Every `run` is answered by exactly one `done`; every `http` by exactly one `end`, preceded by exactly one `head`. This holds for
 *     cancelled and timed-out ones too. A thread that dies answers nothing: the host fails what was under way.
 *   - Every `call` is answered by exactly one `reply` with its `callId`; `callId`s are unique in a thread.
 *   - Values cross as Convex JSON text, bodies as bytes. Messages of a cancelled run that arrive later are ignored.
 *   - The body of an HTTP response is pulled: after `head` with `hasBody` the thread sends at most `CHUNKS_AHEAD` chunks
 *     before it waits for a `pull` (one for each chunk consumed).
 *
 * Not here: who may call what as which identity (the host knows the identity of a run), retries, thread replacement.
 *
 * @module
 */
import type { FunctionAddress, Limits } from "@narrowcast/values";
import type { Identity } from "../reactive/types.ts";
import type { LogLine } from "@narrowcast/values";
import type { CodeManifest, ModuleSource, NodeAnalysis } from "../app/types.ts";

/** Body chunks that a thread may send without a `pull`. */
export const CHUNKS_AHEAD = 4;

/** `workerData` of an action thread. A push with new code means a new thread; old ones finish what they run. */
export interface ActionWorkerData {
  readonly code: CodeManifest;
  /** See `watchdog.ts`: evaluating modules is watched. */
  readonly watchMemory: SharedArrayBuffer;
  /** See `heartbeat.ts`: all that the thread does is watched. */
  readonly heartMemory: SharedArrayBuffer;
  /** The code is being pushed, or was accepted before. */
  readonly why: "push" | "start";
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly cloudUrl: string;
  readonly siteUrl: string;
  readonly limits: Limits;
  /** Runs carry their time (`nowMs`), and see no other. */
  readonly hasVirtualTime?: boolean | undefined;
  /** `false`: the core has found that no module holds state, so the thread need not look. */
  readonly holdsState?: boolean | undefined;
}

/** Runs one action. The thread finds the function, validates arguments and result and enforces the time limit. */
export interface RunActionMessage extends FunctionAddress {
  readonly type: "run";
  /** Chosen by the host; unique in the thread. */
  readonly id: number;
  /** Convex JSON text of the arguments object. */
  readonly args: string;
  readonly identity: Identity;
  readonly allowInternal: boolean;
  /** 16 hex digits. */
  readonly requestId: string;
  /** For `ctx.meta.getRequestMetadata()`. */
  readonly client?: { readonly ip: string | null; readonly userAgent: string | null } | undefined;
  /** Set for scheduled runs. */
  readonly scheduledFunctionId?: string | undefined;
  /** What the run takes for the time, where time is virtual. */
  readonly nowMs?: number | undefined;
}

/** Runs the HTTP action that is routed for the request. */
export interface RunHttpMessage {
  readonly type: "http";
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | null;
  readonly identity: Identity;
  readonly requestId: string;
  /** The caller may not see how it failed. */
  readonly isRedacted?: boolean | undefined;
  readonly nowMs?: number | undefined;
}

export type ToWorker =
  /** Answers `needModules`, in its order. What comes before it waits. */
  | { readonly type: "modules"; readonly sources: readonly ModuleSource[] }
  | RunActionMessage
  | RunHttpMessage
  /** Ends a run: its `done` or `end` follows at once, its later calls are refused. Unknown ids are ignored. */
  | { readonly type: "cancel"; readonly id: number; readonly reason: string }
  | { readonly type: "pull"; readonly id: number }
  | {
      readonly type: "reply";
      readonly callId: number;
      readonly result: CallResult;
    }
  /** Replaces all environment variables; running actions see the new ones. Scripts that looked at a changed one are evaluated again. */
  | { readonly type: "environment"; readonly environment: readonly (readonly [name: string, value: string])[] }
  /** Starts nothing new, and exits when everything under way has ended. */
  | { readonly type: "drain" };

/** `value` is Convex JSON text, `bytes` those of a file. `errorMessage` is thrown as it is inside the action. */
export type CallResult =
  | { readonly ok: true; readonly value: string; readonly bytes?: Uint8Array | undefined }
  | { readonly ok: false; readonly errorMessage: string; readonly errorData: string | null };

/**
 * What `ctx` asks of the host. The results, as Convex JSON text:
 *   - `query`, `mutation`, `action`: the function's result. Internal functions are allowed.
 *   - `schedule`: the job's id (a string). `atMs` may lie in the past.
 *   - `cancelScheduled`: null.
 *   - `tables`: `[[tableNumber, tableName], …]` of all tables, for validating ids.
 *   - `storage`: what the method gives.
 *   - `storeFile`: the file's id.
 *   - `readFile`: the content type or null, with the bytes beside it; null and no bytes when there is no such file.
 */
export type HostCall =
  | {
      readonly op: "query" | "mutation" | "action";
      readonly component: string;
      readonly path: string;
      readonly args: string;
    }
  | {
      readonly op: "schedule";
      readonly component: string;
      readonly path: string;
      readonly args: string;
      readonly atMs: number;
    }
  | { readonly op: "cancelScheduled"; readonly jobId: string }
  | { readonly op: "tables" }
  | { readonly op: "storage"; readonly method: StorageMethod; readonly storageId: string }
  | {
      readonly op: "storeFile";
      /** Moved, not copied: the sender cannot use them any more. */
      readonly bytes: Uint8Array;
      readonly contentType: string | null;
      readonly sha256: Uint8Array | undefined;
    }
  | { readonly op: "readFile"; readonly storageId: string };

/** Methods of `ctx.storage` that need no bytes. */
export type StorageMethod = "getUrl" | "getMetadata" | "delete" | "generateUploadUrl";

/** How an action ended. `errorMessage` is complete: `[Request ID: …] Server Error\n…`. */
export type ActionResult =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly errorMessage: string; readonly errorData: string | null };

export type FromWorker =
  | { readonly type: "needModules"; readonly hashes: readonly string[] }
  /** Loaded; again after each `environment`. */
  | { readonly type: "ready"; readonly node: NodeAnalysis }
  /** The code could not be loaded; the text is for the developer. */
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "call"; readonly id: number; readonly callId: number; readonly call: HostCall }
  /** Log lines of a run that has not ended, in order, each line once: not repeated in `done` or `end`. */
  | { readonly type: "lines"; readonly id: number; readonly lines: readonly LogLine[] }
  | {
      readonly type: "done";
      readonly id: number;
      readonly result: ActionResult;
      readonly environment: "isolate" | "node";
      readonly userMs: number;
    }
  /** What takes an HTTP request, `GET /files/*`: sent at once, before its handler begins. */
  | { readonly type: "routed"; readonly id: number; readonly route: string }
  | {
      readonly type: "head";
      readonly id: number;
      readonly status: number;
      readonly headers: readonly (readonly [name: string, value: string])[];
      readonly hasBody: boolean;
      /** The routed pattern, for example `/files/*`; null when nothing is routed. */
      readonly route: string | null;
    }
  | { readonly type: "chunk"; readonly id: number; readonly bytes: Uint8Array }
  /**
   * `error`: what the handler or the body threw, as for actions. `isBroken`: it was the body, after `head`; otherwise the client has
   * got a whole response, for a handler that threw its 500.
   */
  | {
      readonly type: "end";
      readonly id: number;
      readonly error: string | null;
      readonly isBroken: boolean;
      readonly userMs: number;
    };

/** Memory that moves with messages: the bytes of files. */
export function movedWith(messages: readonly (ToWorker | FromWorker)[]): ArrayBuffer[] {
  const moved: ArrayBuffer[] = [];
  for (const message of messages) {
    if (message.type === "call" && message.call.op === "storeFile")
      moved.push(message.call.bytes.buffer as ArrayBuffer);
    if (message.type === "reply" && message.result.ok && message.result.bytes !== undefined) {
      moved.push(message.result.bytes.buffer as ArrayBuffer);
    }
  }
  return moved;
}
