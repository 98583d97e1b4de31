/**
 * `narrowcast dev`: a server for the app in this folder that follows its source: every save bundles, checks and pushes.
 *
 * @module
 */
import { join } from "node:path";
import { watch } from "chokidar";
import { BundleError, writeGenerated } from "@narrowcast/server";
import { CommandError, untilStopped, type CommandContext } from "./context.ts";
import { updateEnvFile } from "./env-file.ts";
import { followLogs } from "./follow-logs.ts";
import { functionsFolder } from "./functions-folder.ts";
import { pushApp, serve, type ServeOptions, type Serving } from "./serve.ts";

export interface DevOptions extends ServeOptions {
  /** Pushes once and stops. */
  readonly once: boolean;
  readonly envFile: boolean;
  readonly logs: boolean;
}

/** Saves in quick succession are one push. */
const SETTLE_MS = 80;

/** @returns 0 when stopped, 1 when `--once` could not push. */
export async function devCommand(context: CommandContext, options: DevOptions): Promise<number> {
  const folder = functionsFolder(context.directory);
  const serving = await serve(context, options);
  const { colours } = context;
  try {
    context.stdout.write(`${colours.bold("Narrowcast")} serves ${context.directory}\n`);
    context.stdout.write(`  deployment    ${colours.cyan(serving.http.url)}\n`);
    context.stdout.write(`  HTTP actions  ${colours.cyan(serving.http.siteUrl)}\n`);
    if (options.envFile) writeEnvFile(context, serving);
    const first = await generateAndPush(context, serving, folder);
    if (options.once) return first.isPushed ? 0 : 1;
    const logs = options.logs ? followLogs(context, serving.deployment) : undefined;
    await followSource(context, serving, folder, first.inputs);
    await logs?.();
    return 0;
  } finally {
    await serving.close();
  }
}

function writeEnvFile(context: CommandContext, serving: Serving): void {
  const { url, siteUrl } = serving.http;
  if (updateEnvFile(context.directory, { url, siteUrl, adminKey: serving.adminKey })) {
    context.stdout.write("  wrote the addresses to .env.local\n");
  }
}

/**
 * Pushes after each save until the command is stopped. One push at a time; saves meanwhile are one more. Followed are the folder
 * and what the functions import from outside of it.
 */
async function followSource(
  context: CommandContext,
  serving: Serving,
  folder: string,
  inputs: readonly string[],
): Promise<void> {
  let isDirty = false;
  let running: Promise<void> | undefined;
  const push = async (): Promise<void> => {
    while (isDirty) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      isDirty = false;
      const pushed = await generateAndPush(context, serving, folder);
      watcher.add([...pushed.inputs]);
    }
    running = undefined;
  };
  const watcher = watch([folder, join(context.directory, "convex.json"), ...inputs], {
    ignored: (path) => path.includes("_generated") || path.includes("node_modules"),
    ignoreInitial: true,
  });
  watcher.on("all", () => {
    isDirty = true;
    running ??= push();
  });
  context.stdout.write(context.colours.dim("Watching for changes; Ctrl-C stops.\n"));
  await untilStopped(context.signal);
  await watcher.close();
  await running;
}

interface Pushed {
  readonly isPushed: boolean;
  /** The files that went into the bundle, or into the attempt at one. */
  readonly inputs: readonly string[];
}

async function generateAndPush(context: CommandContext, serving: Serving, folder: string): Promise<Pushed> {
  const { colours } = context;
  let inputs: readonly string[] = [];
  try {
    await writeGenerated(folder);
    const startedMs = performance.now();
    const push = await pushApp(context, serving.deployment);
    inputs = push.inputs;
    const { outcome } = push;
    if (!outcome.ok) throw new CommandError(outcome.message);
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
    return { isPushed: true, inputs };
  } catch (error) {
    context.stderr.write(`${colours.red("✖")} ${error instanceof Error ? error.message : String(error)}\n`);
    const { functions } = await serving.deployment.analysis();
    const standing = functions.length > 0 ? "The last good push goes on running." : "Nothing is deployed yet.";
    context.stderr.write(colours.dim(`  ${standing}\n`));
    if (error instanceof BundleError) inputs = error.inputs;
    return { isPushed: false, inputs };
  }
}
