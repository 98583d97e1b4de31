/**
 * Runs mutations and commits them: those that clients and actions ask for, and those that the scheduler and crons start.
 *
 * Not here: executing (`function-runner.ts`), what makes them exactly-once (`sessions.ts`).
 *
 * @module
 */
import { clientLines, printFunction, type FunctionAddress, type Limits } from "@narrowcast/values";
import type { Caller } from "../protocol/deployment-types.ts";
import { NO_IDENTITY } from "../protocol/live-types.ts";
import { StorageError } from "../engine/storage-error.ts";
import type { Transaction } from "../tx/types.ts";
import type { CoreRequest } from "../protocol/core-protocol.ts";
import { serverErrorText } from "../protocol/core-protocol.ts";
import type { CallOutcome } from "../protocol/deployment-types.ts";
import type { RunKey } from "../protocol/run-key.ts";
import type { Commits } from "./commits.ts";
import { INTERNAL_ERROR, type FunctionRunner } from "./function-runner.ts";
import { findOutcome, recordOutcome, type RecordedOutcome } from "./sessions.ts";
import type { TrackingRules } from "./tracking.ts";

/** A mutation that the core starts by itself. */
export interface OwnMutation extends FunctionAddress {
  readonly args: string;
  readonly run: RunKey;
  readonly caller: Caller;
  /** Looks whether it is still to be run, on its own transaction. */
  readonly before: (tx: Transaction) => boolean;
  /** Marks success on the transaction before the commit. */
  readonly mark: (tx: Transaction) => void;
}

/** What mutations need of the core. */
export interface MutationParts {
  readonly commits: Commits;
  readonly tracking: TrackingRules;
  readonly runner: FunctionRunner;
  readonly limits: Limits;
  /** 16 hex digits. */
  readonly newRequestId: () => string;
}

const FORGOTTEN =
  "Cannot run the mutation: its session has run over 1,000 later ones, so that it may have run before; ask again with a new request";

/** See the module comment. */
export class Mutations {
  readonly #parts: MutationParts;

  constructor(parts: MutationParts) {
    this.#parts = parts;
  }

  /** Runs what main asks for, unless it was run before. */
  async call({ id, call, dedupe, onlyLookUp }: Extract<CoreRequest, { type: "mutation" }>): Promise<CallOutcome> {
    const { commits, tracking, runner } = this.#parts;
    const tx = commits.begin(tracking.mutationOptions(call));
    try {
      const earlier = dedupe === null ? undefined : findOutcome(tx, dedupe);
      if (earlier === "forgotten") return failed(serverErrorText(call.requestId, FORGOTTEN), null, []);
      if (earlier !== undefined) return { ok: true, ...earlier };
      if (onlyLookUp !== undefined) return failed(serverErrorText(call.requestId, onlyLookUp), null, []);
      const outcome = await runner.run("mutation", tx, { ...call, run: { kind: "call", request: id } });
      this.#learn(call, tx);
      const logLines = clientLines(outcome.logLines);
      const { result } = outcome;
      if (!result.ok) return failed(result.errorMessage, result.errorData, logLines);
      // Nothing written: running it again changes nothing, so nothing is recorded.
      if (tx.usage.documentsWritten + tx.usage.functionsScheduled === 0)
        return this.#unrecorded(tx, call, result.value, logLines);
      const recorded: RecordedOutcome = { value: result.value, logLines, ts: commits.promiseTs(tx) };
      if (dedupe !== null) recordOutcome(tx, dedupe, recorded);
      commits.commit(tx, printFunction(call));
      return { ok: true, ...recorded };
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return failed(serverErrorText(call.requestId, error.message), null, []);
    } finally {
      tx.abort();
    }
  }

  /**
   * Runs one of the core's own. Returns the error's text, or null.
   *
   * @throws {StorageError} When the disk does not take what it wrote: nothing has happened.
   */
  async own({ component, path, args, run, caller, before, mark }: OwnMutation): Promise<string | null> {
    const { commits, tracking, runner, newRequestId } = this.#parts;
    const address = { component, path };
    const name = printFunction(address);
    const tx = commits.begin(tracking.mutationOptions(address));
    try {
      if (!before(tx)) return null;
      const requestId = newRequestId();
      const call = { ...address, args, identity: NO_IDENTITY, allowInternal: true, requestId, caller, run };
      const { result } = await runner.run("mutation", tx, call);
      this.#learn(address, tx);
      if (!result.ok) return result.errorMessage;
      mark(tx);
      commits.commit(tx, name);
      return null;
    } catch (error) {
      if (error instanceof StorageError) throw error;
      console.error("Cannot run", name, error);
      return INTERNAL_ERROR;
    } finally {
      tx.abort();
    }
  }

  /** Only of functions that there are: anybody may ask for others, under any name. */
  #learn(address: FunctionAddress, tx: Transaction): void {
    if (this.#parts.runner.find(address) !== undefined) this.#parts.tracking.mutationRead(address, tx.usage);
  }

  #unrecorded(tx: Transaction, address: FunctionAddress, value: string, logLines: readonly string[]): CallOutcome {
    const { commits } = this.#parts;
    // It may still have cancelled jobs.
    commits.commit(tx, printFunction(address));
    return { ok: true, value, ts: commits.head, logLines };
  }
}

/** A call that did not succeed. */
export function failed(errorMessage: string, errorData: string | null, logLines: readonly string[]): CallOutcome {
  return { ok: false, errorMessage, errorData, logLines };
}
