/**
 * A WebSocket constructor that asks the server for deltas and hands its user plain frames of the sync protocol.
 *
 * With a server that does not speak deltas it is the WebSocket it is made from. What the user is handed for a rebuilt value is a whole,
 * ordinary frame; see `hand-over.ts` and `shared-values.ts` for how the parts of values keep their identity in the official client.
 *
 * A delta that does not fit ends the connection: the client comes back and is sent everything whole.
 *
 * @module
 */
import { DELTA_VERSION, type JsonValue } from "@narrowcast/values";
import { DeltaStream, type PlainFrame } from "./delta-stream.ts";
import { handOver } from "./hand-over.ts";
import { handedOver } from "./shared-values.ts";
import { SocketCounter, type SocketStats } from "./socket-stats.ts";

/** The type of the host's own `WebSocket`, as the program that uses this package sees it. */
export type HostSocket = typeof globalThis extends { WebSocket: infer Socket } ? Socket : unknown;

export interface DeltaSocketOptions<Socket = HostSocket> {
  /** What to build on; the host's own `WebSocket` if there is one. In older versions of Node: `WebSocket` of `ws`. */
  readonly webSocket?: Socket;
  /**
   * Values keep the identity of what did not change, so that React does not render it again; on by default. Turn it off for code that
   * writes into nested parts of query results and counts on getting fresh ones with each update.
   */
  readonly sharesValues?: boolean;
}

/** A constructor for the `webSocketConstructor` option. `stats` counts all of its sockets; each socket has its own, too. */
export type DeltaSocketConstructor<Socket = HostSocket> = Socket & { readonly stats: SocketStats };

interface MessageLike {
  readonly data: unknown;
}
type Handler = (event: MessageLike) => void;
type Listener = Handler | { handleEvent: Handler };

/** What is used of a WebSocket. */
interface SocketLike {
  addEventListener(type: string, listener: Listener, options?: unknown): void;
  removeEventListener(type: string, listener: Listener, options?: unknown): void;
  close(code?: number, reason?: string): void;
}
type SocketBase = new (url: string, ...rest: unknown[]) => SocketLike;

/** The server's deltas and this side do not agree; any code that makes clients come back. */
const CLOSE_MISMATCH = 4_000;

/**
 * Makes the constructor. One for each client: its sockets share values with those before.
 *
 * @throws {Error} If there is no WebSocket to build on.
 *
 * @example
 * ```ts
 * const webSocketConstructor = deltaSocket();
 * const client = new ConvexReactClient(url, { webSocketConstructor });
 * webSocketConstructor.stats.bytes; // what came over the wire so far
 * ```
 */
export function deltaSocket<Socket = HostSocket>(
  options: DeltaSocketOptions<Socket> = {},
): DeltaSocketConstructor<Socket> {
  const { webSocket = (globalThis as { WebSocket?: unknown }).WebSocket, sharesValues = true } = options;
  if (typeof webSocket !== "function") {
    throw new Error("Cannot make a socket: this host has no WebSocket; should be given as option webSocket");
  }
  const total = new SocketCounter();
  const former = new Map<number, JsonValue>();

  class DeltaSocket extends (webSocket as SocketBase) {
    static readonly stats: SocketStats = total;
    readonly #counter = new SocketCounter(total);
    readonly #stream = new DeltaStream(former, this.#counter);
    readonly #listeners = new MessageListeners(sharesValues);
    #isBroken = false;

    constructor(url: string | { toString(): string }, ...rest: unknown[]) {
      super(askingForDeltas(String(url)), ...rest);
      super.addEventListener("message", (event: MessageLike) => this.#receive(event));
    }

    get stats(): SocketStats {
      return this.#counter;
    }

    get onmessage(): Handler | null {
      return this.#listeners.handler;
    }

    set onmessage(handler: Handler | null) {
      this.#listeners.handler = handler;
    }

    override addEventListener(type: string, listener: Listener, settings?: unknown): void {
      if (type === "message") this.#listeners.add(listener, settings);
      else super.addEventListener(type, listener, settings);
    }

    override removeEventListener(type: string, listener: Listener, settings?: unknown): void {
      if (type === "message") this.#listeners.delete(listener);
      else super.removeEventListener(type, listener, settings);
    }

    #receive(event: MessageLike): void {
      if (this.#isBroken) return;
      if (typeof event.data !== "string") {
        this.#listeners.dispatch(this, event, undefined);
        return;
      }
      let frame: PlainFrame | undefined;
      try {
        frame = this.#stream.receive(event.data);
      } catch {
        this.#isBroken = true;
        this.close(CLOSE_MISMATCH, "DeltaMismatch");
        return;
      }
      if (frame === undefined) return;
      const plain = frame.text === event.data ? event : eventOf(frame.text, this);
      this.#listeners.dispatch(this, plain, frame);
    }
  }
  return DeltaSocket as unknown as DeltaSocketConstructor<Socket>;
}

/** Who gets a socket's messages: the handler first, then the listeners in the order in which they came. */
class MessageListeners {
  handler: Handler | null = null;
  readonly #listeners = new Map<Listener, boolean>();
  readonly #sharesValues: boolean;

  constructor(sharesValues: boolean) {
    this.#sharesValues = sharesValues;
  }

  add(listener: Listener, settings: unknown): void {
    this.#listeners.set(listener, (settings as { once?: boolean } | undefined)?.once === true);
  }

  delete(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  /** @param frame What `event` holds, if it is a frame that was read. */
  dispatch(socket: unknown, event: MessageLike, frame: PlainFrame | undefined): void {
    const { handler } = this;
    const message = this.#sharesValues ? frame?.message : undefined;
    if (handler !== null) {
      if (frame === undefined || message === undefined) handler.call(socket, event);
      else handOver(frame.text, sharing(message), () => handler.call(socket, event));
    }
    for (const [listener, isOnce] of this.#listeners) {
      if (isOnce) this.#listeners.delete(listener);
      if (typeof listener === "function") listener.call(socket, event);
      else listener.handleEvent(event);
    }
  }
}

/** The message with values that keep their identity through the client's conversion. */
function sharing(message: NonNullable<PlainFrame["message"]>): NonNullable<PlainFrame["message"]> {
  return {
    ...message,
    modifications: message.modifications.map((modification) =>
      modification.type === "QueryUpdated" ? { ...modification, value: handedOver(modification.value) } : modification,
    ),
  };
}

function askingForDeltas(url: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}deltas=${DELTA_VERSION}`;
}

function eventOf(data: string, target: unknown): MessageLike {
  const { MessageEvent } = globalThis as { MessageEvent?: new (type: string, init: object) => MessageLike };
  return MessageEvent === undefined
    ? ({ type: "message", data, target } as MessageLike)
    : new MessageEvent("message", { data });
}
