/**
 * `narrowcast dev`: a server for the app in this folder that follows its source: every save bundles, checks and pushes.
 *
 * @module
 */
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { watch } from "chokidar";
import { BundleError, writeGenerated } from "@narrowcast/server";
import { CommandError, untilStopped, type CommandContext } from "./context.ts";
import { writeAddresses } from "./env-file.ts";
import { pushFailureText, refusalText } from "./failure-text.ts";
import { followLogs, type LogForm } from "./follow-logs.ts";
import { functionsFolder } from "./functions-folder.ts";
import { pushApp, serve, type PushOptions, type ServeOptions, type Serving } from "./serve.ts";

export interface DevOptions extends ServeOptions, PushOptions {
  /** Pushes once and stops. */
  readonly once: boolean;
  readonly envFile: boolean;
  /** `false`: `--no-logs`. */
  readonly logs: LogForm | false;
}

/** Saves in quick succession are one push. */
const SETTLE_MS = 80;
/** The times of files may be this much too early. */
const FILE_TIME_MS = 10;

/** @returns 0 when stopped, 1 when `--once` could not push. */
export async function devCommand(context: CommandContext, options: DevOptions): Promise<number> {
  const folder = functionsFolder(context.directory);
  const serving = await serve(context, options);
  const { colours } = context;
  try {
    context.stdout.write(`${colours.bold("Narrowcast")} serves ${context.directory}\n`);
    context.stdout.write(`  deployment    ${colours.cyan(serving.http.url)}\n`);
    context.stdout.write(`  HTTP actions  ${colours.cyan(serving.http.siteUrl)}\n`);
    if (options.envFile) writeAddresses(context, serving.addresses);
    const pushOnce = (): Promise<Pushed> => generateAndPush(context, serving, folder, options);
    const first = await pushOnce();
    if (options.once) return first.isPushed ? 0 : 1;
    const stopLogs = followLogs(context, serving.deployment, options.logs === false ? "off" : options.logs, false);
    await followSource(context, serving, folder, first, pushOnce);
    stopLogs();
    return 0;
  } finally {
    await serving.close();
  }
}

/**
 * Pushes after each save until the command is stopped, and after a change of the environment if the last push failed. One push at a time; saves
 * meanwhile are one more. Followed are the folder and what the functions import from outside of it.
 */
async function followSource(
  context: CommandContext,
  serving: Serving,
  folder: string,
  first: Pushed,
  pushOnce: () => Promise<Pushed>,
): Promise<void> {
  let isDirty = false;
  let isPushed = first.isPushed;
  let running: Promise<void> | undefined;
  const push = async (): Promise<void> => {
    while (isDirty) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      isDirty = false;
      const pushed = await pushOnce();
      isPushed = pushed.isPushed;
      watcher.add([...pushed.inputs]);
    }
    running = undefined;
  };
  // A path that is not there ends its first look too early.
  const watcher = watch([folder, ...first.inputs.filter((file) => existsSync(file))], {
    ignored: (path) => path.includes("_generated") || path.includes("node_modules"),
    ignoreInitial: true,
  });
  const again = (): void => {
    isDirty = true;
    running ??= push();
  };
  watcher.on("all", again);
  await once(watcher, "ready");
  watcher.add(join(context.directory, "convex.json"));
  if (isSavedSince(first, watcher.getWatched())) again();
  // Modules may read variables while they are loaded: one that was missing may be why the push failed.
  const forget = serving.deployment.onEnvironment(() => {
    if (!isPushed) again();
  });
  context.stdout.write(context.colours.dim("Watching for changes; Ctrl-C stops.\n"));
  await untilStopped(context.signal);
  forget();
  await watcher.close();
  await running;
}

/** Whether something was saved, or went, after the push had read it and before it was followed. */
function isSavedSince({ inputs, readFromMs }: Pushed, followed: Readonly<Record<string, readonly string[]>>): boolean {
  if (inputs.some((file) => !existsSync(file))) return true;
  const files = Object.entries(followed).flatMap(([folder, names]) => names.map((name) => join(folder, name)));
  return files.some((file) => {
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats?.isFile() === true && stats.mtimeMs >= readFromMs;
  });
}

interface Pushed {
  readonly isPushed: boolean;
  /** When its files were read, or a little before. */
  readonly readFromMs: number;
  /** The files that went into the bundle, or into the attempt at one. */
  readonly inputs: readonly string[];
}

async function generateAndPush(
  context: CommandContext,
  serving: Serving,
  folder: string,
  options: PushOptions,
): Promise<Pushed> {
  const { colours } = context;
  let inputs: readonly string[] = [];
  const readFromMs = Date.now() - FILE_TIME_MS;
  try {
    await writeGenerated(folder);
    const startedMs = performance.now();
    const push = await pushApp(context, serving.deployment, options);
    inputs = push.inputs;
    const { outcome } = push;
    if (!outcome.ok) throw new CommandError(refusalText(outcome));
    const { functions, indexesAdded, indexesRemoved } = outcome.summary;
    for (const index of indexesAdded) context.stdout.write(`  ${colours.green("+")} index ${index}\n`);
    for (const index of indexesRemoved) context.stdout.write(`  ${colours.red("-")} index ${index}\n`);
    for (const { name, file, line } of outcome.analysis.moduleState ?? []) {
      const place = colours.dim(`(${file.replace(/^(\.\.\/)+/, "")}:${line})`);
      context.stdout.write(
        `  ${colours.yellow("↻")} ${name} ${place} keeps state: its module is loaded again for each call\n`,
      );
    }
    const ms = Math.round(performance.now() - startedMs);
    context.stdout.write(`${colours.green("✔")} ${functions} functions ready ${colours.dim(`(${ms} ms)`)}\n`);
    return { isPushed: true, readFromMs, inputs };
  } catch (error) {
    context.stderr.write(`${colours.red("✖")} ${pushFailureText(context.directory, error)}\n`);
    const { functions } = await serving.deployment.analysis();
    const standing = functions.length > 0 ? "The last good push goes on running." : "Nothing is deployed yet.";
    context.stderr.write(colours.dim(`  ${standing}\n`));
    if (error instanceof BundleError) inputs = error.inputs;
    return { isPushed: false, readFromMs, inputs };
  }
}
