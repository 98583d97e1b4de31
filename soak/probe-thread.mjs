/**
 * A worker thread that tells how much it holds, around the program that it was started for (its first argument).
 */
import { BroadcastChannel } from "node:worker_threads";

const channel = new BroadcastChannel("soak memory");
channel.onmessage = () => {
  globalThis.gc();
  globalThis.gc();
  channel.postMessage(process.memoryUsage().heapUsed);
};
// A thread that is done may end.
channel.unref();
await import(process.argv[2]);
