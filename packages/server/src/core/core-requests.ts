/**
 * What each message to the core does. Every function here is a job of the core's serial queue.
 *
 * Not here: the queue and durability (`core.ts`), pushes (`push.ts`).
 *
 * @module
 */
import { reportOf } from "../meter/report.ts";
import type { Identity } from "../reactive/types.ts";
import { UserError, type Transaction } from "../tx/types.ts";
import type { Core } from "./core.ts";
import type { CoreCall, CoreReplies, CoreRequest, ToCore } from "../protocol/core-protocol.ts";
import { serverErrorText, timeOutText } from "../protocol/core-protocol.ts";
import type { CallOutcome } from "../protocol/deployment-types.ts";
import { readEnvironment } from "../functions/environment.ts";
import { printFunction, clientLines, type FunctionAddress } from "@narrowcast/values";
import { INTERNAL_ERROR } from "./function-runner.ts";
import { changeEnvironment } from "./environment-change.ts";
import { pushCode } from "./push.ts";
import { TraceWriter } from "./trace-writer.ts";
import { expireSessions, findOutcome, nextExpiryMs, recordOutcome, type RecordedOutcome } from "./sessions.ts";

const NO_IDENTITY: Identity = { kind: "none", key: "", attributes: null };

/** See the module comment. */
export class CoreRequests {
  readonly #core: Core;
  #expiryIsSet = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Does what `message` asks. Failures of a request are its answer; they never end the core. */
  async handle(message: ToCore): Promise<void> {
    this.#core.trace?.message(message);
    if (!("id" in message)) return this.#signal(message);
    const { id } = message;
    try {
      const value = await this.#answer(message);
      if (value !== undefined) this.#core.say({ type: "reply", id, value });
    } catch (error) {
      this.#core.say({ type: "refused", id, message: error instanceof Error ? error.message : String(error) });
      if (!(error instanceof UserError)) console.error("Cannot answer a request of type", message.type, error);
    }
  }

