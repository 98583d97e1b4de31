/**
 * By which rules each query runs: Convex's (`document`), or those that make a run cost what changed (`fields`).
 *
 * `document`: dependencies are whole documents and consumed stretches, and every run reads. `fields`: a run depends on what it looked at, and
 * reads answer from memory where nothing changed. Results are the same.
 *
 * @module
 */
import { printFunction, type FunctionAddress } from "@narrowcast/values";
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
  mutationOptions(address: FunctionAddress): BeginOptions {
    const name = printFunction(address);
    if (!this.#mechanismsFor(name).nodes) return { readOnly: false };
    return { readOnly: false, nodes: this.#nodes, makesNodes: this.#readsMuch.get(name) ?? true };
  }

  /** Learns how much a mutation read. */
  mutationRead(address: FunctionAddress, { documentsRead }: TransactionUsage): void {
    this.#readsMuch.set(printFunction(address), documentsRead >= MUCH_READ_DOCUMENTS);
  }

  /** How to begin the transaction of a query. */
  beginOptions(address: FunctionAddress): BeginOptions {
    const name = printFunction(address);
    const mechanisms = this.#mechanismsFor(name);
    if (mechanisms === CONVEX_RULES || this.#distrusted.has(name)) return { readOnly: true };
    return { readOnly: true, mechanisms, nodes: this.#nodes, habits: this.#habitsOf(name) };
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
  distrust(address: FunctionAddress): boolean {
    const name = printFunction(address);
    const isNews = !this.#distrusted.has(name);
    this.#distrusted.add(name);
    return isNews;
  }

  #mechanismsFor(name: string): Mechanisms {
    const { tracking = "fields", trackingFor } = this.#options;
    const isNamed = trackingFor !== undefined && Object.hasOwn(trackingFor, name);
    return mechanismsOf(isNamed ? (trackingFor[name] ?? tracking) : tracking);
  }

  #habitsOf(name: string): ReadHabits {
    let habits = this.#habits.get(name);
    if (habits === undefined) this.#habits.set(name, (habits = new ReadHabits()));
    return habits;
  }
}

function mechanismsOf(tracking: Tracking): Mechanisms {
  if (tracking === "document") return CONVEX_RULES;
  return tracking === "fields" ? NARROW_RULES : tracking;
}
