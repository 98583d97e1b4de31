/**
 * Who was over before who began, as dependencies; few, because what follows from others is left out.
 *
 * What a subscription shows may be older than what others know by then, but not older than what its own client knew.
 *
 * @module
 */
import type { Dependency } from "./cycles.ts";
import type { ListTransaction } from "./history.ts";

interface Moment {
  readonly at: number;
  readonly number: number;
  readonly isEnd: boolean;
}

/** See the module comment. */
export function timeOrder(transactions: readonly ListTransaction[]): readonly Dependency[] {
  const found: Dependency[] = [];
  /** What is over, without what was over before one of these began. */
  let over = new Set<number>();
  /** The same of each client, for what it is shown. */
  const clients = new Map<number, Set<number>>();
  const before = new Map<number, ReadonlySet<number>>();
  for (const { number, isEnd } of momentsOf(transactions)) {
    const { client, kind } = transactions[number] as ListTransaction;
    const own = clients.get(client) ?? new Set<number>();
    clients.set(client, own);
    if (!isEnd) {
      before.set(number, new Set(over));
      for (const from of over) found.push({ from, to: number, kind: "time" });
      continue;
    }
    if (kind === "shown") {
      for (const from of own) found.push({ from, to: number, kind: "time" });
      own.clear();
    }
    const known = before.get(number);
    if (known !== undefined) over = new Set([...over].filter((one) => !known.has(one)));
    over.add(number);
    own.add(number);
  }
  return found;
}

/** In their order; what is shown has no beginning of its own, and what nobody heard of no end. */
function momentsOf(transactions: readonly ListTransaction[]): readonly Moment[] {
  return transactions
    .flatMap(({ kind, begun, ended }, number): readonly Moment[] => [
      ...(kind === "shown" ? [] : [{ at: begun, number, isEnd: false }]),
      ...(kind === "failed" || ended === Infinity ? [] : [{ at: ended, number, isEnd: true }]),
    ])
    .toSorted((one, other) => one.at - other.at);
}
