/**
 * Opens a core on its store in this thread: engine, database, core, in this order; closes them in the other.
 *
 * @module
 */
import { randomFillSync } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { decodeDocument, encodeDocument, type Doc } from "@narrowcast/values";
import type { FileStore } from "../engine/file-store.ts";
import { FolderFiles } from "../engine/folder-files.ts";
import { MemoryFiles } from "../engine/memory-files.ts";
import type { LogFs } from "../engine/log-fs.ts";
import { MemoryEngine } from "../engine/memory-engine.ts";
import { StorageError } from "../engine/storage-error.ts";
import type { Codec, Engine } from "../engine/types.ts";
import { systemClock, type Clock } from "../protocol/alarms.ts";
import type { Core } from "./core.ts";
import { loadPackage, type CodeLoader } from "../functions/code-loader.ts";
import { openCore } from "./core-open.ts";
import type { CopyStore } from "./core-requests.ts";
import type { CoreStart, FromCore } from "../protocol/core-protocol.ts";
import { noMonitor, type RunMonitor } from "../protocol/watchdog.ts";

/** Where and how a core lives. */
export interface CoreHome {
  readonly start: CoreStart;
  /** Folder of the store; undefined: memory only. */
  readonly directory?: string | undefined;
  /** Budget of resident data, in bytes. */
  readonly memoryBytes?: number | undefined;
  readonly monitor?: RunMonitor | undefined;
  /** A simulation's own; else those of this machine. */
  readonly engine?: Engine<Doc> | undefined;
  /** The disk of the log; the real one by default. */
  readonly logFs?: LogFs | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: { bytes(count: number): Uint8Array } | undefined;
  readonly loadCode?: CodeLoader | undefined;
  readonly pause?: (() => Promise<void>) | undefined;
  /** Bytes of files; else in the folder of the store, or in memory. */
  readonly files?: FileStore | undefined;
}

/** A core and how to close it with its store. */
export interface OpenedCore {
  readonly core: Core;
  close(): Promise<void>;
}

const DOCUMENT_CODEC: Codec<Doc> = { encode: encodeDocument, decode: decodeDocument };

/** Bytes that are drawn from the system at once. */
const RANDOM_POOL_BYTES = 16_384;

/** Randomness of this machine, drawn in large pieces: every run needs a few bytes, and each draw is a system call. */
export class SystemRandom {
  #pool = new Uint8Array(0);
  #used = 0;

  bytes(count: number): Uint8Array {
    if (count > RANDOM_POOL_BYTES) return randomFillSync(new Uint8Array(count));
    if (this.#used + count > this.#pool.length) {
      // A new one each time: what was handed out stays as it is.
      this.#pool = randomFillSync(new Uint8Array(RANDOM_POOL_BYTES));
      this.#used = 0;
    }
    this.#used += count;
    return this.#pool.subarray(this.#used - count, this.#used);
  }
}

/** See the module comment. Sends `ready` when the core takes messages. */
export async function openCoreIn(home: CoreHome, send: (batch: readonly FromCore[]) => void): Promise<OpenedCore> {
  const { engine, copyStore } = home.engine === undefined ? await openEngine(home) : { engine: home.engine };
  const core = await openCore({
    start: home.start,
    engine,
    clock: home.clock ?? systemClock,
    random: home.random ?? new SystemRandom(),
    monitor: home.monitor ?? noMonitor,
    loadCode: home.loadCode ?? loadPackage,
    pause: home.pause ?? (() => setImmediate()),
    files: await openFiles(home),
    copyStore,
    send,
  });
  return {
    core,
    async close() {
      await core.close();
      await engine.close();
    },
  };
}

/** Folder of the files' bytes in a store's. */
export function filesFolder(directory: string): string {
  return join(directory, "files");
}

/** After the engine, whose lock makes this process the only one here. */
async function openFiles({ files, directory }: CoreHome): Promise<FileStore> {
  if (files !== undefined) return files;
  if (directory === undefined) return new MemoryFiles();
  const store = new FolderFiles(filesFolder(directory), "core");
  await store.removeUnfinished(new Set());
  return store;
}

interface OpenedEngine {
  readonly engine: Engine<Doc>;
  readonly copyStore?: CopyStore;
}

async function openEngine({ directory, memoryBytes, logFs, start }: CoreHome): Promise<OpenedEngine> {
  if (directory === undefined) return { engine: new MemoryEngine<Doc>() };
  // Loaded when needed: a deployment in memory has no use for the storage library.
  const { openDiskEngine } = await import("../engine/open-disk-engine.ts");
  const { storageCode } = start;
  const suspicion = storageCode === undefined ? undefined : new StorageError(storageCode, undefined);
  const engine = openDiskEngine<Doc>({ directory, codec: DOCUMENT_CODEC, memoryBytes, logFs, suspicion });
  const copyStore: CopyStore = async (to, onProgress) => {
    // What a core left there that ended over the same request.
    for (const part of ["log", "base"]) await rm(join(to, part), { recursive: true, force: true });
    await engine.copyTo(to, onProgress);
  };
  return { engine, copyStore };
}