  #signal(message: Exclude<ToCore, CoreRequest>): void {
    const { reactor, logs } = this.#core;
    switch (message.type) {
      case "openSocket":
        return reactor.openSocket(message.socket);
      case "closeSocket":
        return reactor.closeSocket(message.socket);
      case "modifyQueries":
        return reactor.modifyQueries(message.socket, message.querySet, message.add, message.remove);
      case "setIdentity":
        return reactor.setIdentity(message.socket, message.version, message.identity);
      case "touch":
        return reactor.touch(message.socket, message.ts);
      case "wantLogs":
        return logs.want(message.untilMs);
      case "sent":
        return this.#core.meter?.sent(message.notes);
      case "acted":
        return this.#core.meter?.acted(message.note);
      case "filesMoved":
        return this.#core.meter?.filesMoved(message.note);
      case "trace":
        this.#core.trace = new TraceWriter(this.#core, message.sockets);
        return;
      case "endTrace":
        this.#core.trace = undefined;
        return;
    }
  }

  /** The reply's value; undefined when the answer comes later. */
  async #answer(message: CoreRequest): Promise<CoreReplies[keyof CoreReplies] | undefined> {
    const core = this.#core;
    switch (message.type) {
      case "query":
        return this.#query(message.call);
      case "queryBatch": {
        const outcomes: CallOutcome[] = [];
        for (const call of message.calls) outcomes.push(await this.#query(call));
        return outcomes;
      }
      case "mutation": {
        const outcome = await this.#mutation(message);
        // The client waits for an update that shows it: asked for here, it goes with the answer.
        if (outcome.ok && message.socket !== undefined) core.reactor.touch(message.socket, outcome.ts);
        return outcome;
      }
      case "head":
        return core.head;
      case "push":
        pushCode(core, message.id, message.code);
        return undefined;
      case "environment":
        return core.read(readEnvironment);
      case "setEnvironment":
        changeEnvironment(core, message.id, message.changes);
        return undefined;
      case "schedule":
        return this.#schedule(message);
      case "cancelScheduled":
        core.write("_system/scheduler", (tx) => core.scheduler.cancelIn(tx, message.jobId));
        return null;
      case "tables":
        return [...core.database.catalogue.tables()].map(({ number, name }) => [number, name] as const);
      case "storage":
      case "findFile":
      case "checkUpload":
      case "commitFile":
      case "looseFiles":
        return core.files.answer(message);
      case "ledger": {
        const { meter } = core;
        return meter === undefined
          ? null
          : reportOf(meter.ledger, core.clock.nowMs(), message.options, core.verifier?.counters);
      }
      default:
        if (message.ticket.kind === "job") core.scheduler.actionDone(message.ticket.key, message.error);
        else core.crons.actionDone(message.ticket.key, message.error);
        return null;
    }
  }

  async #query(call: CoreCall): Promise<CallOutcome> {
    const { runner, reactor } = this.#core;
    runner.queryCaller = call.caller;
    const path = runner.sharedPath(call, call.allowInternal);
    const { component, args, identity } = call;
    const { result, ts, cached } = await reactor.query({ component, path, args, identity, journal: null });
    if (cached) runner.logCached(call, result);
    if (result.ok) return { ok: true, value: result.value, ts, logLines: result.logLines };
    const { errorMessage, errorData, logLines } = result;
    return { ok: false, errorMessage, errorData, logLines };
  }

  async #mutation({
    id,
    call,
    dedupe,
    timedOut = false,
  }: Extract<CoreRequest, { type: "mutation" }>): Promise<CallOutcome> {
    const core = this.#core;
    const tx = core.database.begin(core.tracking.mutationOptions(call));
    try {
      const earlier = dedupe === null ? undefined : findOutcome(tx, dedupe);
      if (earlier !== undefined) return { ok: true, ...earlier };
      if (timedOut) return failed(serverErrorText(call.requestId, timeOutText(core.limits)), null, []);
      const outcome = await core.runner.run("mutation", tx, { ...call, text: `call:${id}` });
      this.#learn(call, tx);
      const logLines = clientLines(outcome.logLines);
      const { result } = outcome;
      if (!result.ok) return failed(result.errorMessage, result.errorData, logLines);
      // Nothing written: running it again changes nothing, so nothing is recorded.
      if (tx.usage.documentsWritten + tx.usage.functionsScheduled === 0)
        return this.#unrecorded(tx, call, result.value, logLines);
      const recorded: RecordedOutcome = { value: result.value, logLines, ts: core.promiseTs(tx) };
      if (dedupe !== null) recordOutcome(tx, dedupe, recorded);
      core.commit(tx, printFunction(call));
      if (dedupe?.kind === "session") this.setSessionExpiry();
      return { ok: true, ...recorded };
    } finally {
      tx.abort();
    }
  }

  /** Only of functions that there are: anybody may ask for others, under any name. */
  #learn(address: FunctionAddress, tx: Transaction): void {
    if (this.#core.runner.find(address) !== undefined) this.#core.tracking.mutationRead(address, tx.usage);
  }

  #unrecorded(tx: Transaction, address: FunctionAddress, value: string, logLines: readonly string[]): CallOutcome {
    // It may still have cancelled jobs.
    this.#core.commit(tx, printFunction(address));
    return { ok: true, value, ts: this.#core.head, logLines };
  }

  /** Runs a mutation for the scheduler or a cron; see `SchedulerParts.runMutation`. */
  async runOwnMutation(
    { component, path }: FunctionAddress,
    args: string,
    text: string,
    before: (tx: Transaction) => boolean,
    mark: (tx: Transaction) => void,
  ): Promise<string | null> {
    const core = this.#core;
    const name = printFunction({ component, path });
    const tx = core.database.begin(core.tracking.mutationOptions({ component, path }));
    try {
      if (!before(tx)) return null;
      const { result } = await core.runner.run("mutation", tx, {
        component,
        path,
        args,
        identity: NO_IDENTITY,
        allowInternal: true,
        requestId: core.newRequestId(),
        caller: text.startsWith("job:") ? "Scheduler" : "Cron",
        text,
      });
      this.#learn({ component, path }, tx);
      if (!result.ok) return result.errorMessage;
      mark(tx);
      core.commit(tx, name);
      return null;
    } catch (error) {
      console.error("Cannot run", name, error);
      return INTERNAL_ERROR;
    } finally {
      tx.abort();
    }
  }

  #schedule({ component, path, args, atMs, parentJob, dedupe }: Extract<CoreRequest, { type: "schedule" }>): string {
    const core = this.#core;
    return core.write("_system/scheduler", (tx) => {
      const earlier = findOutcome(tx, dedupe);
      if (earlier !== undefined) return earlier.value;
      const isBornCanceled = parentJob !== null && core.scheduler.isCanceled(tx, parentJob);
      const value = core.scheduler.scheduleIn(tx, { component, path }, args, atMs, isBornCanceled);
      recordOutcome(tx, dedupe, { value, logLines: [], ts: core.promiseTs(tx) });
      return value;
    });
  }

  /** Sets the alarm for the next expired session row, unless it is set. */
  setSessionExpiry(): void {
    if (this.#expiryIsSet) return;
    const core = this.#core;
    const { sessionKeptMs } = core.limits;
    const atMs = core.read((tx) => nextExpiryMs(tx, sessionKeptMs));
    if (atMs === undefined) return;
    this.#expiryIsSet = true;
    core.alarms.set("sessions", atMs, () => {
      core.enqueue(() => {
        core.write("_system/sessions", (tx) => expireSessions(tx, core.clock.nowMs(), sessionKeptMs));
        this.#expiryIsSet = false;
        this.setSessionExpiry();
      });
    });
  }
}

function failed(errorMessage: string, errorData: string | null, logLines: readonly string[]): CallOutcome {
  return { ok: false, errorMessage, errorData, logLines };
}
