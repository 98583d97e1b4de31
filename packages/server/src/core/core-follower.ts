/**
 * A core that follows another one: it sees nothing but the records of the other's log, and answers queries and subscriptions.
 *
 *   log ──durable record──▶ job: rows ─▶ code, if it is another ─▶ state ─▶ observers ─▶ settle
 *
 * Invariants:
 *   - It writes nothing: no mutations, scheduled functions, crons or pushes are run here; requests for them are refused by name.
 *   - After each record its state and its answers are those that the other core had after that commit.
 *   - One record is one job: no query sees rows without the code and the state that belong to them.
 *
 * Of its own are its clock, its quarantine, its ledger of runs, and whether the code loads on its machine: if not, it tries again (`code-start.ts`).
 *
 * Not here: how records travel; the log must be one in this process.
 *
 * @module
 */
import { ROOT_COMPONENT, type TableAddress } from "@narrowcast/values";
import { followFrom } from "../engine/follow-log.ts";
import type { Log } from "../engine/log-types.ts";
import { Database } from "../tx/database.ts";
import type { CoreStart } from "../protocol/core-protocol.ts";
import { ENVIRONMENT_TABLE } from "../functions/environment.ts";
import { CommitClock } from "./commit-clock.ts";
import { Core } from "./core.ts";
import type { CoreOpenOptions } from "./core-open.ts";
import { MODULES_TABLE } from "./stored-code.ts";

/** What a follower is opened with. `engine` is empty, or has what a follower took in before: the rest comes from the log. */
export type FollowerOptions = Omit<CoreOpenOptions, "copyStore">;

/** See the module comment. */
export class FollowingCore {
  readonly core: Core;
  readonly #database: Database;
  /** Not told to the loading of code yet. */
  #suspects: CoreStart["suspects"];
  #leave: (() => void) | undefined;

  constructor(options: FollowerOptions) {
    const { engine, clock, random, start } = options;
    const commitClock = new CommitClock(clock);
    this.#suspects = start.suspects;
    this.#database = Database.openFollower({ engine, clock: commitClock, random, limits: start.limits });
    this.core = new Core({ ...options, database: this.#database, commitClock, role: "follower" });
    if (this.#database.head > 0) this.core.enqueue(() => this.#restore());
  }

  /**
   * Follows this log from where the follower is; the log that it followed before is left. What is durable now is taken in before any message that comes
   * later, then `ready` is said. A log that does not reach back to where the follower is ends the core.
   */
  follow(log: Log): void {
    this.leave();
    // What came of the log before is taken in first: it waits in front of this.
    this.core.enqueue(() => this.#catchUp(log));
  }

  /** Takes in nothing more; it goes on answering from what it has. */
  leave(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  async close(): Promise<void> {
    this.leave();
    await this.core.close();
  }

  async #catchUp(log: Log): Promise<void> {
    const there: Uint8Array[] = [];
    let isThere = true;
    this.leave();
    this.#leave = followFrom(log, this.#database.head, {
      records: (records) => {
        for (const { payload } of records) {
          if (isThere) there.push(payload);
          else this.core.enqueue(() => this.#take(payload));
        }
      },
      failed: (error) => {
        this.core.enqueue(() => {
          throw error;
        });
      },
    });
    isThere = false;
    for (const payload of there) await this.#take(payload);
    this.core.say({ type: "ready", active: this.core.active });
  }

  async #restore(): Promise<void> {
    await this.#prepareCode();
    this.core.commits.read((tx) => this.core.state.restore(tx));
  }

  async #take(payload: Uint8Array): Promise<void> {
    const commit = this.#database.follow(payload);
    if (commit === undefined) return;
    const isDeployment = commit.changes.some(({ table }) => isDeploymentTable(table));
    if (isDeployment) await this.#prepareCode();
    this.core.commits.note(commit);
  }

  async #prepareCode(): Promise<void> {
    const suspects = this.#suspects;
    this.#suspects = [];
    await this.core.codeStart.prepare(suspects);
  }
}

/** Whether its rows say which code runs, and in which environment. */
function isDeploymentTable({ component, table }: TableAddress): boolean {
  return component === ROOT_COMPONENT && (table === MODULES_TABLE || table === ENVIRONMENT_TABLE);
}
