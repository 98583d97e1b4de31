/**
 * Where a worker thread's program lies. Threads are always started from the built files: Node cannot run `.ts` in a worker.
 *
 * @module
 */

/** URL of the built module `name`, for example `core/core-thread`, also when this file itself runs from source. */
export function workerEntry(name: "core/core-thread" | "actions/action-worker" | "kit/check-program"): URL {
  const isSource = import.meta.url.endsWith(".ts");
  return new URL(isSource ? `../../dist/${name}.js` : `../${name}.js`, import.meta.url);
}

/**
 * Arguments of Node for worker threads: those of this process that concern a thread. Conditions and loaders under which it may run from source
 * are left out, and so are the flags of V8: they hold for the whole process, and a worker refuses them.
 */
export function workerExecArgv(execArgv: readonly string[] = process.execArgv): string[] {
  return execArgv.filter((argument) => THREAD_FLAG.test(argument));
}

const THREAD_FLAG = /^--(cpu-prof|heap-prof|enable-source-maps|no-warnings|trace-warnings)(-|=|$)/;
