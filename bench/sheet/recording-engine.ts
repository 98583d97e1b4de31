/**
 * An engine in memory that can be copied: it remembers what was written to it and writes the same into another.
 *
 * So the data is seeded once, and each measured deployment gets an engine of its own with it in a moment. Rows are shared between the copies; nobody
 * writes to a row in place.
 *
 * @module
 */
import { MemoryEngine, type RowWrite, type Savepoint, type Ts } from "@narrowcast/server/testing";

type Step<T> = (engine: MemoryEngine<T>) => void;

/** See the module comment. */
export class RecordingEngine<T> extends MemoryEngine<T> {
  readonly #sealed: Step<T>[] = [];
  /** Writes since the last commit, as many as the engine can undo. */
  #open: Step<T>[] = [];

  override put(write: RowWrite<T>): void {
    super.put(write);
    this.#open.push((engine) => engine.put(write));
  }

  override rollback(to: Savepoint): void {
    super.rollback(to);
    this.#open.length = to;
  }

  override commit(ts: Ts, note: string): void {
    super.commit(ts, note);
    this.#sealed.push(...this.#open, (engine) => engine.commit(ts, note));
    this.#open = [];
  }

  override fillIndex(...args: Parameters<MemoryEngine<T>["fillIndex"]>): void {
    super.fillIndex(...args);
    this.#sealed.push((engine) => engine.fillIndex(...args));
  }

  override registerIndex(collection: number, index: number): void {
    super.registerIndex(collection, index);
    this.#sealed.push((engine) => engine.registerIndex(collection, index));
  }

  override dropIndex(collection: number, index: number): void {
    super.dropIndex(collection, index);
    this.#sealed.push((engine) => engine.dropIndex(collection, index));
  }

  override dropCollection(collection: number): void {
    super.dropCollection(collection);
    this.#sealed.push((engine) => engine.dropCollection(collection));
  }

  /** A new engine with everything that was committed here. */
  copy(): MemoryEngine<T> {
    const engine = new MemoryEngine<T>();
    for (const step of this.#sealed) step(engine);
    return engine;
  }
}
