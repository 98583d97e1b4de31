/**
 * `npm run bench [name …]`: builds and runs the benchmarks, `npm run bench sheet` the cost sheet; `BENCH=smoke` runs each once.
 *
 * @module
 */
import { ensureBuilt, ensureInstalled, run } from "./install.mjs";

const [name, ...rest] = process.argv.slice(2);
/** The sheet counts work instead of measuring speed: a program of its own. */
const [program, args] = name === "sheet" ? ["bench/sheet/main.ts", rest] : ["bench/main.ts", process.argv.slice(2)];

ensureInstalled();
ensureBuilt();
run("node", ["--expose-gc", "--import", "tsx", "--conditions=@narrowcast/source", program, ...args]);
