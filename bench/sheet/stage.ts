/**
 * Where a scenario is played: one world, one form, and the sockets that are open in it.
 *
 * @module
 */
import { stringifyValue, type Value } from "@narrowcast/values";
import { CountedSocket, deltaTable, settle } from "./socket.ts";
import type { Form, SheetSize } from "./size.ts";
import type { World } from "./world.ts";

/** Arguments of a function. */
export type Arguments = { readonly [name: string]: Value | undefined };

/** See the module comment. */
export class Stage<Facts> {
  readonly world: World;
  readonly form: Form;
  readonly facts: Facts;
  readonly size: SheetSize;
  readonly #sockets: CountedSocket[] = [];
  readonly #deltas: ReturnType<typeof deltaTable> | undefined;
  #answerBytes = 0;

  constructor(world: World, form: Form, facts: Facts, size: SheetSize) {
    this.world = world;
    this.form = form;
    this.facts = facts;
    this.size = size;
    this.#deltas = world.rules === "narrow" ? deltaTable() : undefined;
  }

  /**
   * A client's socket; with deltas by our rules, plain by Convex's.
   *
   * @param watch Sees every frame; for tests.
   */
  socket(watch?: (frame: string) => void): CountedSocket {
    const socket = new CountedSocket(this.world, this.#deltas, watch);
    this.#sockets.push(socket);
    return socket;
  }

  /** A query over HTTP, without a subscription: its answer counts as sent. */
  async ask(path: string, args: Arguments = {}): Promise<Value> {
    const value = await this.world.app.query(path, args);
    this.#answerBytes += Buffer.byteLength(stringifyValue(value));
    return value;
  }

  /** A function that nobody outside calls: a cron's, a scheduled one's, an operator's. Nothing of it is sent. */
  async call(kind: "query" | "mutation" | "action", path: string, args: Arguments = {}): Promise<Value> {
    const value = await this.world.app[kind](path, args);
    await this.settle();
    return value;
  }

  /** Lets virtual time go by, with what is scheduled. */
  async advance(ms: number): Promise<void> {
    await this.world.app.advance(ms);
    await this.settle();
  }

  /** Waits until every socket has what was written so far. */
  async settle(): Promise<void> {
    await settle(this.world);
  }

  /** To all clients. */
  get bytesSent(): number {
    return this.#sockets.reduce((sum, { bytesSent }) => sum + bytesSent, this.#answerBytes);
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}
