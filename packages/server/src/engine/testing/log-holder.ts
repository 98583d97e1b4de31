/**
 * A process, or a worker thread, that opens the log in the directory of its first argument, says so, and waits to be killed.
 *
 * @module
 */
import { isMainThread } from "node:worker_threads";
import { openLog } from "../log.ts";

const LONG_MS = 2 ** 30;

const log = openLog({ directory: process.argv[2] ?? "", segmentBytes: 4096 });
log.append(Buffer.from("held"));
await log.flush();
process.stdout.write("open\n");
// The standard input of a worker thread ends at once, and with it the thread and its hold on the log.
if (isMainThread) process.stdin.resume();
else setInterval(() => undefined, LONG_MS);
