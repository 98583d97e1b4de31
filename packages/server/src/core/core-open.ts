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
import type { CoreStart, FromCore } from "../protocol/core-protocol.ts";
import { timeOutText } from "../protocol/core-protocol.ts";
import { environmentMap, readEnvironment } from "../functions/environment.ts";
import { activeOf, loadWatched, readCode } from "./push.ts";
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
    onOwnCommit: (commit) => core?.noteCommit(commit),
  });
  for (const { name, indexes } of SYSTEM_TABLES) database.defineSystemTable(name, indexes);
  core = new Core({ ...options, database, commitClock });
  core.files.open();
  await loadStored(core);
  core.scheduler.recover(start.running, start.suspects);
  core.crons.recover(start.running, start.suspects);
  core.requests.setSessionExpiry();
  core.say({ type: "ready", active: activeOf(core) });
  core.enqueue(() => undefined);
  return core;
}

async function loadStored(core: Core): Promise<void> {
  const { cloudUrl, siteUrl, suspects, limits } = core.options.start;
  core.runner.environment = environmentMap(core.read(readEnvironment), cloudUrl, siteUrl);
  const stored = core.read(readCode);
  if (stored === null) return;
  if (suspects.some(({ text }) => text === "load:start")) {
    core.runner.loadError = `Cannot load the app's modules: ${timeOutText(limits)}`;
    return;
  }
  try {
    core.runner.active = await loadWatched(core, "load:start", stored, core.runner.environment);
  } catch (error) {
    // The app stays as it is, without functions; a push brings it back.
    core.runner.loadError = `Cannot load the app's modules: ${error instanceof Error ? error.message : String(error)}`;
  }
}
