/**
 * Requests to the core that have no answer yet: what is sent again to the next core when one has died, and what is not.
 *
 * Invariants:
 *   - A request is settled once.
 *   - A suspect is not run again, and what is to be written is not sent to a core whose disk takes nothing.
 *
 * @module
 */
import type { CoreReplies, CoreRequest } from "../protocol/core-protocol.ts";
import { WRITES, serverErrorText } from "../protocol/core-protocol.ts";
import type { CallOutcome } from "../protocol/deployment-types.ts";
import { queryKey } from "../protocol/run-key.ts";
import type { StorageError } from "../engine/storage-error.ts";

type Reply = CoreReplies[keyof CoreReplies];

/** One request, and who waits for its answer. */
interface PendingRequest {
  message: CoreRequest;
  readonly resolve: (value: Reply) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((message: string) => void) | undefined;
}

/** See the module comment. */
export class PendingRequests {
  readonly #all = new Map<number, PendingRequest>();

  get size(): number {
    return this.#all.size;
  }

  /** In the order in which they were asked. */
  get messages(): readonly CoreRequest[] {
    return [...this.#all.values()].map(({ message }) => message);
  }

  add(pending: PendingRequest): void {
    this.#all.set(pending.message.id, pending);
  }

  reply(id: number, value: Reply): void {
    this.#take(id)?.resolve(value);
  }

  refuse(id: number, error: Error): void {
    this.#take(id)?.reject(error);
  }

  progress(id: number, message: string): void {
    this.#all.get(id)?.onProgress?.(message);
  }

  refuseAll(error: Error): void {
    const all = [...this.#all.values()];
    this.#all.clear();
    for (const { reject } of all) reject(error);
  }

  /** A mutation that may have run is not run again: its record is looked up. @param reason Its error when there is none. */
  lookUp(id: number, reason: string): void {
    const pending = this.#all.get(id);
    if (pending?.message.type === "mutation") pending.message = { ...pending.message, onlyLookUp: reason };
  }

  /** The request whose modules did not load in time is over. */
  refuseLoad(id: number, reason: string): void {
    const pending = this.#take(id);
    if (pending?.message.type === "push") pending.resolve({ ok: false, code: "ModuleTimeout", message: reason });
    else pending?.reject(new Error(reason));
  }

  /** Those who asked exactly this query get this error; they need not wait for another core. */
  answerQueries(key: string, reason: string): void {
    for (const { message } of this.#all.values()) {
      if (message.type !== "query") continue;
      const { args, identity, requestId } = message.call;
      if (queryKey(message.call, args, identity.key) === key) this.reply(message.id, failedCall(requestId, reason));
    }
  }

  /** The next core would end by what is to be written, too. Mutations that clients may send again are looked up: they may have become durable. */
  refuseWrites(trouble: StorageError): void {
    for (const { message } of this.#all.values()) {
      const { id } = message;
      if (message.type === "mutation" && message.dedupe !== null) this.lookUp(id, trouble.message);
      else if (message.type === "mutation") {
        const text = `${trouble.message}; whether this mutation took effect is not known`;
        this.reply(id, failedCall(message.call.requestId, text));
      } else if (WRITES[message.type] && message.type !== "actionDone") this.refuse(id, trouble);
    }
  }

  #take(id: number): PendingRequest | undefined {
    const pending = this.#all.get(id);
    this.#all.delete(id);
    return pending;
  }
}

function failedCall(requestId: string, text: string): CallOutcome {
  return { ok: false, errorMessage: serverErrorText(requestId, text), errorData: null, logLines: [] };
}
