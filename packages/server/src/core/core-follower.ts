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
 * @module
 */
import type { Doc } from "@narrowcast/values";
import type { FileStore } from "../engine/file-store.ts";
import { followFrom } from "../engine/follow-log.ts";
import type { Log } from "../engine/log-types.ts";
import type { Engine } from "../engine/types.ts";
import { Database } from "../tx/database.ts";
import type { Clock } from "../protocol/alarms.ts";
import type { CoreStart, FromCore } from "../protocol/core-protocol.ts";
import { LOAD_AT_START } from "../protocol/run-key.ts";
import type { RunMonitor } from "../protocol/watchdog.ts";
import type { CodeLoader } from "../functions/code-loader.ts";
import { ENVIRONMENT_TABLE } from "../functions/environment.ts";
import { CommitClock } from "./commit-clock.ts";
import { Core } from "./core.ts";
import { MODULES_TABLE } from "./stored-code.ts";

/** What a follower is opened with. */
export interface FollowerOptions {
  readonly start: CoreStart;
  /** Empty: what it holds comes from the log. */
  readonly engine: Engine<Doc>;
  readonly clock: Clock;
  readonly random: { bytes(count: number): Uint8Array };
  readonly monitor: RunMonitor;
  readonly loadCode: CodeLoader;
  readonly files: FileStore;
  readonly pause: () => Promise<void>;
  send(batch: readonly FromCore[]): void;
}

/** See the module comment. */
export class FollowingCore {
  readonly core: Core;
  readonly #database: Database;
  #leave: (() => void) | undefined;

  constructor(options: FollowerOptions) {
    const { engine, clock, random, start } = options;
    const commitClock = new CommitClock(clock);
    this.#database = Database.openFollower({ engine, clock: commitClock, random, limits: start.limits });
    this.core = new Core({ ...options, database: this.#database, commitClock, role: "follower" });
  }

  /** Follows this log from where the follower is; the log that it followed before is left. `ready` is said when what is there was taken in. */
  follow(log: Log): void {
    this.#leave?.();
    this.#leave = followFrom(log, this.#database.head, {
      records: (records) => {
        for (const { payload } of records) this.core.enqueue(() => this.#take(payload));
      },
      failed: (error) => {
        this.core.enqueue(() => {
          throw error;
        });
      },
    });
    this.core.enqueue(() => this.core.say({ type: "ready", active: this.core.active }));
  }

  async close(): Promise<void> {
    this.#leave?.();
    await this.core.close();
  }

  async #take(payload: Uint8Array): Promise<void> {
    const commit = this.#database.follow(payload);
    if (commit === undefined) return;
    const { loader, state, commits } = this.core;
    const isDeployment = commit.changes.some(({ table }) => table === MODULES_TABLE || table === ENVIRONMENT_TABLE);
    if (isDeployment) await loader.prepareStored(state, commits, LOAD_AT_START);
    commits.note(commit);
  }
}
