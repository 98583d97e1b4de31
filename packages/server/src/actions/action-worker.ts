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
import type { ActionScripts } from "./action-code.ts";
import { ActionRunner } from "./action-runner.ts";
import { hashesOf, scriptRef } from "../app/code-manifest.ts";
import type { ModuleSource } from "../app/types.ts";
import { LOAD_AT_START } from "../protocol/run-key.ts";
import { BEAT, heartOf } from "../protocol/heartbeat.ts";
import { SharedMonitor, loadLimit } from "../protocol/watchdog.ts";
import { STACK_FRAMES_MAX } from "../functions/execute.ts";

if (parentPort === null) throw new Error("Cannot start action thread: this file is the entry of a worker thread");
start(parentPort);

function start(port: NonNullable<typeof parentPort>): void {
  Error.stackTraceLimit = STACK_FRAMES_MAX;
  let batch: FromWorker[] = [];
  const flush = () => {
    const messages = batch;
    batch = [];
    if (messages.length > 0) port.postMessage(messages, movedWith(messages));
  };
  const send = (message: FromWorker) => {
    if (batch.length === 0) setImmediate(flush);
    batch.push(message);
    // Its handler may never come back, and main has to know which one it was.
    if (message.type === "routed") flush();
  };
  // Closing the port lets the thread end once what was sent is out.
  const onIdle = () => setImmediate(() => port.close());
  const data = workerData as ActionWorkerData;
  const monitor = new SharedMonitor(data.watchMemory);
  const beat = heartOf(data.heartMemory);
  let runner: ActionRunner | undefined;
  // Until the scripts have come, runs wait; whatever becomes of the evaluation is the first thing that the host hears.
  let early: ToWorker[] = [];
  const begin = (sources: readonly ModuleSource[]) => {
    monitor.enter(LOAD_AT_START, loadLimit(data.limits, data.why));
    try {
      runner = new ActionRunner(data, scriptsOf(data, sources), send, onIdle);
    } catch (error) {
      send({ type: "failed", message: error instanceof Error ? error.message : String(error) });
      setImmediate(() => port.close());
      return;
    } finally {
      monitor.leave();
    }
    send({ type: "ready", node: runner.code.nodeAnalysis });
    // What waits may never come back; from here on the heartbeat is judged.
    flush();
    for (const message of early) receive(runner, message);
    early = [];
  };
  // One action's loose end must not take the others with it: the run that it belongs to fails.
  const onLoose = (thrown: unknown) => {
    if (runner?.failCurrent(thrown) !== true) console.error("Error outside of any action:", thrown);
  };
  process.on("uncaughtException", onLoose);
  process.on("unhandledRejection", onLoose);
  port.on("message", (messages: readonly ToWorker[] | typeof BEAT) => {
    if (messages === BEAT) return beat();
    for (const message of messages) {
      if (message.type === "modules") begin(message.sources);
      else if (runner === undefined) early.push(message);
      else receive(runner, message);
    }
  });
  /** Other variables may mean that scripts are evaluated again. */
  const receive = (loaded: ActionRunner, message: ToWorker) => {
    if (message.type !== "environment") return loaded.receive(message);
    monitor.enter(LOAD_AT_START, loadLimit(data.limits, data.why));
    try {
      loaded.receive(message);
    } finally {
      monitor.leave();
    }
  };
  send({ type: "needModules", hashes: hashesOf(data.code) });
}

/** @param sources In the order of {@linkcode hashesOf}. */
function scriptsOf({ code, holdsState }: ActionWorkerData, sources: readonly ModuleSource[]): ActionScripts {
  const byHash = new Map(hashesOf(code).map((hash, at) => [hash, sources[at]]));
  const isolate = byHash.get(scriptRef(code, "isolate")?.hash ?? "");
  if (isolate === undefined) throw new Error("Cannot load the app's modules: the deployment has none of their text");
  return {
    isolate,
    node: byHash.get(scriptRef(code, "node")?.hash ?? "") ?? null,
    nodeResolveDir: code.nodeResolveDir,
    holdsState,
  };
}
