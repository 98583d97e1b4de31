/**
 * A WebSocket client that says exactly what a test tells it to.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { ServerMessage } from "@narrowcast/values";
import { WebSocket } from "ws";

/** See the module comment. */
export class RawClient {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[] = [];
  /** The code of the server's close frame. */
  readonly closed: Promise<number>;
  #pings = 0;
  #wake: () => void = () => undefined;

  private constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on("message", (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as ServerMessage);
      this.#wake();
    });
    this.socket.on("ping", () => {
      this.#pings += 1;
      this.#wake();
    });
    this.closed = new Promise((resolve) => this.socket.on("close", resolve));
    this.socket.on("error", () => undefined);
  }

  static async open(url: string): Promise<RawClient> {
    const client = new RawClient(url);
    await once(client.socket, "open");
    return client;
  }

  connect(): void {
    this.send({ type: "Connect", sessionId: randomUUID(), connectionCount: 0, lastCloseReason: null });
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  count(type: ServerMessage["type"]): number {
    return this.messages.filter((message) => message.type === type).length;
  }

  /** Resolves when `count` messages of a type have come. */
  async until(type: ServerMessage["type"], count: number): Promise<void> {
    await this.#when(() => this.count(type) >= count);
  }

  /** Resolves after `count` more pings of the protocol below. */
  async pinged(count: number): Promise<void> {
    const wanted = this.#pings + count;
    await this.#when(() => this.#pings >= wanted);
  }

  /** The newest value of a query that gives text. */
  lastText(): string | undefined {
    const last = this.messages.findLast((message) => message.type === "Transition" && message.modifications.length > 0);
    const change = last?.type === "Transition" ? last.modifications[0] : undefined;
    return change?.type === "QueryUpdated" ? (change.value as string) : undefined;
  }

  async #when(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
