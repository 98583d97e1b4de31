/**
 * `narrowcast codegen`: writes `_generated/` for the functions in this folder.
 *
 * @module
 */
import { writeGenerated } from "@narrowcast/server";
import type { CommandContext } from "./context.ts";
import { functionsFolder } from "./functions-folder.ts";

export async function codegenCommand(context: CommandContext): Promise<number> {
  const folder = functionsFolder(context.directory);
  await writeGenerated(folder);
  context.stderr.write(`Wrote ${folder}/_generated\n`);
  return 0;
}
