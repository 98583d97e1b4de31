/**
 * What a command may touch. Tests pass their own; `main.ts` the real process.
 *
 * @module
 */
import type { Colours } from "../terminal/colours.ts";
import type { ProgressSink } from "../terminal/progress.ts";

/** The world of one command. */
export interface CommandContext {
  /** The app's folder: the one that holds `convex/`. */
  readonly directory: string;
  readonly stdout: {
    write(text: string): unknown;
    readonly isTTY?: boolean | undefined;
    readonly columns?: number | undefined;
    readonly rows?: number | undefined;
  };
  /** Where keys come from, for commands that listen to them. */
  readonly stdin?: NodeJS.ReadStream | undefined;
  readonly stderr: ProgressSink;
  readonly colours: Colours;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted by Ctrl-C or a termination signal. */
  readonly signal: AbortSignal;
}

/** A failure that the user can mend. The message is all they see; the exit code is 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** Resolves when the command is asked to stop. */
export async function untilStopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
