/**
 * A process that opens the log in the directory of its first argument, says so, and waits to be killed.
 *
 * @module
 */
import { openLog } from "../log.ts";

const log = openLog({ directory: process.argv[2] ?? "", segmentBytes: 4096 });
log.append(Buffer.from("held"));
await log.flush();
process.stdout.write("open\n");
process.stdin.resume();
