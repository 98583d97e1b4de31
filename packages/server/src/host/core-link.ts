/**
 * How main reaches the core: in a thread of its own, or in-process for tests and simulations. The core is the same.
 *
 * Invariants:
 *   - Batches arrive in the order they are sent.
 *   - `onEnd` is called once, when the core ends without having been asked to.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { StorageError } from "../engine/storage-error.ts";
import { BEAT } from "../protocol/heartbeat.ts";
import type { FromCore, ToCore } from "../protocol/core-protocol.ts";
import type { CoreThreadData } from "../core/core-thread.ts";
import { openCoreIn, type CoreHome, type OpenedCore } from "../core/core-home.ts";
import { workerEntry, workerExecArgv } from "./worker-entry.ts";

/** Where a link tells what comes from the core. */
export interface LinkEvents {
  onBatch(batch: readonly FromCore[]): void;
  /** The core is gone. */
  onEnd(error: Error): void;
}

/** A running core. */
export interface CoreLink {
  send(batch: readonly ToCore[]): void;
  /** Asks for a sign of life (`heartbeat.ts`). */
  ask(): void;
  /** Lets it finish what is under way and closes its store. */
  close(): Promise<void>;
  /** Ends it at once, wherever it is. Only what is durable stays. */
  terminate(): Promise<void>;
}

/** Runs the core in this thread. */
export async function openInProcess(home: CoreHome, events: LinkEvents): Promise<CoreLink> {
  let isOpen = true;
  let opened: OpenedCore | undefined;
  opened = await openCoreIn(home, (batch) => {
    if (!isOpen) return;
    const failure = batch.find((message) => message.type === "failed");
    if (failure?.type === "failed") {
      isOpen = false;
      const ended = (): void => events.onEnd(errorOf(failure));
      // The next core wants the store: this one has to be off it.
      void (opened?.close() ?? Promise.resolve()).then(ended, ended);
    } else events.onBatch(batch);
  });
  const close = async (): Promise<void> => {
    await opened.close();
    isOpen = false;
  };
  const ask = (): void => undefined;
  return { send: (batch) => opened.core.receive(batch), ask, close, terminate: close };
}

/** Runs the core in a thread of its own. */
export function openThread(data: CoreThreadData, events: LinkEvents): CoreLink {
  const worker = new Worker(workerEntry("core/core-thread"), { workerData: data, execArgv: workerExecArgv() });
  let isExpected = false;
  let isEnded = false;
  let failure: Error | undefined;
  const exited = new Promise<void>((resolve) => {
    worker.once("exit", (code) => {
      isEnded = true;
      resolve();
      if (!isExpected) events.onEnd(failure ?? new Error(`the core's thread ended with code ${code}`));
    });
  });
  worker.on("error", (error) => {
    failure = error instanceof Error ? error : new Error(String(error));
  });
  worker.on("message", (batch: readonly FromCore[]) => {
    if (isExpected && isEnded) return;
    const failed = batch.find((message) => message.type === "failed");
    if (failed?.type === "failed") {
      failure = errorOf(failed);
      void worker.terminate();
    } else events.onBatch(batch);
  });
  return {
    send: (batch) => worker.postMessage(batch),
    ask: () => worker.postMessage(BEAT),
    async close() {
      isExpected = true;
      worker.postMessage("close");
      await exited;
    },
    async terminate() {
      isExpected = true;
      await worker.terminate();
    },
  };
}

/** Why a core ended, by its own account. */
function errorOf({ message, storageCode }: Extract<FromCore, { type: "failed" }>): Error {
  const error = new Error(message);
  return storageCode === undefined ? error : new StorageError(storageCode, error);
}
