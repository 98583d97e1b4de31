/**
 * A process that appends numbered records as fast as it can and prints every acknowledged sequence, until it is killed.
 * Many callers at once, so that kills meet flushes of all sizes.
 *
 * @module
 */
import { writeSync } from "node:fs";
import { openLog } from "../log.ts";

const CALLERS = 16;
const SEGMENT_BYTES = 64 * 1024;
const BYTES_MAX = 3000;

const log = openLog({ directory: process.argv[2] ?? "", segmentBytes: SEGMENT_BYTES });

async function append(caller: number): Promise<never> {
  for (let n = caller; ; n++) {
    const size = (n * 7919) % BYTES_MAX;
    const sequence = log.append(Buffer.from(`${log.lastSequence + 1}:`.padEnd(size, "x")));
    await log.flush();
    writeSync(1, `${sequence}\n`);
  }
}

await Promise.all(Array.from({ length: CALLERS }, (_, caller) => append(caller)));
