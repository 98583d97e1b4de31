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
    say(`${sequence}\n`);
  }
}

/** Waits for a reader that is behind: the pipe does not block. */
function say(text: string): void {
  for (;;) {
    try {
      writeSync(1, text);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

await Promise.all(Array.from({ length: CALLERS }, (_, caller) => append(caller)));
