/**
 * A server for the app in a folder: deployment on its store, sockets and HTTP in front. Shared by `dev` and `start`.
 *
 * @module
 */
import {
  AdminKeys,
  bundleApp,
  listUnsupported,
  startDeployment,
  startServer,
  stopServing,
  type Deployment,
  type PushOutcome,
  type RunningHttp,
} from "@narrowcast/server";
import { Progress } from "../terminal/progress.ts";
import { listenText, publicAddresses } from "./addresses.ts";
import { CommandError, type CommandContext } from "./context.ts";
import type { EnvFileValues } from "./env-file.ts";
import { functionsFolder } from "./functions-folder.ts";
import { writeTrace } from "./trace-file.ts";
import { announceServer, findServer, logFile, stateDirectory, storeDirectory } from "./state-directory.ts";

export interface ServeOptions {
  /** Takes apps that use what is not there. */
  readonly allowUnsupported?: boolean | undefined;
  readonly port: number;
  readonly sitePort: number;
  readonly host: string;
  /** What browsers are told, when it is not the address we listen on (a proxy in front). */
  readonly cloudUrl?: string | undefined;
  readonly siteUrl?: string | undefined;
  /** Budget for resident data, in bytes. */
  readonly memoryBytes?: number | undefined;
  /** Budget for nodes, in bytes. */
  readonly nodeBytes?: number | undefined;
  /** Budget for what sockets that speak deltas hold, in bytes; 0 speaks none. */
  readonly deltaBytesMax?: number | undefined;
  /** Lets clients negotiate permessage-deflate. */
  readonly compresses?: boolean | undefined;
  /** Whether held results are compared with runs from scratch now and then (they are by default). */
  readonly verify?: boolean | undefined;
  /** By which rules queries depend on data: fields and rows they looked at (the default), or whole documents as on Convex. */
  readonly tracking?: "fields" | "document" | undefined;
  /** Whether clients that are no admins see how functions fail and what they print. */
  readonly errors: "show" | "redact";
  /** How long calls and actions under way may go on when the server stops. */
  readonly stopWaitMs?: number | undefined;
  /** File for a trace of everything that happens. */
  readonly trace?: string | undefined;
}

export interface Serving {
  readonly deployment: Deployment;
  readonly http: RunningHttp;
  /** For builds and for commands on this machine. */
  readonly addresses: EnvFileValues;
  close(): Promise<void>;
}

const STOP_WAIT_MS = 2_000;

/**
 * Opens the store and listens. Fails with a clear error when a server already runs here or a port is taken.
 *
 * @param prepare What is done before anybody is listened to.
 */
export async function serve(
  context: CommandContext,
  options: ServeOptions,
  prepare?: (deployment: Deployment) => Promise<void>,
): Promise<Serving> {
  const { cloudUrl, siteUrl } = publicAddresses(options);
  const running = findServer(context.directory);
  if (running !== undefined) {
    throw new CommandError(
      `Cannot start a server for "${context.directory}": one runs already at ${running.url} (process ${running.pid}); stop it first`,
    );
  }
  // Functions see UTC, as on Convex, wherever the server stands.
  process.env["TZ"] = "UTC";
  const adminKeys = AdminKeys.open(stateDirectory(context.directory));
  const deployment = await startDeployment({
    directory: storeDirectory(context.directory),
    logFile: logFile(context.directory),
    cloudUrl,
    siteUrl,
    memoryBytes: options.memoryBytes,
    nodeBytes: options.nodeBytes,
    tracking: options.tracking,
    verify: options.verify === false ? false : undefined,
  }).catch((cause: unknown) => {
    // A damaged store, one that another process holds, a disk without space: the text says which, a stack would hide it.
    throw new CommandError(cause instanceof Error ? cause.message : String(cause), { cause });
  });
  try {
    await prepare?.(deployment);
    const { port, sitePort, host, deltaBytesMax, compresses, stopWaitMs = STOP_WAIT_MS } = options;
    const redacts = options.errors === "redact";
    const allowsUnsupported = options.allowUnsupported === true;
    const wire = { port, sitePort, host, deltaBytesMax, compresses };
    const http = await startServer({ deployment, adminKeys, redacts, allowsUnsupported, ...wire });
    // Commands on this machine go straight here, whatever the public address is.
    const forget = announceServer(context.directory, { url: http.url, siteUrl: http.siteUrl, pid: process.pid });
    const endTrace = options.trace === undefined ? undefined : writeTrace(context, deployment, options.trace);
    const close = async (): Promise<void> => {
      forget();
      await endTrace?.();
      await stopServing(http, deployment, stopWaitMs);
    };
    const addresses = {
      url: http.url,
      cloudUrl: deployment.cloudUrl,
      siteUrl: deployment.siteUrl,
      adminKey: adminKeys.issue(),
    };
    return { deployment, http, addresses, close };
  } catch (error) {
    await deployment.close();
    const text = listenText(error, options);
    throw text === undefined ? error : new CommandError(text, { cause: error });
  }
}

/** What a push does about parts of the app that do not work yet. */
export interface PushOptions {
  /** Pushes nevertheless, with a warning. */
  readonly allowUnsupported?: boolean | undefined;
}

/** Bundles the app's functions and makes them the running ones. Returns the files that a change of must push again. */
export async function pushApp(
  context: CommandContext,
  deployment: Deployment,
  options: PushOptions,
): Promise<{ readonly outcome: PushOutcome; readonly inputs: readonly string[] }> {
  const progress = new Progress(context.stderr);
  progress.update("Bundling functions");
  try {
    const { code, inputs, unsupported } = await bundleApp(functionsFolder(context.directory));
    if (unsupported.length > 0) {
      const list = listUnsupported(unsupported);
      if (options.allowUnsupported !== true) {
        const message = `Cannot push: the app uses what does not work here yet; without it, or with --allow-unsupported, it can be pushed:\n${list}`;
        return { outcome: { ok: false, code: "Unsupported", message }, inputs };
      }
      progress.done();
      context.stderr.write(
        `${context.colours.yellow("!")} This does not work here yet, and fails when it is used:\n${list}\n`,
      );
    }
    const outcome = await deployment.push(code, (message) => progress.update(message));
    return { outcome, inputs };
  } finally {
    progress.done();
  }
}
