/**
 * A process that runs the workload and prints the number of every acknowledged transaction, until it is killed.
 *
 * @module
 */
import { writeSync } from "node:fs";
import { openDiskEngine } from "../open-disk-engine.ts";
import { beginWorkload, numberOf, runTransaction, workloadOptions } from "./engine-workload.ts";

const TRANSACTIONS_PER_FLUSH = 3;

const engine = openDiskEngine(workloadOptions(process.argv[2] ?? ""));
beginWorkload(engine);

for (let n = numberOf(engine) + 1; ; n += 1) {
  runTransaction(engine, n);
  if (n % TRANSACTIONS_PER_FLUSH !== 0) continue;
  await engine.flush();
  writeSync(1, `${n}\n`);
}
