/**
 * Checks a history of list appends for strict serializability, after Elle (Kingsbury, Alvaro: "Elle: Inferring Isolation Anomalies from Experimental
 * Observations", VLDB 2020).
 *
 *   reads ─longest of each key─▶ order of its versions ─▶ dependencies (ww, wr, rw, what came before in time) ─▶ a cycle is an anomaly
 *
 * Reads of one key must all be beginnings of the longest one. From then on the order of a key's versions is known, and with it who wrote over whom
 * (ww), who read from whom (wr), and who read what another one then changed (rw).
 *
 * Not here: values that are appended more than once by the clients; other data types.
 *
 * @module
 */
import { findCycle, type Dependency, type DependencyKind } from "./cycles.ts";
import type { Anomaly, ListTransaction } from "./history.ts";
import { timeOrder } from "./time-order.ts";

/** All anomalies that are found; of cycles the smallest set of reasons that makes one. Empty: the history is strictly serializable. */
export function checkLists(transactions: readonly ListTransaction[]): readonly Anomaly[] {
  const check = new ListCheck(transactions);
  return check.run();
}

/** In this order: a cycle of writes alone is worse than one that needs time to be one. */
const CYCLE_KINDS: readonly { readonly name: string; readonly kinds: readonly DependencyKind[] }[] = [
  { name: "G0, writes over each other", kinds: ["ww"] },
  { name: "G1c, each read from the other", kinds: ["ww", "wr"] },
  { name: "G2, an anti-dependency", kinds: ["ww", "wr", "rw"] },
  { name: "against the order of time", kinds: ["ww", "wr", "rw", "time"] },
];

class ListCheck {
  readonly #transactions: readonly ListTransaction[];
  readonly #anomalies: Anomaly[] = [];
  /** Number of the transaction that appended a value, by key and value. */
  readonly #writers = new Map<string, number>();
  /** The longest read of each key. */
  readonly #orders = new Map<string, readonly number[]>();

  constructor(transactions: readonly ListTransaction[]) {
    this.#transactions = transactions;
  }

