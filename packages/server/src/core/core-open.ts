/**
 * Opening a core: system tables, stored code, environment, and what the last process left unfinished.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import type { FileStore } from "../engine/file-store.ts";
import type { Engine } from "../engine/types.ts";
import { Database } from "../tx/database.ts";
import type { Clock } from "../protocol/alarms.ts";
import type { CodeLoader } from "../functions/code-loader.ts";
import { CommitClock } from "./commit-clock.ts";
import { Core } from "./core.ts";
import type { CopyStore } from "./core-requests.ts";
import type { CoreStart, FromCore } from "../protocol/core-protocol.ts";
import { FILE_SECRET_BYTES } from "../functions/file-addresses.ts";
import { storeSecret } from "./file-secret.ts";
import { SYSTEM_TABLES } from "../functions/system-rows.ts";
import type { RunMonitor } from "../protocol/watchdog.ts";

/** What a core is opened with. */
export interface CoreOpenOptions {
  readonly start: CoreStart;
  readonly engine: Engine<Doc>;
  readonly clock: Clock;
  readonly random: { bytes(count: number): Uint8Array };
  readonly monitor: RunMonitor;
  readonly loadCode: CodeLoader;
  readonly files: FileStore;
  readonly copyStore?: CopyStore | undefined;
  pause(): Promise<void>;
  send(batch: readonly FromCore[]): void;
}

/** Opens the core and says `ready` once everything it found is settled and durable. */
export async function openCore(options: CoreOpenOptions): Promise<Core> {
  const { engine, clock, random, start } = options;
  const commitClock = new CommitClock(clock);
  let core: Core | undefined;
  const database = Database.open({
    engine,
    clock: commitClock,
    random,
    limits: start.limits,
    onOwnCommit: (commit) => core?.commits.note(commit),
  });
  for (const { name, indexes } of SYSTEM_TABLES) database.defineSystemTable(name, indexes);
  core = new Core({ ...options, database, commitClock, role: "writer" });
  await core.codeStart.open(start.suspects);
  core.commits.read((tx) => core.state.restore(tx));
  if (!core.state.hasAddresses) core.commits.write("_system/storage", (tx) => storeSecret(tx, newSecret(random)));
  core.scheduler.recover(start.running, start.suspects);
  core.crons.recover(start.running, start.suspects);
  core.say({ type: "ready", active: core.active });
  core.enqueue(() => undefined);
  return core;
}

function newSecret(random: CoreOpenOptions["random"]): Uint8Array {
  return random.bytes(FILE_SECRET_BYTES);
}
