/**
 * What main asks of functions: queries and mutations.
 *
 * @module
 */
import type { Ts } from "@narrowcast/values";
import type { Reactor } from "../reactive/reactor.ts";
import type { CoreCall, CoreRequest } from "../protocol/core-protocol.ts";
import type { CallOutcome } from "../protocol/deployment-types.ts";
import type { FunctionRunner } from "./function-runner.ts";
import { failed, type Mutations } from "./mutations.ts";
import type { Past } from "./past.ts";

const OUT_OF_RETENTION =
  "Cannot read at that timestamp: it is out of retention; ask for a new one, which can be read for 30 s unless functions, tables or variables change";

/** What calls need of the core. */
export interface CallParts {
  readonly reactor: Reactor;
  readonly runner: FunctionRunner;
  readonly mutations: Mutations;
  readonly past: Past;
}

/** See the module comment. */
export class Calls {
  readonly #parts: CallParts;

  constructor(parts: CallParts) {
    this.#parts = parts;
  }

  /** Answers a query at the head, from a live run if there is one. */
  async query(call: CoreCall): Promise<CallOutcome> {
    const { runner, reactor } = this.#parts;
    const { result, ts, cached } = await reactor.query(runner.requestOf(call), call.caller);
    if (cached) runner.logCached(call, result);
    if (result.ok) return { ok: true, value: result.value, ts, logLines: result.logLines };
    return failed(result.errorMessage, result.errorData, result.logLines);
  }

  /** The head, at which {@linkcode queryAt} can be asked for a while. */
  pin(): Ts {
    return this.#parts.past.pin();
  }

  /** Answers a query at a ts of {@linkcode pin}; what has the code `OutOfRetention` was too long ago. */
  async queryAt(call: CoreCall, ts: Ts): Promise<CallOutcome> {
    const { runner, past } = this.#parts;
    const where = past.find(ts);
    if (where === undefined)
      return { ok: false, errorMessage: OUT_OF_RETENTION, errorData: null, logLines: [], code: "OutOfRetention" };
    if (where === "head") return this.query(call);
    const result = await past.at(ts, () => runner.fromStorage(runner.requestOf(call), call));
    if (result.ok) return { ok: true, value: result.value, ts, logLines: result.logLines };
    return failed(result.errorMessage, result.errorData, result.logLines);
  }

  async queryBatch(calls: readonly CoreCall[]): Promise<readonly CallOutcome[]> {
    const outcomes: CallOutcome[] = [];
    for (const call of calls) outcomes.push(await this.query(call));
    return outcomes;
  }

  async mutation(message: Extract<CoreRequest, { type: "mutation" }>): Promise<CallOutcome> {
    const outcome = await this.#parts.mutations.call(message);
    // The client waits for an update that shows it: asked for here, it goes with the answer.
    if (outcome.ok && message.socket !== undefined) this.#parts.reactor.touch(message.socket, outcome.ts);
    return outcome;
  }
}
