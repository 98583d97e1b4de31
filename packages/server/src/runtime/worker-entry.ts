/**
 * Where a worker thread's program lies. Threads are always started from the built files: Node cannot run `.ts` in a worker.
 *
 * @module
 */

/** URL of the built module `name` of this room, also when this file itself runs from source. */
export function workerEntry(name: string): URL {
  const isSource = import.meta.url.endsWith(".ts");
  return new URL(isSource ? `../../dist/runtime/${name}.js` : `./${name}.js`, import.meta.url);
}

/**
 * Arguments of Node for worker threads: this process's, without the conditions and loaders under which it may run from source.
 */
export function workerExecArgv(): string[] {
  const kept: string[] = [];
  for (let i = 0; i < process.execArgv.length; i += 1) {
    const argument = process.execArgv[i] ?? "";
    if (SOURCE_FLAG.test(argument)) {
      if (!argument.includes("=")) i += 1;
    } else kept.push(argument);
  }
  return kept;
}

const SOURCE_FLAG = /^(--conditions|-C|--import|--loader|--experimental-loader|--require|-r)(=|$)/;
