/**
 * Runs actions for whoever asks: clients, other actions, the scheduler, crons, HTTP; answers their calls from the core.
 *
 *   runAction ─▶ pool ─▶ thread ──HostCall──▶ here ──request──▶ core ──reply──▶ thread
 *
 * Invariants:
 *   - Calls of an action carry its identity; internal functions are allowed; scheduled functions carry none.
 *   - Every mutation and scheduling of an action has a slot (`DedupeKey`), so a restart of the core does not repeat it.
 *   - A scheduled action's result is reported to the core until the core has it.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { canonicalFunctionPath, printFunction, rootFunction, type FunctionAddress } from "@narrowcast/values";
import { NO_IDENTITY, type Identity } from "../protocol/live-types.ts";
import type { ActionResult, CallResult, HostCall } from "../protocol/action-protocol.ts";
import type { ActionPool } from "./action-pool.ts";
import type { CoreClient, CoreEvent } from "./core-client.ts";
import type { ActionTicket } from "../protocol/core-protocol.ts";
import type { Caller } from "../protocol/deployment-types.ts";
import { serverErrorText, withoutRequestLine } from "../protocol/core-protocol.ts";
import type { LogLine } from "@narrowcast/values";
import type {
  CallOutcome,
  CallRequest,
  HttpActionRequest,
  HttpActionResponse,
  LogEntry,
} from "../protocol/deployment-types.ts";
import { unknownKind } from "../protocol/unknown-kind.ts";
import { completionEntry, type EntryFacts } from "../protocol/log-entry.ts";
import type { FileHost } from "./file-host.ts";
import { clientLines } from "@narrowcast/values";
import type { LogRing } from "../protocol/log-buffers.ts";
import type { SlotPool } from "./slot-pool.ts";
import { StorageError } from "../engine/storage-error.ts";

const NO_HTTP = "This Convex deployment does not have HTTP actions enabled.";

/** After the disk took nothing. */
const DISK_RETRY_MS = 1_000;

/** What the host works with. `client` is asked lazily: it is opened after the host. */
export interface ActionHostParts {
  readonly pool: ActionPool;
  readonly logs: LogRing;
  readonly slots: SlotPool;
  readonly files: FileHost;
  client(): CoreClient;
  /** The time that runs are given, where time is virtual. */
  readonly nowMs?: (() => number) | undefined;
}

/** Who a running action is. */
interface ActionCaller {
  /** It runs apart: what it calls must not wait for its turn. */
  readonly isSuspect?: boolean | undefined;
  readonly identity: Identity;
  readonly requestId: string;
  /** The scheduled job that it is the run of. */
  readonly job: string | null;
}

/** See the module comment. */
export class ActionHost {
  readonly #parts: ActionHostParts;
  readonly #tickets = new Map<string, ActionTicket>();
  #executions = 0;

  constructor(parts: ActionHostParts) {
    this.#parts = parts;
  }

