/**
 * Who observes the commits of a core, and in which order: first what queries are answered from, then who asks again, then the others.
 *
 * A core that follows another one has the same observers but those that would write: scheduled functions, crons and sessions are the writer's.
 *
 * @module
 */
import type { NodeStore } from "../reactive/node-store.ts";
import type { Reactor } from "../reactive/reactor.ts";
import type { FromCore } from "../protocol/core-protocol.ts";
import type { CommitObserver } from "./commits.ts";

/** Writes commits, or only follows those of another core (`core-follower.ts`). */
export type CoreRole = "writer" | "follower";

/** The observers by name, in their order. */
export interface CoreObservers {
  readonly nodes: CommitObserver;
  readonly reactor: CommitObserver;
  /** undefined: metering is off. */
  readonly meter: CommitObserver | undefined;
  readonly trace: CommitObserver;
  readonly quarantine: CommitObserver;
  readonly tracking: CommitObserver;
  readonly past: CommitObserver;
  readonly scheduler: CommitObserver | undefined;
  readonly crons: CommitObserver | undefined;
  readonly sessions: CommitObserver | undefined;
  readonly main: CommitObserver;
}

/** What observers are made of. */
export interface ObserverParts {
  readonly role: CoreRole;
  readonly nodes: NodeStore;
  readonly reactor: Reactor;
  readonly meter: CommitObserver | undefined;
  readonly trace: CommitObserver;
  readonly quarantine: CommitObserver;
  readonly tracking: CommitObserver;
  readonly past: CommitObserver;
  readonly scheduler: CommitObserver;
  readonly crons: CommitObserver;
  readonly sessions: CommitObserver;
  /** Tells main what is active now. */
  sayActive(): void;
  say(message: FromCore): void;
}

/** See the module comment. */
export function coreObservers(parts: ObserverParts): CoreObservers {
  const isWriter = parts.role === "writer";
  return {
    nodes: { committed: (commit) => parts.nodes.apply(commit) },
    reactor: {
      committed: (commit, { code }) => {
        parts.reactor.applyCommit(commit);
        // The commit of a push touches every live query by itself; one that had the code evaluated again does not.
        if (code !== undefined) parts.reactor.invalidateAll();
      },
    },
    meter: parts.meter,
    trace: parts.trace,
    quarantine: parts.quarantine,
    tracking: parts.tracking,
    past: parts.past,
    scheduler: isWriter ? parts.scheduler : undefined,
    crons: isWriter ? parts.crons : undefined,
    sessions: isWriter ? parts.sessions : undefined,
    main: {
      committed: (_commit, { code, environment, filesDeleted }) => {
        // The bytes are those of whoever writes.
        if (isWriter && filesDeleted.length > 0) parts.say({ type: "filesDeleted", names: filesDeleted });
        if (code !== undefined || environment) parts.sayActive();
      },
    },
  };
}

/** The observers that there are, in their order. */
export function observersInOrder(observers: CoreObservers): readonly CommitObserver[] {
  return Object.values(observers).filter((observer: CommitObserver | undefined) => observer !== undefined);
}
