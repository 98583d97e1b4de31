/**
 * `narrowcast check`: verifies the store of the app in this folder and says what is wrong, changing nothing.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkApart } from "@narrowcast/server";
import { Progress } from "../terminal/progress.ts";
import { CommandError, type CommandContext } from "./context.ts";
import { findServer } from "./state-directory.ts";

const PROBLEMS_SHOWN = 50;

/** @returns 0 when the store is sound, 2 when it is not. */
export async function checkCommand(context: CommandContext): Promise<number> {
  const running = findServer(context.directory);
  if (running !== undefined) {
    throw new CommandError(
      `Cannot check the store: a server is using it (process ${running.pid}); stop it first, for example with Ctrl-C`,
    );
  }
  const store = join(context.directory, ".narrowcast", "store");
  if (!existsSync(store)) throw new CommandError(`Cannot check "${store}": there is no store here`);
  const progress = new Progress(context.stderr);
  const report = await checkApart(store, (message) => progress.update(message));
  progress.done();
  const { colours } = context;
  for (const problem of report.problems.slice(0, PROBLEMS_SHOWN)) {
    context.stdout.write(`${colours.red("✖")} ${problem}\n`);
  }
  if (report.problems.length > PROBLEMS_SHOWN) {
    context.stdout.write(`… and ${report.problems.length - PROBLEMS_SHOWN} more\n`);
  }
  const size = `${report.documents} documents in ${report.tables} tables, ${report.indexes} indexes, ${report.files} files`;
  if (report.loose.length > 0) {
    const count = report.loose.length;
    context.stdout.write(
      `${count} stored ${count === 1 ? "file has" : "files have"} no row; the next start removes such\n`,
    );
  }
  if (report.problems.length > 0) {
    context.stdout.write(`${colours.red("Not sound")}: ${report.problems.length} problems; ${size}\n`);
    context.stdout.write(
      `Restore a backup, or let "narrowcast repair <folder>" write what is sound into a new folder\n`,
    );
    return 2;
  }
  context.stdout.write(`${colours.green("Sound")}: ${size}\n`);
  return 0;
}
