/**
 * Frames of a server that speaks deltas, turned back into frames of the sync protocol.
 *
 *   DeltasOn ─▶ (nothing)      Transition with QueryDelta ─▶ Transition with QueryUpdated
 *   TransitionChunk … ─▶ Ping … Transition                    anything else ─▶ as it is
 *
 * Invariants:
 *   - Until the server has said `DeltasOn`, as its first frame, frames are not even looked into.
 *   - `values` holds, for each query, the value that the last transition left it with: what the next delta is for.
 *   - Values share everything that did not change with the value before, also with that of a former connection.
 *
 * @module
 */
import {
  DELTA_VERSION,
  DeltaError,
  applyDelta,
  deltaText,
  utf8Length,
  type JsonValue,
  type StateModification,
  type TransitionChunkMessage,
  type TransitionMessage,
} from "@narrowcast/values";
import type { SocketCounter } from "./socket-stats.ts";

/** A frame for the client. */
export interface PlainFrame {
  readonly text: string;
  /** What the text says, if it was read here. */
  readonly message?: TransitionMessage;
}

interface QueryDelta {
  readonly type: "QueryDelta";
  readonly queryId: number;
  readonly delta: JsonValue;
  readonly logLines?: readonly string[];
  readonly journal?: string | null;
}

interface DeltasOn {
  readonly type: "DeltasOn";
  readonly version: number;
}

interface DeltaTransition extends Omit<TransitionMessage, "modifications"> {
  readonly modifications: readonly (StateModification | QueryDelta)[];
}

/** Short, and first of a connection. */
const DELTAS_ON_PREFIX = '{"type":"DeltasOn"';
/** Tells the client that the server is there while parts of a long transition come in. */
const ALIVE: PlainFrame = { text: '{"type":"Ping"}' };

interface Known {
  readonly value: JsonValue;
  readonly journal: string | null;
}

/** See the module comment. One a connection. */
export class DeltaStream {
  readonly #former: Map<number, JsonValue>;
  readonly #counter: SocketCounter;
  readonly #values = new Map<number, Known>();
  #isFirst = true;
  #isOn = false;
  #isComplete = false;
  #chunks: string[] = [];

  /** @param former Values of connections before, by query: to share with, no more. */
  constructor(former: Map<number, JsonValue>, counter: SocketCounter) {
    this.#former = former;
    this.#counter = counter;
  }

  /**
   * The frame for the client, or undefined if there is none.
   *
   * @throws {DeltaError} If the frame does not fit what came before; the connection is of no more use.
   */
  receive(text: string): PlainFrame | undefined {
    const bytes = utf8Length(text);
    this.#counter.add("frames", 1);
    this.#counter.add("bytes", bytes);
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (isFirst && text.startsWith(DELTAS_ON_PREFIX)) {
      this.#isOn = (JSON.parse(text) as DeltasOn).version === DELTA_VERSION;
      return undefined;
    }
    const frame = this.#isOn ? this.#read(text) : { text };
    const isSame = frame.text === text;
    this.#counter.add("plainBytes", isSame ? bytes : frame === ALIVE ? 0 : utf8Length(frame.text));
    return frame;
  }

  #read(text: string): PlainFrame {
    const message = JSON.parse(text) as DeltaTransition | TransitionChunkMessage | { readonly type: "Ping" };
    if (message.type === "Transition") return this.#transition(text, message);
    return message.type === "TransitionChunk" ? this.#chunk(message) : { text };
  }

  #chunk({ chunk, partNumber, totalParts }: TransitionChunkMessage): PlainFrame {
    if (partNumber !== this.#chunks.length) {
      throw new DeltaError(`part ${partNumber} of a transition came; should be part ${this.#chunks.length}`);
    }
    this.#chunks.push(chunk);
    if (this.#chunks.length < totalParts) return ALIVE;
    const text = this.#chunks.join("");
    this.#chunks = [];
    return this.#transition(text, JSON.parse(text) as DeltaTransition);
  }

  #transition(text: string, message: DeltaTransition): PlainFrame {
    let hasDelta = false;
    const modifications = message.modifications.map((modification): StateModification => {
      hasDelta ||= modification.type === "QueryDelta";
      return this.#modification(modification);
    });
    this.#forget(message.endVersion.querySet);
    const plain: TransitionMessage = { ...message, modifications };
    return { text: hasDelta ? JSON.stringify(plain) : text, message: plain };
  }

  /** The first query set holds everything the client still wants: what it does not have was given up in between. */
  #forget(querySet: number): void {
    if (this.#isComplete || !(querySet > 0)) return;
    this.#isComplete = true;
    for (const queryId of this.#former.keys()) if (!this.#values.has(queryId)) this.#former.delete(queryId);
  }

  #modification(modification: StateModification | QueryDelta): StateModification {
    const { queryId } = modification;
    if (modification.type === "QueryDelta") return this.#updated(modification);
    if (modification.type !== "QueryUpdated") {
      this.#values.delete(queryId);
      this.#former.delete(queryId);
      return modification;
    }
    const value = shared(this.#values.get(queryId)?.value ?? this.#former.get(queryId), modification.value);
    this.#keep(queryId, { value, journal: modification.journal });
    this.#counter.add("values", 1);
    return { ...modification, value };
  }

  #updated({ queryId, delta, logLines = [], journal }: QueryDelta): StateModification {
    const known = this.#values.get(queryId);
    if (known === undefined) throw new DeltaError(`query ${queryId} has no value here`);
    const next = { value: applyDelta(known.value, delta), journal: journal === undefined ? known.journal : journal };
    this.#keep(queryId, next);
    this.#counter.add("deltas", 1);
    return { type: "QueryUpdated", queryId, value: next.value, logLines, journal: next.journal };
  }

  #keep(queryId: number, known: Known): void {
    this.#values.set(queryId, known);
    this.#former.set(queryId, known.value);
  }
}

/** `next` with everything that did not change taken from `former`. */
function shared(former: JsonValue | undefined, next: JsonValue): JsonValue {
  if (former === undefined) return next;
  const delta = deltaText(former, next);
  return delta === undefined ? next : applyDelta(former, JSON.parse(delta) as JsonValue);
}
