/**
 * The program of the core's thread: opens the core on its store and passes batches on.
 *
 * Not here: who starts and watches it (`core-link.ts`, `core-client.ts`).
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import type { FromCore, ToCore } from "../protocol/core-protocol.ts";
import { openCoreIn, type CoreHome } from "./core-home.ts";
import { BEAT, heartOf } from "../protocol/heartbeat.ts";
import { SharedMonitor } from "../protocol/watchdog.ts";

/** `workerData` of the thread. */
export type CoreThreadData = Pick<CoreHome, "directory" | "memoryBytes" | "start"> & {
  readonly watchMemory: SharedArrayBuffer;
  readonly heartMemory: SharedArrayBuffer;
};

const port = requirePort();
const { watchMemory, heartMemory, ...home } = workerData as CoreThreadData;

/** Before the core is open, messages wait here. */
let early: (readonly ToCore[] | "close")[] | undefined = [];
const beat = heartOf(heartMemory);
port.on("message", (message: readonly ToCore[] | "close" | typeof BEAT) => {
  if (message === BEAT) beat();
  else if (early === undefined) handle(message);
  else early.push(message);
});

const opened = await openCoreIn({ ...home, monitor: new SharedMonitor(watchMemory) }, (batch: readonly FromCore[]) =>
  port.postMessage(batch),
);
const waiting = early;
early = undefined;
for (const message of waiting) handle(message);

function handle(message: readonly ToCore[] | "close"): void {
  if (message !== "close") return opened.core.receive(message);
  void opened.close().finally(() => port.close());
}

function requirePort(): NonNullable<typeof parentPort> {
  if (parentPort === null)
    throw new Error("Cannot run core-thread: this is no worker thread; it should be started as one");
  return parentPort;
}
