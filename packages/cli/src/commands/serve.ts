/**
 * A server for the app in a folder: deployment on its store, sockets and HTTP in front. Shared by `dev` and `start`.
 *
 * @module
 */
import {
  AdminKeys,
  bundleApp,
  startDeployment,
  startServer,
  type Deployment,
  type PushOutcome,
  type RunningHttp,
} from "@narrowcast/server";
import { Progress } from "../terminal/progress.ts";
import { CommandError, type CommandContext } from "./context.ts";
import { functionsFolder } from "./functions-folder.ts";
import { writeTrace } from "./trace-file.ts";
import { announceServer, findServer, stateDirectory, storeDirectory } from "./state-directory.ts";

export interface ServeOptions {
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
  /** File for a trace of everything that happens. */
  readonly trace?: string | undefined;
}

export interface Serving {
  readonly deployment: Deployment;
  readonly http: RunningHttp;
  readonly adminKey: string;
  close(): Promise<void>;
}

/** Opens the store and listens. Fails with a clear error when a server already runs here or a port is taken. */
export async function serve(context: CommandContext, options: ServeOptions): Promise<Serving> {
  const running = findServer(context.directory);
  if (running !== undefined) {
    throw new CommandError(
      `Cannot start a server for "${context.directory}": one runs already at ${running.url} (process ${running.pid}); stop it first`,
    );
  }
  // Functions see UTC, as on Convex, wherever the server stands.
  process.env["TZ"] = "UTC";
  const adminKeys = AdminKeys.open(stateDirectory(context.directory));
  const cloudUrl = options.cloudUrl ?? `http://${options.host}:${options.port}`;
  const siteUrl = options.siteUrl ?? `http://${options.host}:${options.sitePort}`;
  const deployment = await startDeployment({
    directory: storeDirectory(context.directory),
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
    const { port, sitePort, host, deltaBytesMax, compresses } = options;
    const http = await startServer({ deployment, adminKeys, port, sitePort, host, deltaBytesMax, compresses });
    const forget = announceServer(context.directory, { url: cloudUrl, siteUrl, pid: process.pid });
    const endTrace = options.trace === undefined ? undefined : writeTrace(context, deployment, options.trace);
    const close = async (): Promise<void> => {
      forget();
      await http.close();
      await endTrace?.();
      await deployment.close();
    };
    return { deployment, http, adminKey: adminKeys.issue(), close };
  } catch (error) {
    await deployment.close();
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") {
      throw new CommandError(
        `Cannot listen on ${options.host}:${options.port} and ${options.sitePort}: a port is taken; choose another with --port`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** Bundles the app's functions and makes them the running ones. Returns the files that a change of must push again. */
export async function pushApp(
  context: CommandContext,
  deployment: Deployment,
): Promise<{ readonly outcome: PushOutcome; readonly inputs: readonly string[] }> {
  const progress = new Progress(context.stderr);
  progress.update("Bundling functions");
  try {
    const { code, inputs } = await bundleApp(functionsFolder(context.directory));
    const outcome = await deployment.push(code, (message) => progress.update(message));
    return { outcome, inputs };
  } finally {
    progress.done();
  }
}
