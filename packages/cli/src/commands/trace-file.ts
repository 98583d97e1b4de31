/**
 * Writes a deployment's trace into a file, for `--trace`.
 *
 * @module
 */
import { createWriteStream, rmSync } from "node:fs";
import { finished } from "node:stream/promises";
import { resolve } from "node:path";
import type { Deployment } from "@narrowcast/server";
import type { CommandContext } from "./context.ts";

/** Begins the trace; the file is replaced, and readable by its owner only, because it holds data. Gives how to end it. */
export function writeTrace(context: CommandContext, deployment: Deployment, file: string): () => Promise<void> {
  const path = resolve(context.directory, file);
  // An older file would keep its mode.
  rmSync(path, { force: true });
  const stream = createWriteStream(path, { mode: 0o600 });
  stream.on("error", (error) => {
    context.stderr.write(`${context.colours.red(`Cannot write trace "${path}": ${error.message}`)}\n`);
  });
  const end = deployment.trace((lines) => {
    for (const line of lines) stream.write(`${line}\n`);
  });
  return async () => {
    await end();
    stream.end();
    // The error was told already.
    await finished(stream).catch(() => undefined);
  };
}
