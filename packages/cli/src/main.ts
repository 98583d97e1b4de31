#!/usr/bin/env node
/**
 * The `narrowcast` command.
 *
 * Exit codes: 0 done, 1 the command failed or was used wrongly, 2 `check` found problems, 130 interrupted before it was done.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { failureText } from "./commands/failure-text.ts";
import { buildProgram } from "./program.ts";
import { coloursFor } from "./terminal/colours.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};
const stopping = new AbortController();
let interrupts = 0;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    interrupts += 1;
    // A second Ctrl-C means: now.
    if (interrupts > 1) process.exit(130);
    stopping.abort(name);
  });
}
const { stdin, stdout, stderr, env } = process;
const world = {
  cwd: process.cwd(),
  stdin,
  stdout,
  stderr,
  env,
  signal: stopping.signal,
  colours: coloursFor(stdout, env),
};
try {
  await buildProgram(world, version, (code) => {
    process.exitCode = code;
  }).parseAsync();
} catch (error) {
  stderr.write(`${coloursFor(stderr, env).red(failureText(error))}\n`);
  process.exitCode = 1;
}
