/**
 * What main asks of functions: queries and mutations.
 *
 * @module
 */
import type { Reactor } from "../reactive/reactor.ts";
import type { CoreCall, CoreRequest } from "../protocol/core-protocol.ts";
import type { CallOutcome } from "../protocol/deployment-types.ts";
import type { FunctionRunner } from "./function-runner.ts";
import { failed, type Mutations } from "./mutations.ts";

/** What calls need of the core. */
export interface CallParts {
  readonly reactor: Reactor;
  readonly runner: FunctionRunner;
  readonly mutations: Mutations;
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
