/**
 * Random histories of an engine, run step by step against the model.
 *
 * Rows are small objects; their index keys are computed from them, so moves are always right. Some keys are longer than LMDB allows and share long prefixes.
 *
 * @module
 */
import * as fc from "fast-check";
import { expect } from "vitest";
import { PRIMARY } from "../types.ts";
import { followFrom } from "../follow-log.ts";
import type { Log } from "../log-types.ts";
import type { Engine, Key, KeyRange } from "../types.ts";
import { ModelEngine } from "./model-engine.ts";
import { indexKeyOf, INDEXES, movesOf } from "./test-rows.ts";
import type { TestRow } from "./test-rows.ts";

export const COLLECTIONS = [1, 2];
const LONG = "x".repeat(1024);
const TEXTS = [
  "",
  "a",
  "x",
  LONG,
  `${LONG}\0`,
  `${LONG}a`,
  `${LONG}${LONG}`,
  `${LONG}${LONG}tail`,
  `${LONG}yy\u00ff`,
  "y",
];
const KEYS = [
  "",
  "k",
  ...Array.from({ length: 12 }, (_, at) => `k${at}`),
  `${LONG}k`,
  `${LONG}${LONG}${LONG}`,
  "\u00ff\u00ff",
];

const row = fc.record({ a: fc.integer({ min: 0, max: 255 }), text: fc.constantFrom(...TEXTS) });
const collection = fc.constantFrom(...COLLECTIONS);
const key = fc.constantFrom(...KEYS);
const bound = fc.oneof(key, fc.constantFrom(...TEXTS), fc.constant("m"));
const put = fc.record({ collection, key, row: fc.option(row, { nil: undefined, freq: 3 }) });
const range = fc.record({ start: fc.oneof(fc.constant(""), bound), end: fc.option(bound, { nil: undefined }) });

