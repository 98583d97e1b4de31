/**
 * Entry of an action thread: connects an `ActionRunner` to its parent port, with messages in batches.
 *
 * Loaded from the built files (`worker-entry.ts`). `workerData` is an `ActionWorkerData`; the messages are in `action-protocol.ts`.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { movedWith } from "../protocol/action-protocol.ts";
import type { ActionWorkerData, FromWorker, ToWorker } from "../protocol/action-protocol.ts";
import { ActionRunner } from "./action-runner.ts";
import { STACK_FRAMES_MAX } from "../functions/execute.ts";

if (parentPort === null) throw new Error("Cannot start action thread: this file is the entry of a worker thread");
start(parentPort);

function start(port: NonNullable<typeof parentPort>): void {
  Error.stackTraceLimit = STACK_FRAMES_MAX;
  let batch: FromWorker[] = [];
  const flush = () => {
    const messages = batch;
    batch = [];
    port.postMessage(messages, movedWith(messages));
  };
  const send = (message: FromWorker) => {
    if (batch.length === 0) setImmediate(flush);
    batch.push(message);
  };
  // Closing the port lets the thread end once what was sent is out.
  const onIdle = () => setImmediate(() => port.close());
  let runner: ActionRunner;
  try {
    runner = new ActionRunner(workerData as ActionWorkerData, send, onIdle);
  } catch (error) {
    send({ type: "failed", message: error instanceof Error ? error.message : String(error) });
    return;
  }
  // One action's loose end must not take the others with it: the run that it belongs to fails.
  const onLoose = (thrown: unknown) => {
    if (!runner.failCurrent(thrown)) console.error("Error outside of any action:", thrown);
  };
  process.on("uncaughtException", onLoose);
  process.on("unhandledRejection", onLoose);
  port.on("message", (messages: readonly ToWorker[]) => {
    for (const message of messages) runner.receive(message);
  });
  send({ type: "ready", nodeFunctions: runner.code.nodeFunctions });
}
