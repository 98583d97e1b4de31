/**
 * Transactions of the core, and who observes their commits.
 *
 *   commit(tx) ─▶ sealed ─▶ state.apply(commit) ─▶ observers, in the order of their list
 *   note(commit)  the same for a commit that was made elsewhere: by the database itself, or by the core that this one follows
 *
 * Invariants:
 *   - Every commit goes through `note` once, in order, right after it was sealed and before anything else is asked of the core.
 *   - The state is folded first: whoever observes a commit finds the state that it made.
 *
 * @module
 */
import type { Ts } from "@narrowcast/values";
import type { BeginOptions, Database } from "../tx/database.ts";
import type { DatabaseTransaction } from "../tx/transaction.ts";
import type { Commit, Transaction } from "../tx/types.ts";
import type { CommitClock } from "./commit-clock.ts";
import type { DeploymentState, StateChange } from "./deployment-state.ts";

/** Observes commits. Called in between; must not commit. */
export interface CommitObserver {
  /** `change` is what the commit changed in the state of the deployment. */
  committed(commit: Commit, change: StateChange): void;
}

/** Reading what is committed. */
export class Reads {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Newest commit, durable or not. */
  get head(): Ts {
    return this.#database.head;
  }

  /** Runs `work` on a transaction that is given up afterwards. */
  read<T>(work: (tx: Transaction) => T): T {
    const tx = this.#database.begin({ readOnly: true });
    try {
      return work(tx);
    } finally {
      tx.abort();
    }
  }
}

/** What commits go through. */
export interface CommitParts {
  readonly database: Database;
  /** The clock that `database` was opened with. */
  readonly commitClock: CommitClock;
  readonly state: DeploymentState;
  readonly observers: readonly CommitObserver[];
}

/** See the module comment. */
export class Commits extends Reads {
  readonly #parts: CommitParts;

  constructor(parts: CommitParts) {
    super(parts.database);
    this.#parts = parts;
  }

  begin(options: BeginOptions): DatabaseTransaction {
    return this.#parts.database.begin(options);
  }

  /** Fixes the timestamp that the commit of `tx` will have. */
  promiseTs(tx: Transaction): Ts {
    return this.#parts.commitClock.pin(tx, this.head);
  }

  /** Commits `tx`. Returns `undefined` when it wrote nothing. */
  commit(tx: Transaction, source: string): Commit | undefined {
    let commit: Commit | undefined;
    try {
      commit = tx.commit(source);
    } finally {
      this.#parts.commitClock.unpin(commit);
    }
    if (commit !== undefined) this.note(commit);
    return commit;
  }

  /** Tells everybody inside of a commit that was just made. */
  note(commit: Commit): void {
    const change = this.#parts.state.apply(commit);
    for (const observer of this.#parts.observers) observer.committed(commit, change);
  }

  /** A transaction of a core that opens: the state takes in later what is stored then. */
  writeBeforeState(source: string, work: (tx: Transaction) => void): void {
    const tx = this.begin({ readOnly: false });
    try {
      work(tx);
      this.#parts.commitClock.unpin(tx.commit(source));
    } finally {
      tx.abort();
    }
  }

  /**
   * A transaction of the core's own: commits what `work` wrote, nothing when it throws.
   *
   * @throws {StorageError} When the disk does not take it.
   */
  write<T>(source: string, work: (tx: Transaction) => T): T {
    const tx = this.begin({ readOnly: false });
    try {
      const result = work(tx);
      this.commit(tx, source);
      return result;
    } finally {
      tx.abort();
    }
  }
}
