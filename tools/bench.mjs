/**
 * `npm run bench [name …]`: builds and runs the benchmarks; `BENCH=smoke` runs each once.
 *
 * @module
 */
import { ensureBuilt, ensureInstalled, run } from "./install.mjs";

ensureInstalled();
ensureBuilt();
run("node", [
  "--expose-gc",
  "--import",
  "tsx",
  "--conditions=@narrowcast/source",
  "bench/main.ts",
  ...process.argv.slice(2),
]);
