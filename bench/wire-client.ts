/**
 * A client of the sync protocol that costs little, for load generators: frames nobody waits for are not parsed.
 *
 * Not here: reconnects, chunked transitions, optimistic updates. Correctness is tested with Convex's own clients elsewhere.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { JsonValue } from "@narrowcast/values";
import { WebSocket } from "ws";

const RESPONSE = `{"type":"MutationResponse"`;
const TRANSITION = `{"type":"Transition"`;
const FATAL = `{"type":"FatalError"`;

export type Args = { readonly [name: string]: JsonValue };

/** A new value of a subscribed query. `commitTs` is the wire's timestamp. */
export interface Seen {
  readonly queryId: number;
  readonly value: JsonValue;
  readonly commitTs: string;
}

interface TransitionText {
  readonly endVersion: { readonly ts: string; readonly querySet: number };
  readonly modifications: readonly { readonly type: string; readonly queryId: number; readonly value?: JsonValue }[];
}

/** See the module comment. */
export class WireClient {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, { resolve: (value: JsonValue) => void; reject: (error: Error) => void }>();
  #requestId = 0;
  #querySet = 0;
  #queryId = 0;
  #onSeen: ((seen: Seen) => void) | undefined;
  #firsts = new Map<number, (value: JsonValue) => void>();
  /** Transitions received. */
  transitions = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#receive(data.toString()));
    socket.on("close", () => {
      for (const call of this.#calls.values()) call.reject(new Error("Cannot go on: the socket was closed"));
    });
    socket.send(
      JSON.stringify({
        type: "Connect",
        sessionId: randomUUID(),
        connectionCount: 0,
        lastCloseReason: "InitialConnect",
        clientTs: Date.now(),
      }),
    );
  }

  /** @param url Of the deployment, `http://…`. */
  static async open(url: string): Promise<WireClient> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/api/1.48.0/sync`, { perMessageDeflate: false });
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return new WireClient(socket);
  }

  /** Rejects when the mutation failed. Resolves when its response is here, which is after it became durable. */
  mutate(udfPath: string, args: Args): Promise<JsonValue> {
    const requestId = this.#requestId++;
    this.#socket.send(JSON.stringify({ type: "Mutation", requestId, udfPath, args: [args] }));
    return new Promise((resolve, reject) => {
      this.#calls.set(requestId, { resolve, reject });
    });
  }

  /** Subscribes to all of `queries`; resolves when each has its first value. Later values go to `onSeen`. */
  async subscribe(queries: readonly { readonly path: string; readonly args: Args }[]): Promise<readonly JsonValue[]> {
    const modifications = queries.map(({ path, args }) => ({
      type: "Add",
      queryId: this.#queryId++,
      udfPath: path,
      args: [args],
    }));
    const firsts = modifications.map(
      ({ queryId }) =>
        new Promise<JsonValue>((resolve) => {
          this.#firsts.set(queryId, resolve);
        }),
    );
    this.#modify(modifications);
    return Promise.all(firsts);
  }

  /** Asks once: subscribes, waits for the value and ends the subscription again. */
  async ask(path: string, args: Args): Promise<JsonValue> {
    const queryId = this.#queryId;
    const [value = null] = await this.subscribe([{ path, args }]);
    this.#modify([{ type: "Remove", queryId }]);
    return value;
  }

  onSeen(listener: (seen: Seen) => void): void {
    this.#onSeen = listener;
  }

  close(): void {
    this.#socket.terminate();
  }

  #modify(modifications: readonly object[]): void {
    const baseVersion = this.#querySet++;
    const newVersion = this.#querySet;
    this.#socket.send(JSON.stringify({ type: "ModifyQuerySet", baseVersion, newVersion, modifications }));
  }

  #receive(text: string): void {
    if (text.startsWith(RESPONSE)) this.#respond(text);
    else if (text.startsWith(TRANSITION)) {
      this.transitions += 1;
      if (this.#firsts.size > 0 || this.#onSeen !== undefined) this.#transit(text);
    } else if (text.startsWith(FATAL)) throw new Error(`Cannot go on: the server says ${text}`);
  }

  #respond(text: string): void {
    const { requestId, success, result } = JSON.parse(text) as {
      requestId: number;
      success: boolean;
      result: JsonValue;
    };
    const call = this.#calls.get(requestId);
    this.#calls.delete(requestId);
    if (success) call?.resolve(result);
    else call?.reject(new Error(`Cannot call a mutation: ${JSON.stringify(result)}`));
  }

  #transit(text: string): void {
    const { endVersion, modifications } = JSON.parse(text) as TransitionText;
    for (const { type, queryId, value } of modifications) {
      if (type === "QueryFailed") throw new Error(`Cannot go on: a query failed: ${text}`);
      if (value === undefined) continue;
      const first = this.#firsts.get(queryId);
      if (first === undefined) this.#onSeen?.({ queryId, value, commitTs: endVersion.ts });
      else {
        this.#firsts.delete(queryId);
        first(value);
      }
    }
  }
}

/** `count` connected clients. */
export async function openClients(url: string, count: number): Promise<WireClient[]> {
  const clients: WireClient[] = [];
  // Few at a time: the listen queue of a socket is short.
  while (clients.length < count) {
    const some = Math.min(64, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: some }, () => WireClient.open(url)))));
  }
  return clients;
}