/** One step of a history. */
export const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("put" as const), put }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("savepoint" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("rollback" as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("commit" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("flush" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("checkpoint" as const), isAwaited: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("dropIndex" as const), collection, index: fc.constantFrom(...INDEXES) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("dropCollection" as const), collection }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("turn" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("scan" as const),
      collection,
      index: fc.constantFrom(PRIMARY, ...INDEXES),
      range,
      order: fc.constantFrom("asc" as const, "desc" as const),
      puts: fc.array(fc.record({ after: fc.integer({ min: 0, max: 6 }), put }), { maxLength: 3 }),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type Put = typeof put extends fc.Arbitrary<infer P> ? P : never;

/** What histories do; nothing of it is laid over the model. */
type Steps = Omit<Engine<TestRow>, "apply">;

/** An engine under test with what only some engines can do. */
export interface Subject {
  engine: Engine<TestRow>;
  /** Closes and opens again; without it a reopen is left out. */
  reopen?: () => Promise<Engine<TestRow>>;
  checkpoint?: () => Promise<void>;
  /** An engine that sees nothing but the records of the subject's log, and that log as it is open now. */
  follower?: { readonly engine: Engine<TestRow>; log(): Log };
}

/** Runs histories against the model. */
export class HistoryRun {
  readonly #subject: Subject;
  readonly #model = new ModelEngine<TestRow>();
  #savepoints: number[] = [0];
  #ts = 0;
  #failure: Error | undefined;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#register();
    this.#follow();
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.#step(step);
      this.#compareRows();
    }
    this.#compareTrees();
    await this.#compareFollower();
  }

  #follow(): void {
    const { follower } = this.#subject;
    if (follower === undefined) return;
    followFrom(follower.log(), follower.engine.head, {
      records: (records) => records.forEach(({ payload }) => follower.engine.apply(payload)),
      failed: (error) => {
        this.#failure = error;
      },
    });
  }

  /** The follower has what is durable, whatever it saw of the way there. */
  async #compareFollower(): Promise<void> {
    const { follower } = this.#subject;
    if (follower === undefined) return;
    this.#each((engine) => engine.rollback(0));
    await this.#subject.engine.flush();
    expect(this.#failure).toBeUndefined();
    expect(follower.engine.head).toBe(this.#subject.engine.head);
    for (const one of COLLECTIONS) for (const index of INDEXES) follower.engine.registerIndex(one, index);
    this.#subject.engine = follower.engine;
    this.#compareRows();
    this.#compareTrees();
  }

  #each(act: (engine: Steps) => void): void {
    act(this.#subject.engine);
    act(this.#model);
  }

  #register(): void {
    for (const one of COLLECTIONS)
      for (const index of INDEXES) this.#each((engine) => engine.registerIndex(one, index));
  }

  #put({ collection, key, row }: Put): void {
    const moves = movesOf(key, this.#model.get(collection, key), row);
    this.#each((engine) => engine.put({ collection, key, value: row, moves }));
  }

  #endTransaction(isCommit: boolean): void {
    this.#ts += 1;
    if (isCommit) this.#each((engine) => engine.commit(this.#ts, "note"));
    else this.#each((engine) => engine.rollback(0));
    this.#savepoints = [0];
  }

  async #step(step: Step): Promise<void> {
    switch (step.kind) {
      case "put":
        return this.#put(step.put);
      case "savepoint":
        this.#each((engine) => this.#savepoints.push(engine.savepoint()));
        expect(this.#savepoints.pop()).toBe(this.#savepoints.at(-1));
        return;
      case "rollback": {
        const at = Math.floor(step.share * (this.#savepoints.length - 1));
        this.#each((engine) => engine.rollback(this.#savepoints[at]!));
        this.#savepoints.length = at + 1;
        return;
      }
      case "commit":
        return this.#endTransaction(true);
      case "flush":
        await this.#subject.engine.flush();
        expect(this.#subject.engine.durable).toBe(this.#subject.engine.head);
        return;
      case "checkpoint":
        if (step.isAwaited) await this.#subject.checkpoint?.();
        else this.#subject.checkpoint?.().catch((error: unknown) => expect(error).toBeUndefined());
        return;
      case "turn":
        return await new Promise((resolve) => setImmediate(resolve));
      case "reopen":
        return await this.#reopen();
      case "dropIndex":
        return this.#dropAndRefill(step.collection, step.index);
      case "dropCollection":
        this.#endTransaction(true);
        this.#each((engine) => engine.dropCollection(step.collection));
        return this.#register();
      case "scan":
        return this.#scan(step);
    }
  }

  async #reopen(): Promise<void> {
    this.#endTransaction(false);
    this.#subject.engine = (await this.#subject.reopen?.()) ?? this.#subject.engine;
    this.#register();
    if (this.#subject.reopen !== undefined) this.#follow();
    expect(this.#subject.engine.head).toBe(this.#model.head);
    this.#compareTrees();
  }

  /** Drops an index, registers it again (it must be empty), writes a row, and fills it from the rows. */
  #dropAndRefill(collection: number, index: number): void {
    this.#endTransaction(true);
    this.#each((engine) => engine.dropIndex(collection, index));
    this.#each((engine) => engine.registerIndex(collection, index));
    this.#compareTree(collection, index);
    this.#put({ collection, key: "k", row: { a: 7, text: "filled" } });
    this.#endTransaction(true);
    const cursor = this.#model.scan(collection, PRIMARY, { start: "", end: undefined }, "asc");
    const entries: { indexKey: Key; key: Key }[] = [{ indexKey: "nobody", key: "no such row" }];
    while (cursor.next()) entries.push({ indexKey: indexKeyOf(index, cursor.key, cursor.value()), key: cursor.key });
    this.#each((engine) => engine.fillIndex(collection, index, entries));
    this.#compareTree(collection, index);
  }

  #scan({ collection, index, range, order, puts }: Step & { readonly kind: "scan" }): void {
    const cursor = this.#subject.engine.scan(collection, index, range, order);
    const expected = this.#model.scan(collection, index, range, order);
    for (let at = 0; ; at += 1) {
      for (const one of puts) if (one.after === at) this.#put(one.put);
      const isThere = expected.next();
      expect(cursor.next()).toBe(isThere);
      if (!isThere) return;
      expect([cursor.indexKey, cursor.key]).toEqual([expected.indexKey, expected.key]);
      expect(cursor.value()).toEqual(expected.value());
    }
  }

  #compareRows(): void {
    for (const collection of COLLECTIONS) {
      expect(this.#subject.engine.count(collection)).toBe(this.#model.count(collection));
      for (const key of KEYS)
        expect(this.#subject.engine.get(collection, key)).toEqual(this.#model.get(collection, key));
    }
  }

  #compareTrees(): void {
    for (const collection of COLLECTIONS) {
      for (const index of [PRIMARY, ...INDEXES]) this.#compareTree(collection, index);
    }
  }

  #compareTree(collection: number, index: number): void {
    for (const order of ["asc", "desc"] as const) {
      const range: KeyRange = { start: "", end: undefined };
      this.#scan({ kind: "scan", collection, index, range, order, puts: [] });
    }
  }
}
