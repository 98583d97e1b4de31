/**
 * Histories of transactions on lists: what clients asked for, what they were told, and when.
 *
 * Every value is appended once in a history, so that a list that somebody reads says which appends came before, in which order.
 *
 * @module
 */

/** One step of a transaction. */
export type Step =
  | { readonly kind: "append"; readonly key: string; readonly value: number }
  | { readonly kind: "read"; readonly key: string; readonly values: readonly number[] };

/** A transaction as its client saw it. */
export interface ListTransaction {
  /** Whose; what one client does may overlap. */
  readonly client: number;
  /**
   * `done`: acknowledged, with everything it read. `failed`: it says that it did nothing. `unknown`: its client never heard, so it may have happened,
   * later too.
   * `shown`: the new result of a subscription; it holds at some moment since the socket's last one, and no earlier than what its own client knew.
   */
  readonly kind: "done" | "failed" | "unknown" | "shown";
  /** Moments are numbers of events: no two are equal. */
  readonly begun: number;
  /** Infinity when its client never heard. */
  readonly ended: number;
  /** In their order; of an unknown one the appends that it asked for, of a failed one, too. */
  readonly steps: readonly Step[];
}

/** What cannot be under strict serializability. */
export interface Anomaly {
  readonly name:
    | "lost append"
    | "append twice"
    | "aborted read"
    | "intermediate read"
    | "value of nobody"
    | "two orders"
    | "not its own writes"
    | "cycle";
  /** For people: keys, values and transactions. */
  readonly text: string;
}
