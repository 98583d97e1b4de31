/**
 * `narrowcast start`: serves the last pushed functions of the app in this folder, without following its source.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeGenerated, type Deployment } from "@narrowcast/server";
import { CommandError, untilStopped, type CommandContext } from "./context.ts";
import { writeAddresses } from "./env-file.ts";
import { pushFailureText, refusalText } from "./failure-text.ts";
import { followLogs, printEvent, type LogForm } from "./follow-logs.ts";
import { functionsFolder } from "./functions-folder.ts";
import { pushApp, serve, type PushOptions, type ServeOptions } from "./serve.ts";

export interface StartOptions extends ServeOptions, PushOptions {
  /** Pushes the folder's functions before serving. */
  readonly push: boolean;
  readonly envFile: boolean;
  readonly logs: LogForm;
}

/** As long as is left of the half minute that service managers give, less what closing the store may take. */
const STOP_WAIT_MS = 25_000;

export async function startCommand(context: CommandContext, options: StartOptions): Promise<number> {
  const { logs: form, push } = options;
  if (push) functionsFolder(context.directory);
  let stopLogs: (() => void) | undefined;
  const serving = await serve(context, { stopWaitMs: STOP_WAIT_MS, ...options }, async (deployment) => {
    printEvent(context, form, "starting", `Starting: process ${process.pid}, folder ${context.directory}`);
    stopLogs = followLogs(context, deployment, form, true);
    if (push) await pushOrKeep(context, deployment, options);
  });
  try {
    const { functions } = await serving.deployment.analysis();
    if (functions.length === 0) {
      context.stderr.write('No functions are deployed here yet; "narrowcast start --push" deploys this folder.\n');
    }
    if (options.envFile && existsSync(join(context.directory, "package.json"))) {
      writeAddresses(context, serving.addresses);
    }
    const { url, siteUrl } = serving.http;
    printEvent(context, form, "started", `Deployment at ${url}, HTTP actions at ${siteUrl}`);
    await untilStopped(context.signal);
    printEvent(context, form, "stopping", `Stopping: ${String(context.signal.reason)}`);
    return 0;
  } finally {
    await serving.close();
    stopLogs?.();
    printEvent(context, form, "stopped", "Stopped");
  }
}

/** A push that fails leaves the last good one; only where there is none, there is nothing to serve. */
async function pushOrKeep(context: CommandContext, deployment: Deployment, options: PushOptions): Promise<void> {
  const text = await generateAndPush(context, deployment, options).then(
    ({ outcome }) => (outcome.ok ? undefined : refusalText(outcome)),
    (error: unknown) => pushFailureText(context.directory, error),
  );
  if (text === undefined) return;
  const { functions } = await deployment.analysis();
  if (functions.length === 0) throw new CommandError(text);
  const { red } = context.colours;
  context.stderr.write(
    `${red("✖")} ${text}\n  The push failed; the last good push is served (${functions.length} functions).\n`,
  );
}

/** The generated files are made where they are not under version control; those that are there are left as they are. */
async function generateAndPush(
  context: CommandContext,
  deployment: Deployment,
  options: PushOptions,
): ReturnType<typeof pushApp> {
  const folder = functionsFolder(context.directory);
  if (!existsSync(join(folder, "_generated"))) await writeGenerated(folder);
  return pushApp(context, deployment, options);
}
