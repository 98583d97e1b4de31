/**
 * Deletes the rows of sessions that are older than Convex keeps them.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import type { Commit } from "../tx/types.ts";
import type { CommitObserver, Commits } from "./commits.ts";
import type { DeploymentState, StateChange } from "./deployment-state.ts";
import { expireSessions } from "./sessions.ts";
import { Ticker, type TickerParts } from "./ticker.ts";

/** What it needs of the core. */
export interface SessionExpiryParts {
  readonly ticking: TickerParts;
  readonly limits: Limits;
  readonly state: Pick<DeploymentState, "due">;
  readonly commits: Commits;
}

/** See the module comment. */
export class SessionExpiry implements CommitObserver {
  readonly #state: Pick<DeploymentState, "due">;
  readonly #ticker: Ticker;
  /** For which oldest row the alarm is set: every call of a client adds a row, and hardly one changes which is the oldest. */
  #setForMs: number | undefined;

  constructor({ ticking, limits: { sessionKeptMs }, state, commits }: SessionExpiryParts) {
    this.#state = state;
    this.#ticker = new Ticker(ticking, {
      name: "sessions",
      nextMs: () => {
        const { sessionMs } = state.due;
        this.#setForMs = sessionMs;
        return sessionMs === undefined ? undefined : sessionMs + sessionKeptMs;
      },
      work: () => {
        commits.write("_system/sessions", (tx) => expireSessions(tx, ticking.clock.nowMs(), sessionKeptMs));
      },
    });
  }

  committed(_commit: Commit, { sessions }: StateChange): void {
    if (sessions && this.#state.due.sessionMs !== this.#setForMs) this.#ticker.touch();
  }

  endTick(): void {
    this.#ticker.endTick();
  }
}