  /** Scheduled and cron actions that the core does not know to have ended. */
  running(): readonly ActionTicket[] {
    return [...this.#tickets.values()];
  }

  /** Runs an action to its end. User errors are outcomes. */
  async run(
    call: CallRequest,
    caller: Caller,
    job: string | null = null,
    isCalledBySuspect = false,
  ): Promise<CallOutcome> {
    const { component, path } = canonical(call);
    const { args, identity, allowInternal, requestId, client } = call;
    const lines: LogLine[] = [];
    const startedMs = Date.now();
    const entry = this.#entry({ component, path, functionKind: "action", requestId, caller, startedMs });
    const scheduledFunctionId = job ?? undefined;
    let end: { readonly result: ActionResult; readonly environment: "isolate" | "node" };
    try {
      if (!this.#parts.pool.hasCode) throw new Error(missingText({ component, path }));
      end = await this.#parts.pool.run(
        {
          message: {
            component,
            path,
            args,
            identity,
            allowInternal,
            requestId,
            client,
            scheduledFunctionId,
            nowMs: this.#parts.nowMs?.(),
          },
          answer: (asked, isSuspect) => this.#answer(asked, { identity, requestId, job, isSuspect }),
          onLines: (more) => this.#addLines(entry, lines, more),
        },
        isCalledBySuspect,
      );
    } catch (error) {
      const errorMessage = serverErrorText(requestId, error instanceof Error ? error.message : String(error));
      end = { result: { ok: false, errorMessage, errorData: null }, environment: "isolate" };
    }
    const { result, environment } = end;
    const returnBytes = result.ok ? result.value.length : 0;
    this.#complete({ ...entry, environment, returnBytes, error: result.ok ? null : result.errorMessage });
    return { ...result, ...(result.ok ? { ts: null } : {}), logLines: clientLines(lines) } as CallOutcome;
  }

  /** Runs the HTTP action that the request is routed to. */
  async http(request: HttpActionRequest): Promise<HttpActionResponse> {
    if (!this.#parts.pool.hasCode) return notEnabled();
    const { identity, requestId, method, url } = request;
    const startedMs = Date.now();
    const lines: LogLine[] = [];
    const path = `${method} ${pathOf(url)}`;
    const entry = this.#entry({
      ...rootFunction(path),
      functionKind: "http",
      requestId,
      caller: "HttpEndpoint",
      startedMs,
    });
    return this.#parts.pool.http({
      request,
      nowMs: this.#parts.nowMs?.(),
      answer: (call, isSuspect) => this.#answer(call, { identity, requestId, job: null, isSuspect }),
      onLines: (more) => this.#addLines(entry, lines, more),
      onEnd: (route, error) => this.#complete({ ...entry, path: route === null ? path : `${method} ${route}`, error }),
    });
  }

  /** Starts an action for the scheduler or a cron, and reports its end. */
  async start({
    ticket,
    component,
    path,
    args,
    requestId,
  }: Extract<CoreEvent, { type: "startAction" }>): Promise<void> {
    const name = `${ticket.kind}:${ticket.key}`;
    if (this.#tickets.has(name)) return;
    this.#tickets.set(name, ticket);
    const caller = ticket.kind === "job" ? "Scheduler" : "Cron";
    const call = { component, path, args, identity: NO_IDENTITY, allowInternal: true, requestId };
    const outcome = await this.run(call, caller, ticket.kind === "job" ? ticket.key : null);
    const error = outcome.ok ? null : outcome.errorMessage;
    try {
      await this.#done({ type: "actionDone", ticket, error });
    } catch {
      // The deployment is closing: the next start marks the job as failed.
    } finally {
      this.#tickets.delete(name);
    }
  }

  /** Says that an action ended; again and again while the disk does not take it. */
  async #done(message: { type: "actionDone"; ticket: ActionTicket; error: string | null }): Promise<void> {
    for (;;) {
      try {
        await this.#parts.client().request<"actionDone">(message);
        return;
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        await sleep(DISK_RETRY_MS, undefined, { ref: false });
      }
    }
  }

  async #answer(call: HostCall, caller: ActionCaller): Promise<CallResult> {
    const { files } = this.#parts;
    const client = this.#parts.client();
    switch (call.op) {
      case "query":
      case "mutation":
      case "action":
        return resultOf(await this.#call(call.op, call, caller));
      case "schedule":
        return this.#parts.slots.use(async (dedupe) => {
          const { args, atMs } = call;
          const message = { type: "schedule", ...canonical(call), args, atMs, parentJob: caller.job, dedupe } as const;
          return ok(JSON.stringify(await client.request<"schedule">(message)));
        });
      case "cancelScheduled":
        await client.request<"cancelScheduled">({ type: "cancelScheduled", jobId: call.jobId });
        return ok("null");
      case "storage":
        return ok(await files.call(call.method, call.storageId));
      case "storeFile":
        return ok(JSON.stringify(await files.store(call.bytes, call.contentType, call.sha256)));
      case "readFile": {
        const file = await files.read(call.storageId);
        return { ...ok(JSON.stringify(file?.contentType ?? null)), bytes: file?.bytes };
      }
      case "tables":
        return ok(JSON.stringify(await client.request<"tables">({ type: "tables" })));
      default:
        return unknownKind("a call of an action", call);
    }
  }

  #call(
    kind: "query" | "mutation" | "action",
    asked: FunctionAddress & { readonly args: string },
    caller: ActionCaller,
  ): Promise<CallOutcome> {
    const { identity, requestId } = caller;
    const { args } = asked;
    const call = { ...canonical(asked), args, identity, allowInternal: true, requestId };
    if (kind === "action") return this.run(call, "Action", null, caller.isSuspect);
    const coreCall = { ...call, caller: "Action" } as const;
    if (kind === "query") return this.#parts.client().request<"query">({ type: "query", call: coreCall });
    return this.#parts.slots.use((dedupe) =>
      this.#parts.client().request<"mutation">({ type: "mutation", call: coreCall, dedupe }),
    );
  }

  /** Of an execution of which nothing is known but that it was begun. */
  #entry(facts: EntryFacts): LogEntry {
    this.#executions += 1;
    return completionEntry(facts, {}, this.#executions);
  }

  #addLines(entry: LogEntry, all: LogLine[], more: readonly LogLine[]): void {
    all.push(...more);
    this.#parts.logs.add([{ ...entry, kind: "progress", lines: more, durationMs: Date.now() - entry.startedMs }]);
  }

  #complete(entry: LogEntry): void {
    const { component, path, functionKind, caller, returnBytes: resultBytes, error } = entry;
    const durationMs = Date.now() - entry.startedMs;
    this.#parts.logs.add([{ ...entry, durationMs }]);
    const kind = functionKind === "http" ? "http" : "action";
    const note = { component, path, kind, caller, userMs: durationMs, resultBytes, isError: error !== null } as const;
    this.#parts.client().signal({ type: "acted", note });
  }
}

function canonical({ component, path }: FunctionAddress): FunctionAddress {
  return { component, path: canonicalFunctionPath(path) };
}

function missingText({ component, path }: FunctionAddress): string {
  const name = printFunction({ component, path: path.replace(/:default$/, "") });
  return `Could not find public function for '${name}'. Did you forget to run \`npx convex dev\`?`;
}

function ok(value: string): Extract<CallResult, { ok: true }> {
  return { ok: true, value };
}

function resultOf(outcome: CallOutcome): CallResult {
  if (outcome.ok) return ok(outcome.value);
  return { ok: false, errorMessage: withoutRequestLine(outcome.errorMessage), errorData: outcome.errorData };
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : url;
}

function notEnabled(): HttpActionResponse {
  return { status: 404, headers: [["content-type", "text/plain"]], body: textBody(NO_HTTP) };
}

async function* textBody(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}
