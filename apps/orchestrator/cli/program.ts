/**
 * The command line: one verb per thing that a person or an agent does with the queue.
 *
 * Everything that a verb touches comes in from outside ({@link CliContext}), so a test runs verbs without a terminal. Results
 * go to standard output, as a table or with `--json` as JSON; errors to standard error. Exit codes: 0 done, 1 refused
 * or not found, 2 wrong usage.
 */
import { Command, CommanderError } from "commander";
import { createColors } from "picocolors";
import { addAssignmentVerbs } from "./assignment-verbs.ts";
import { addChatVerbs } from "./chat-verbs.ts";
import { addJobVerbs } from "./job-verbs.ts";
import type { CliContext, Verbs } from "./verbs.ts";

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
