/**
 * Where an app keeps its functions: `convex/`, or what `convex.json` says.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "./context.ts";

/** @returns The folder as a path. @throws {CommandError} If there is no such folder or `convex.json` is not JSON. */
export function functionsFolder(directory: string): string {
  const config = join(directory, "convex.json");
  let folder = "convex";
  if (existsSync(config)) {
    try {
      folder = (JSON.parse(readFileSync(config, "utf8")) as { functions?: string }).functions ?? folder;
    } catch (cause) {
      throw new CommandError(`Cannot read "${config}": it is not JSON`, { cause });
    }
  }
  const path = join(directory, folder);
  if (!existsSync(path)) {
    throw new CommandError(
      `Cannot find functions in "${path}": there is no such folder; run this in the folder of a Convex app or name it with --dir`,
    );
  }
  return path;
}
