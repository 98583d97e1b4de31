/**
 * A core that follows, in a test's hands: asks it and remembers what it said.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import type { Doc, Limits } from "@narrowcast/values";
import { MemoryEngine } from "../engine/memory-engine.ts";
import type { FileStore } from "../engine/file-store.ts";
import { FollowingCore } from "../core/core-follower.ts";
import type { Core } from "../core/core.ts";
import { loadPackage, type CodeLoader } from "../functions/code-loader.ts";
import type { Clock } from "../protocol/alarms.ts";
import type { Active, CoreReplies, CoreRequest, FromCore, Suspect } from "../protocol/core-protocol.ts";
import type { SocketUpdate } from "../protocol/live-types.ts";
import { noMonitor } from "../protocol/watchdog.ts";
import type { WithoutId } from "./core-world.ts";
import { DOCUMENT_CODEC } from "./sim-disk.ts";

/** What a follower shares with its writer, and how it is opened. */
export interface FollowingOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly files: FileStore;
  /** What an earlier follower took in. */
  readonly engine?: MemoryEngine<Doc>;
  readonly suspects?: readonly Suspect[];
  readonly loadCode?: CodeLoader;
}

/** See the module comment. */
export class FollowingSide {
  readonly following: FollowingCore;
  readonly engine: MemoryEngine<Doc>;
  readonly updates: SocketUpdate[] = [];
  /** Lines of the trace. */
  readonly traced: string[] = [];
  /** Failures of the core, and messages that a follower has no reason to say. */
  readonly failures: string[] = [];
  active: Active | undefined;
  readonly #pending = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #lastId = 0;

  constructor(options: FollowingOptions) {
    const { limits, clock, files, suspects = [] } = options;
    this.engine = options.engine ?? new MemoryEngine<Doc>({ codec: DOCUMENT_CODEC });
    const urls = { cloudUrl: "http://cloud", siteUrl: "http://site" };
    this.following = new FollowingCore({
      start: { ...urls, limits, suspects, running: [], verify: false },
      engine: this.engine,
      clock,
      random: { bytes: (count) => new Uint8Array(count) },
      monitor: noMonitor,
      loadCode: options.loadCode ?? loadPackage,
      files,
      pause: () => setImmediate(),
      send: (batch) => batch.forEach((message) => this.#receive(message)),
    });
  }

  get core(): Core {
    return this.following.core;
  }

  request<T extends CoreRequest["type"]>(
    message: Extract<WithoutId<CoreRequest>, { type: T }>,
  ): Promise<CoreReplies[T]> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.failures.length > 0) reject(new Error(this.failures[0]));
      this.#pending.set(id, { resolve, reject });
      this.core.receive([{ ...message, id }]);
    });
  }

  #receive(message: FromCore): void {
    switch (message.type) {
      case "reply":
        return this.#pending.get(message.id)?.resolve(message.value as never);
      case "refused":
        return this.#pending.get(message.id)?.reject(new Error(message.message));
      case "updates":
        this.updates.push(...message.updates);
        return;
      case "active":
      case "ready":
        this.active = message.active;
        return;
      case "trace":
        this.traced.push(...message.lines);
        return;
      case "logs":
      case "awake":
        return;
      default:
        this.failures.push(message.type === "failed" ? message.message : `it said "${message.type}"`);
        for (const { reject } of this.#pending.values()) reject(new Error(this.failures[0]));
    }
  }
}
