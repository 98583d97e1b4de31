/**
 * `narrowcast start`: serves the last pushed functions of the app in this folder, without following its source.
 *
 * @module
 */
import { CommandError, untilStopped, type CommandContext } from "./context.ts";
import { pushApp, serve, type PushOptions, type ServeOptions } from "./serve.ts";

export interface StartOptions extends ServeOptions, PushOptions {
  /** Pushes the folder's functions before serving. */
  readonly push: boolean;
}

export async function startCommand(context: CommandContext, options: StartOptions): Promise<number> {
  const serving = await serve(context, options);
  try {
    if (options.push) {
      const { outcome } = await pushApp(context, serving.deployment, options);
      if (!outcome.ok) throw new CommandError(outcome.message);
    }
    const { functions } = await serving.deployment.analysis();
    if (functions.length === 0) {
      context.stderr.write('No functions are deployed here yet; "narrowcast start --push" deploys this folder.\n');
    }
    context.stdout.write(`Deployment at ${serving.http.url}, HTTP actions at ${serving.http.siteUrl}\n`);
    await untilStopped(context.signal);
    return 0;
  } finally {
    await serving.close();
  }
}
