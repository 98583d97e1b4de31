/**
 * Adds up what `tools/test.mjs` left in a file of totals, one JSON line a run, and prints it as the line that ends `.ci/run`.
 *
 * @module
 */
import { readFileSync } from "node:fs";

const runs = readFileSync(process.argv[2], "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line));
const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
process.stdout.write(`${sum("passed")} passed, ${sum("failed")} failed\n`);
