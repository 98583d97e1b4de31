/**
 * Durable outbox: holds what the core wants to say until the commits it was computed from are durable.
 *
 *   execute ──hold(ts, message)──▶ [ … held … ] ──flush done──▶ send(batch)
 *                 head > durable ──▶ one flush at a time
 *
 * Invariants:
 *   - A message leaves only when `engine.durable >= ts`, its timestamp being the head when it was made.
 *   - Messages leave in the order they came.
 *   - At most one flush is under way; what is sealed meanwhile goes with the next one. That is the group commit.
 *
 * @module
 */
import type { Ts } from "@narrowcast/values";

/** The part of an engine that says what is durable. */
export interface Durability {
  readonly head: Ts;
  readonly durable: Ts;
  flush(mayBlock?: boolean): Promise<void>;
}

/** See the module comment. `T` is a message. */
export class DurableOutbox<T> {
  readonly #engine: Durability;
  readonly #send: (batch: readonly T[]) => void;
  readonly #onFailure: (error: unknown) => void;
  #held: { readonly ts: Ts; readonly message: T }[] = [];
  #flushing = false;
  #failed = false;
  #waiters: (() => void)[] = [];

  constructor(engine: Durability, send: (batch: readonly T[]) => void, onFailure: (error: unknown) => void) {
    this.#engine = engine;
    this.#send = send;
    this.#onFailure = onFailure;
  }

  /** Messages not sent yet. */
  get held(): number {
    return this.#held.length;
  }

  /** True when nothing is held and nothing is being flushed. */
  get isIdle(): boolean {
    return this.#failed || (this.#held.length === 0 && !this.#flushing && this.#engine.head <= this.#engine.durable);
  }

  /** Sends `message` once everything up to `ts` is durable. */
  hold(ts: Ts, message: T): void {
    this.#held.push({ ts, message });
  }

  /**
   * Ends a tick of the core: starts a flush if there is something to flush, and sends what may go.
   *
   * @param mayBlock There is nothing else to do: the flush may hold the thread.
   */
  endTick(mayBlock = false): void {
    if (this.#failed) return;
    this.#release();
    if (!this.#flushing && this.#engine.head > this.#engine.durable) void this.#flush(mayBlock);
  }

  /** Resolves after the next flush, at once when none is under way: for a core that is too far ahead of the disk. */
  async nextFlush(): Promise<void> {
    if (!this.#flushing || this.#failed) return;
    await new Promise<void>((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  async #flush(mayBlock: boolean): Promise<void> {
    this.#flushing = true;
    try {
      while (!this.#failed && this.#engine.head > this.#engine.durable) {
        await this.#engine.flush(mayBlock);
        this.#release();
        this.#wake();
      }
    } catch (error) {
      // What is held must never be sent: the disk did not take it.
      this.#failed = true;
      this.#held = [];
      this.#onFailure(error);
    } finally {
      this.#flushing = false;
      this.#wake();
    }
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  #release(): void {
    const durable = this.#engine.durable;
    let count = 0;
    while (count < this.#held.length && (this.#held[count]?.ts ?? Infinity) <= durable) count += 1;
    if (count > 0) this.#send(this.#held.splice(0, count).map(({ message }) => message));
  }
}
