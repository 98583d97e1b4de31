/**
 * `narrowcast keys`: an admin key of this folder's deployment, for the official CLI, dashboards and scripts.
 *
 * @module
 */
import { AdminKeys } from "@narrowcast/server";
import type { CommandContext } from "./context.ts";
import { stateDirectory } from "./state-directory.ts";

export async function keysCommand(context: CommandContext): Promise<number> {
  context.stdout.write(`${AdminKeys.open(stateDirectory(context.directory)).issue()}\n`);
  return 0;
}
