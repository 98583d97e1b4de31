/**
 * By which rules each query runs: Convex's (`document`), or those that make a run cost what changed (`fields`).
 *
 * `document`: dependencies are whole documents and consumed stretches, and every run reads. `fields`: a run depends on what it looked at, and
 * reads answer from memory where nothing changed. Results are the same.
 *
 * @module
 */
import type { BeginOptions } from "../tx/database.ts";
import { ReadHabits } from "../tx/document-access.ts";
import type { ReadNodes } from "../tx/read-nodes.ts";
import type { Tracking, TrackingOptions } from "../protocol/tracking-options.ts";
import { CONVEX_RULES, NARROW_RULES } from "../tx/types.ts";
import type { Commit, Mechanisms, TransactionUsage } from "../tx/types.ts";
import type { CommitObserver } from "./commits.ts";
import type { StateChange } from "./deployment-state.ts";

/** A mutation that reads so many documents is worth making nodes of what it read; by Convex's count. */
const MUCH_READ_DOCUMENTS = 64;

/** See the module comment. */
export class TrackingRules implements CommitObserver {
  readonly #options: TrackingOptions;
  readonly #nodes: ReadNodes;
  readonly #habits = new Map<string, ReadHabits>();
  readonly #distrusted = new Set<string>();
  /** Whether a mutation read much when it ran last. */
  readonly #readsMuch = new Map<string, boolean>();

  constructor(options: TrackingOptions, nodes: ReadNodes) {
    this.#options = options;
    this.#nodes = nodes;
  }

  /**
   * How to begin the transaction of a mutation: what it reads before it writes is answered from nodes where there are some. New nodes are
   * for those that read much: to one that looks up a row or two, making and keeping a node costs more than its reads do.
   */
  mutationOptions(path: string): BeginOptions {
    if (!this.#mechanismsFor(path).nodes) return { readOnly: false };
    return { readOnly: false, nodes: this.#nodes, makesNodes: this.#readsMuch.get(path) ?? true };
  }

  /** Learns how much a mutation read. */
  mutationRead(path: string, { documentsRead }: TransactionUsage): void {
    this.#readsMuch.set(path, documentsRead >= MUCH_READ_DOCUMENTS);
  }

  /** How to begin the transaction of a query. */
  beginOptions(path: string): BeginOptions {
    const mechanisms = this.#mechanismsFor(path);
    if (mechanisms === CONVEX_RULES || this.#distrusted.has(path)) return { readOnly: true };
    return { readOnly: true, mechanisms, nodes: this.#nodes, habits: this.#habitsOf(path) };
  }

  /** Forgets what functions were seen to do when the code is another one. */
  committed(_commit: Commit, { code }: StateChange): void {
    if (code !== "pushed") return;
    this.#habits.clear();
    this.#readsMuch.clear();
    this.#distrusted.clear();
  }

  /**
   * A result of this function was found false: from now on it goes by Convex's rules, whatever was asked for.
   *
   * @returns Whether that is news.
   */
  distrust(path: string): boolean {
    const isNews = !this.#distrusted.has(path);
    this.#distrusted.add(path);
    return isNews;
  }

  #mechanismsFor(path: string): Mechanisms {
    const { tracking = "fields", trackingFor } = this.#options;
    const isNamed = trackingFor !== undefined && Object.hasOwn(trackingFor, path);
    return mechanismsOf(isNamed ? (trackingFor[path] ?? tracking) : tracking);
  }

  #habitsOf(path: string): ReadHabits {
    let habits = this.#habits.get(path);
    if (habits === undefined) this.#habits.set(path, (habits = new ReadHabits()));
    return habits;
  }
}

function mechanismsOf(tracking: Tracking): Mechanisms {
  if (tracking === "document") return CONVEX_RULES;
  return tracking === "fields" ? NARROW_RULES : tracking;
}
