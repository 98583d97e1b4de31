/**
 * The command line: one verb per thing that a person or an agent does with the queue.
 *
 * Everything that a verb touches comes in from outside ({@link CliContext}), so a test runs verbs without a terminal. Results
 * go to standard output, as a table or with `--json` as JSON; errors to standard error. Exit codes: 0 done, 1 refused
 * or not found, 2 wrong usage.
 */
import { Command, CommanderError } from "commander";
import { createColors } from "picocolors";
import type { DeploymentClient } from "../runner/client.ts";
import { addAssignmentVerbs } from "./assignment-verbs.ts";
import { addChatVerbs } from "./chat-verbs.ts";
import { addJobVerbs } from "./job-verbs.ts";
import type { Colors } from "./format.ts";
import type { Harness } from "../convex/model/fields.ts";

/** A deployment to talk to, with what the configuration says about it. */
export interface CliSession {
  readonly client: DeploymentClient;
  readonly namespace: string;
  readonly harnessFor: (jobType: string) => Harness;
}

/** All that the command line touches. */
export interface CliContext {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly hasColor: boolean;
  readonly now: () => number;
  /** Opens a session; `config` is the file named by the user, if one was. */
  readonly connect: (config: string | undefined, namespace: string | undefined) => Promise<CliSession>;
}

/** What verbs are given. */
export interface Verbs {
  readonly program: Command;
  readonly colors: Colors;
  readonly now: () => number;
  /** Runs the body of a verb in a session and prints what it gives: a value for `--json`, a text for people. */
  readonly run: (
    body: (session: CliSession) => Promise<{ readonly value: unknown; readonly text: string }>,
  ) => Promise<void>;
}

/** A refusal by the command line itself. */
export class CliError extends Error {
  override readonly name = "CliError";
}

/**
 * Runs a command line.
 *
 * @returns The exit code.
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  const program = new Command("orchestrator")
    .description("Assignments, jobs and chats of a namespace")
    .option("-c, --config <file>", "configuration file (default: config.json, or ORCHESTRATOR_CONFIG)")
    .option("-n, --namespace <name>", "namespace (default: the configuration's)")
    .option("--json", "print JSON")
    .showHelpAfterError("(--help shows all verbs and options)")
    .configureOutput({
      writeOut: (text) => context.stdout(text),
      writeErr: (text) => context.stderr(text),
      getOutHasColors: () => context.hasColor,
      getErrHasColors: () => context.hasColor,
    })
    .exitOverride();
  const colors = createColors(context.hasColor);
  const verbs: Verbs = {
    program,
    colors,
    now: context.now,
    run: async (body) => {
      const options = program.opts<{ config?: string; namespace?: string; json?: boolean }>();
      const session = await context.connect(options.config, options.namespace);
      try {
        const { value, text } = await body(session);
        context.stdout(`${options.json === true ? JSON.stringify(value ?? null, null, 2) : text}\n`);
      } finally {
        await session.client.close();
      }
    },
  };
  addAssignmentVerbs(verbs);
  addJobVerbs(verbs);
  addChatVerbs(verbs);
  try {
    await program.parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    // Commander has printed its own message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    context.stderr(`${colors.red("error:")} ${messageOf(error)}\n`);
    return 1;
  }
}

/** What a person should read of an error: the function's own words without the client's frame. */
export function messageOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "data" in error && typeof error.data === "string")
    return error.data;
  return error instanceof Error ? error.message : String(error);
}
