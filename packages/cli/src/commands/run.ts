/**
 * `narrowcast run <function> [args]`: calls a function of the running deployment and shows what it prints while it runs; `--watch` keeps a query's
 * result on screen, `--wait` goes on until the function has nothing scheduled for itself any more.
 *
 * @module
 */
import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import JSON5 from "json5";
import { convexToJson, type Value } from "convex/values";
import { CommandError, untilStopped, type CommandContext } from "./context.ts";
import { adviceFor } from "./failure-text.ts";
import { functionPath, suggestion } from "./function-name.ts";
import { RunLog } from "./run-log.ts";
import { ServerClient, type FunctionCall, type FunctionResult } from "./server-client.ts";

export interface RunOptions {
  readonly url: string;
  readonly adminKey: string;
  readonly watch: boolean;
  /** Waits for runs that the function schedules for itself. */
  readonly wait: boolean;
  /** JSON text of claims to act as. */
  readonly identity?: string | undefined;
}

/** @returns 0 when the function returned, 1 when it threw. */
export async function runCommand(
  context: CommandContext,
  name: string,
  argsText: string | undefined,
  options: RunOptions,
): Promise<number> {
  const path = functionPath(name);
  const args = parseObject("arguments", argsText ?? "{}");
  const identity = options.identity === undefined ? undefined : parseObject("identity", options.identity);
  if (options.watch) return watchQuery(context, path, args, identity, options);
  const client = new ServerClient(options.url, options.adminKey);
  const result = await loggedCall(context, client, { path, args, format: "json", identity }, options.wait);
  if (result.status === "error") {
    context.stderr.write(`${context.colours.red(result.errorMessage)}\n`);
    if (result.errorMessage.includes(`Could not find function for '${path}'`)) await suggest(context, client, path);
    const advice = adviceFor(result.errorMessage);
    if (advice !== "") context.stderr.write(`${advice}\n`);
    if (result.errorData !== undefined) context.stderr.write(`${JSON.stringify(result.errorData, null, 2)}\n`);
    return 1;
  }
  context.stdout.write(`${JSON.stringify(result.value, null, 2)}\n`);
  return 0;
}

/** Calls, and writes what the function prints while it runs; if asked, what it prints in runs that it scheduled, too. */
async function loggedCall(
  context: CommandContext,
  client: ServerClient,
  call: FunctionCall,
  waits: boolean,
): Promise<FunctionResult> {
  const log = new RunLog(context, client, call.path);
  log.start();
  try {
    const result = await client.call(call);
    const rest = (result.logLines ?? []).slice(log.lines);
    for (const line of rest) context.stderr.write(`${context.colours.dim(line)}\n`);
    if (waits && result.status === "success") await log.waitForJobs();
    return result;
  } finally {
    await log.stop();
  }
}

async function suggest(context: CommandContext, client: ServerClient, path: string): Promise<void> {
  const spec = (await client.query("_system/cli/modules:apiSpec", {})) as readonly { readonly identifier?: string }[];
  const names = spec.flatMap(({ identifier }) => (identifier === undefined ? [] : [functionPath(identifier)]));
  context.stderr.write(`${suggestion(path, names)}\n`);
}

async function watchQuery(
  context: CommandContext,
  path: string,
  args: { readonly [name: string]: unknown },
  identity: object | undefined,
  options: RunOptions,
): Promise<number> {
  const client = new ConvexClient(options.url, { unsavedChangesWarning: false });
  // Present in the published client for the official CLI; left out of its public types.
  (client as unknown as { setAdminAuth(key: string, identity?: object): void }).setAdminAuth(
    options.adminKey,
    identity,
  );
  client.onUpdate(
    makeFunctionReference<"query">(path),
    args,
    (value: unknown) => context.stdout.write(`${JSON.stringify(convexToJson(value as Value), null, 2)}\n`),
    (error) => context.stderr.write(`${context.colours.red(error.message)}\n`),
  );
  await untilStopped(context.signal);
  await client.close();
  return 0;
}

function parseObject(what: string, text: string): { readonly [name: string]: unknown } {
  let value: unknown;
  try {
    value = JSON5.parse(text);
  } catch (cause) {
    throw new CommandError(`Cannot read the ${what}: "${text}" is not JSON; write an object such as '{"name": "x"}'`, {
      cause,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CommandError(`Cannot read the ${what}: "${text}" is not an object; write one such as '{"name": "x"}'`);
  }
  return value as { readonly [name: string]: unknown };
}
