/**
 * `narrowcast repair <folder>`: writes what is sound of a damaged deployment into a new folder, and lists what is not; the damaged one stays as it is.
 *
 * @module
 */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { repairStore, type RepairReport } from "@narrowcast/server";
import { Progress } from "../terminal/progress.ts";
import { CommandError, type CommandContext } from "./context.ts";
import { findServer, stateDirectory } from "./state-directory.ts";

const LOSSES_SHOWN = 50;
const LIST = "lost.txt";

/** @param cwd What `folder` is relative to. @returns 0 when nothing is lost, 2 when something is. */
export async function repairCommand(context: CommandContext, cwd: string, folder: string): Promise<number> {
  const target = resolve(cwd, folder);
  const running = findServer(context.directory);
  if (running !== undefined) {
    throw new CommandError(
      `Cannot repair the store: a server is using it (process ${running.pid}); stop it first, for example with Ctrl-C`,
    );
  }
  const from = join(context.directory, ".narrowcast");
  if (!existsSync(join(from, "store"))) {
    throw new CommandError(`Cannot repair "${context.directory}": there is no store here`);
  }
  if (existsSync(join(target, ".narrowcast"))) {
    throw new CommandError(`Cannot repair into "${target}": there is a deployment in it already; name a new folder`);
  }
  mkdirSync(target, { recursive: true });
  const state = stateDirectory(target);
  const progress = new Progress(context.stderr);
  let report: RepairReport;
  try {
    report = await repairStore(join(from, "store"), join(state, "store"), (message) => progress.update(message));
  } catch (cause) {
    throw new CommandError(cause instanceof Error ? cause.message : String(cause), { cause });
  } finally {
    progress.done();
  }
  const key = join(from, "admin-key");
  if (existsSync(key)) copyFileSync(key, join(state, "admin-key"));
  return tell(context, target, report);
}

function tell({ stdout, colours }: CommandContext, target: string, { losses, store }: RepairReport): number {
  for (const loss of losses.slice(0, LOSSES_SHOWN)) stdout.write(`${colours.red("✖")} ${loss}\n`);
  if (losses.length > 0) writeFileSync(join(target, LIST), losses.map((loss) => `${loss}\n`).join(""), { mode: 0o600 });
  if (losses.length > LOSSES_SHOWN) {
    stdout.write(`… and ${losses.length - LOSSES_SHOWN} more: ${join(target, LIST)} has all\n`);
  }
  for (const problem of store.problems) stdout.write(`${colours.red("✖")} in the new store: ${problem}\n`);
  stdout.write(
    `Repaired in ${target}: ${store.documents} documents in ${store.tables} tables, ${store.files} files; "narrowcast --dir ${target} start" serves it\n`,
  );
  return losses.length + store.problems.length === 0 ? 0 : 2;
}