  run(): readonly Anomaly[] {
    this.#findWriters();
    const external = this.#transactions.map((_, number) => this.#externalReads(number));
    for (const reads of external) for (const [key, values] of reads) this.#takeLongest(key, values);
    external.forEach((reads, number) => this.#checkReads(number, reads));
    this.#checkLost();
    // Without one order of versions there are no dependencies to speak of.
    if (!this.#anomalies.some(({ name }) => name === "two orders" || name === "append twice"))
      this.#checkCycles(external);
    return this.#anomalies;
  }

  #report(name: Anomaly["name"], text: string): void {
    this.#anomalies.push({ name, text });
  }

  #findWriters(): void {
    this.#transactions.forEach(({ steps }, number) => {
      for (const step of steps) if (step.kind === "append") this.#writers.set(nameOf(step.key, step.value), number);
    });
  }

  /** What a transaction read of others, by key; what it read of its own writes is checked here. */
  #externalReads(number: number): ReadonlyMap<string, readonly number[]> {
    const found = new Map<string, readonly number[]>();
    const transaction = this.#at(number);
    if (transaction.kind === "failed" || transaction.kind === "unknown") return found;
    const own = new Map<string, number[]>();
    for (const step of transaction.steps) {
      const appended = own.get(step.key) ?? [];
      if (step.kind === "append") {
        own.set(step.key, [...appended, step.value]);
        continue;
      }
      const before = found.get(step.key);
      const others = step.values.slice(0, Math.max(0, step.values.length - appended.length));
      const expected = [...(before ?? others), ...appended];
      if (!isEqual(step.values, expected)) {
        this.#report(
          "not its own writes",
          `${this.#name(number)} read ${shown(step.key, step.values)} and not ${shown(step.key, expected)}`,
        );
      }
      if (before === undefined) found.set(step.key, others);
    }
    return found;
  }

  #takeLongest(key: string, values: readonly number[]): void {
    if (values.length > (this.#orders.get(key)?.length ?? -1)) this.#orders.set(key, values);
  }

  #checkReads(number: number, reads: ReadonlyMap<string, readonly number[]>): void {
    for (const [key, values] of reads) {
      const order = this.#orders.get(key) ?? [];
      if (!values.every((value, at) => order[at] === value)) {
        this.#report(
          "two orders",
          `${this.#name(number)} read ${shown(key, values)}, another one ${shown(key, order)}`,
        );
      }
      if (values === order) this.#checkOrder(key, order);
      this.#checkLast(number, key, values);
    }
  }

  /** The longest read of a key: values that are there twice, or should not be there. */
  #checkOrder(key: string, order: readonly number[]): void {
    const there = new Set<number>();
    for (const value of order) {
      if (there.has(value)) this.#report("append twice", `${value} is in ${shown(key, order)} twice`);
      there.add(value);
      const writer = this.#writers.get(nameOf(key, value));
      if (writer === undefined) this.#report("value of nobody", `nobody appended ${value} to "${key}"`);
      else if (this.#at(writer).kind === "failed")
        this.#report("aborted read", `${value} is in "${key}", but ${this.#name(writer)} failed`);
    }
  }

  /** A read may not end between two appends of one transaction. */
  #checkLast(number: number, key: string, values: readonly number[]): void {
    const last = values.at(-1);
    const writer = last === undefined ? undefined : this.#writers.get(nameOf(key, last));
    if (writer === undefined || writer === number) return;
    const appended = appendsTo(this.#at(writer), key);
    if (appended.at(-1) !== last) {
      this.#report(
        "intermediate read",
        `${this.#name(number)} read ${shown(key, values)} in the midst of ${this.#name(writer)}`,
      );
    }
  }

  /** A history ends with reads of all keys by somebody who waited for everything. */
  #checkLost(): void {
    this.#transactions.forEach((transaction, number) => {
      if (transaction.kind !== "done") return;
      for (const step of transaction.steps) {
        if (step.kind !== "append" || this.#orders.get(step.key)?.includes(step.value) === true) continue;
        this.#report(
          "lost append",
          `${step.value} is not in "${step.key}", but ${this.#name(number)} was acknowledged`,
        );
      }
    });
  }

  #checkCycles(external: readonly ReadonlyMap<string, readonly number[]>[]): void {
    const dependencies = [...this.#versions(), ...this.#reads(external), ...timeOrder(this.#transactions)];
    for (const { name, kinds } of CYCLE_KINDS) {
      const cycle = findCycle(
        this.#transactions.length,
        dependencies.filter(({ kind }) => kinds.includes(kind)),
      );
      if (cycle === undefined) continue;
      const text = cycle.map(({ from, kind, to }) => `${this.#name(from)} ─${kind}─▶ ${this.#name(to)}`).join("; ");
      this.#report("cycle", `${name}: ${text}`);
      return;
    }
  }

  *#versions(): Iterable<Dependency> {
    for (const [key, order] of this.#orders) {
      for (let at = 1; at < order.length; at += 1) {
        const from = this.#writers.get(nameOf(key, order[at - 1] ?? 0));
        const to = this.#writers.get(nameOf(key, order[at] ?? 0));
        if (from !== undefined && to !== undefined && from !== to) yield { from, to, kind: "ww" };
      }
    }
  }

  *#reads(external: readonly ReadonlyMap<string, readonly number[]>[]): Iterable<Dependency> {
    for (const [number, reads] of external.entries()) {
      for (const [key, values] of reads) {
        const last = values.at(-1);
        const from = last === undefined ? undefined : this.#writers.get(nameOf(key, last));
        if (from !== undefined && from !== number) yield { from, to: number, kind: "wr" };
        const next = this.#orders.get(key)?.[values.length];
        const to = next === undefined ? undefined : this.#writers.get(nameOf(key, next));
        if (to !== undefined && to !== number) yield { from: number, to, kind: "rw" };
      }
    }
  }

  #at(number: number): ListTransaction {
    const transaction = this.#transactions[number];
    if (transaction === undefined)
      throw new RangeError(`Cannot find transaction ${number}: there are ${this.#transactions.length}`);
    return transaction;
  }

  #name(number: number): string {
    const { client, kind, steps } = this.#at(number);
    const texts = steps.map((step) =>
      step.kind === "append"
        ? `"${step.key}" + ${step.value}`
        : `"${step.key}" = …${step.values.slice(-2).join(",")} (${step.values.length})`,
    );
    return `#${number} (client ${client}, ${kind}: ${texts.join("; ")})`;
  }
}

function nameOf(key: string, value: number): string {
  return `${value}:${key}`;
}

function appendsTo({ steps }: ListTransaction, key: string): readonly number[] {
  return steps.flatMap((step) => (step.kind === "append" && step.key === key ? [step.value] : []));
}

function isEqual(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, at) => value === other[at]);
}

function shown(key: string, values: readonly number[]): string {
  const SHOWN_MAX = 12;
  const end = values.slice(-SHOWN_MAX).join(", ");
  return `"${key}" [${values.length > SHOWN_MAX ? "…, " : ""}${end}]`;
}
