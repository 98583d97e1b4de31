/**
 * How much the heaps of all threads of this process hold, after a collection. Needs `--expose-gc`, and to be called before the server's modules are loaded:
 * its worker threads are started inside of `probe-thread.mjs` from then on.
 *
 * @module
 */
import { syncBuiltinESMExports } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import threads, { BroadcastChannel } from "node:worker_threads";

/** Threads answer within this time, or are busy for ever. */
const ANSWER_MS = 2_000;

/** Returns what measures, in bytes. */
export function probeThreads(): () => Promise<number> {
  const wrapper = new URL("probe-thread.mjs", import.meta.url);
  const { Worker } = threads;
  let alive = 0;
  threads.Worker = class extends Worker {
    constructor(entry: string | URL, options?: threads.WorkerOptions) {
      super(wrapper, { ...options, argv: [String(entry)] });
      alive += 1;
      this.once("exit", () => (alive -= 1));
    }
  };
  syncBuiltinESMExports();
  return async () => {
    const channel = new BroadcastChannel("soak memory");
    const answers: number[] = [];
    channel.onmessage = (message) => answers.push((message as { data: number }).data);
    channel.postMessage("measure");
    const endMs = Date.now() + ANSWER_MS;
    while (answers.length < alive && Date.now() < endMs) await sleep(5);
    channel.close();
    globalThis.gc?.();
    globalThis.gc?.();
    return answers.reduce((sum, bytes) => sum + bytes, process.memoryUsage().heapUsed);
  };
}
