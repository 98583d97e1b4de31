/**
 * The command line: names, options and help of every command, and which function serves it.
 *
 * @module
 */
import { resolve } from "node:path";
import { AdminKeys } from "@narrowcast/server";
import { Command, InvalidArgumentError, Option } from "commander";
import { checkedUrl } from "./commands/addresses.ts";
import { backupCommand } from "./commands/backup.ts";
import { checkCommand } from "./commands/check.ts";
import { codegenCommand } from "./commands/codegen.ts";
import type { CommandContext } from "./commands/context.ts";
import { dataCommand, type DataOptions } from "./commands/data.ts";
import { devCommand, type DevOptions } from "./commands/dev.ts";
import { ELSEWHERE, elsewhereCommand } from "./commands/elsewhere.ts";
import { envChangeCommand, envGetCommand, envListCommand, parseAssignment } from "./commands/env.ts";
import { keysCommand } from "./commands/keys.ts";
import { logsCommand, type LogsOptions } from "./commands/logs.ts";
import { repairCommand } from "./commands/repair.ts";
import { replayCommand, type ReplayOptions } from "./commands/replay.ts";
import { runCommand, type RunOptions } from "./commands/run.ts";
import type { ServeOptions } from "./commands/serve.ts";
import { startCommand, type StartOptions } from "./commands/start.ts";
import { requireServer, stateDirectory } from "./commands/state-directory.ts";
import { topCommand, type TopOptions } from "./commands/top.ts";
import { TOP_VIEWS } from "./commands/top-view.ts";

const PORT_DEFAULT = 3210;
const MIB = 1024 * 1024;

/** Everything but the folder, which `--dir` decides. */
export type ProgramWorld = Omit<CommandContext, "directory"> & { readonly cwd: string };

interface Target {
  readonly url: string;
  readonly adminKey: string;
}

/** Builds the program. `exit` receives the code of the command that ran. */
export function buildProgram(world: ProgramWorld, version: string, exit: (code: number) => void): Command {
  const program = new Command("narrowcast")
    .description("Runs a Convex app on your own machine: the reactive backend that pays for what changed.")
    .version(version)
    .option("--dir <folder>", "folder of the app", ".")
    .configureOutput({ writeOut: (text) => world.stdout.write(text), writeErr: (text) => world.stderr.write(text) })
    .showHelpAfterError("(--help shows what can be said)");
  const context = (): CommandContext => ({
    ...world,
    directory: resolve(world.cwd, program.opts<{ dir: string }>().dir),
  });
  const run = (command: (at: CommandContext) => Promise<number>): Promise<void> => command(context()).then(exit);
  addServers(program, run);
  addCalls(program, run);
  addMeter(program, run);
  addReplay(program, run);
  addEnvironment(program, run);
  for (const name of Object.keys(ELSEWHERE)) {
    const command = program.command(name, { hidden: true }).allowUnknownOption().allowExcessArguments();
    command.helpOption(false).action(() => run(() => elsewhereCommand(name)));
  }
  program
    .command("check")
    .description("verify the store and say what is wrong; the server must be stopped")
    .action(() => run(checkCommand));
  program
    .command("backup")
    .description(
      "copy the deployment into a new folder, while a server runs or none; `--dir <folder> start` restores it",
    )
    .argument("<folder>", "folder to make")
    .action((folder: string) => run((at) => backupCommand(at, world.cwd, folder)));
  program
    .command("repair")
    .description("write what is sound of a damaged deployment into a new folder, and list what is lost")
    .argument("<folder>", "folder to make")
    .action((folder: string) => run((at) => repairCommand(at, world.cwd, folder)));
  program
    .command("codegen")
    .description("write _generated/ for the functions of this folder")
    .action(() => run(codegenCommand));
  program
    .command("keys")
    .description("print an admin key of this deployment")
    .action(() => run(keysCommand));
  return program;
}

type Run = (command: (at: CommandContext) => Promise<number>) => Promise<void>;

function addServers(program: Command, run: Run): void {
  serverOptions(program.command("dev"))
    .description("serve this folder's app and push on every save")
    .option("--once", "push once and stop", false)
    .option("--no-env-file", "leave .env.local alone")
    .addOption(logsOption())
    .option("--no-logs", "as --logs off")
    .addOption(errorsOption("show"))
    .action((options: DevOptions & GivenServer) => run((at) => devCommand(at, ports(options))));
  serverOptions(program.command("start"))
    .description("serve the last pushed functions without following the source")
    .option("--push", "push this folder's functions first", false)
    .option("--no-env-file", "leave .env.local alone")
    .addOption(logsOption())
    .addOption(errorsOption("redact"))
    .action((options: StartOptions & GivenServer) => run((at) => startCommand(at, ports(options))));
}

function logsOption(): Option {
  return new Option("--logs <form>", "how to print what functions log and how they fail")
    .choices(["off", "text", "json"])
    .default("text");
}

function errorsOption(standard: "show" | "redact"): Option {
  return new Option("--errors <rule>", "whether clients that are no admins see how functions fail and what they log")
    .choices(["show", "redact"])
    .default(standard);
}

function serverOptions(command: Command): Command {
  return command
    .option("--port <number>", "port of the deployment", portNumber, PORT_DEFAULT)
    .option("--site-port <number>", "port of HTTP actions (default: the next one)", portNumber)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--allow-unsupported", "push also what uses parts of Convex that do not work here yet", false)
    .option("--cloud-url <url>", "what browsers call the deployment, when a proxy is in front")
    .option("--no-verify", "do not compare held results with runs from scratch now and then")
    .option("--compress", "let clients negotiate permessage-deflate: fewer bytes, more CPU", false)
    .option("--trace <file>", "write what happens into a file for `replay`; it holds data")
    .addOption(
      new Option("--stop-wait <seconds>", "how long calls under way may go on when the server stops").argParser(
        natural,
      ),
    )
    .option("--site-url <url>", "what browsers call the HTTP actions, when a proxy is in front")
    .addOption(
      new Option("--tracking <rules>", "what queries depend on: what they looked at, or whole documents as on Convex")
        .choices(["fields", "document"])
        .default("fields"),
    )
    .addOption(new Option("--memory <MiB>", "budget for data kept in memory").argParser((text) => positive(text) * MIB))
    .addOption(
      new Option("--node-memory <MiB>", "budget for what queries read before (default: 128)").argParser(
        (text) => positive(text) * MIB,
      ),
    )
    .addOption(new Option("--memo-memory <MiB>").hideHelp().argParser(refuseMemoMemory))
    .addOption(
      new Option(
        "--delta-memory <MiB>",
        "budget for what clients that speak deltas hold; 0 speaks none (default: 64)",
      ).argParser((text) => natural(text) * MIB),
    );
}

/** What commander makes of the options that `dev` and `start` share. */
interface GivenServer {
  readonly port: number;
  readonly sitePort?: number;
  readonly memory?: number;
  readonly nodeMemory?: number;
  readonly deltaMemory?: number;
  readonly compress: boolean;
  readonly stopWait?: number;
}

type Budgets = Pick<
  ServeOptions,
  "sitePort" | "memoryBytes" | "nodeBytes" | "deltaBytesMax" | "compresses" | "stopWaitMs"
>;

function ports<T extends GivenServer>(options: T): T & Budgets {
  const { port, sitePort = port + 1, memory, nodeMemory, deltaMemory, compress, stopWait } = options;
  const budgets = { memoryBytes: memory, nodeBytes: nodeMemory, deltaBytesMax: deltaMemory };
  const wait = stopWait === undefined ? {} : { stopWaitMs: stopWait * 1_000 };
  return { ...options, sitePort, ...budgets, ...wait, compresses: compress };
}

function addCalls(program: Command, run: Run): void {
  targetOptions(program.command("run"))
    .description('call a function, for example: run messages:send \'{"body": "hi"}\'')
    .argument("<function>", "file:name, or api.file.name")
    .argument("[args]", "object as JSON5")
    .option("--watch", "keep showing a query's result as it changes", false)
    .option("--wait", "go on until the function has no run of its own scheduled any more", false)
    .option("--identity <json>", "claims to act as")
    .action((path: string, args: string | undefined, options: Partial<Target> & Omit<RunOptions, keyof Target>) =>
      run((at) => runCommand(at, path, args, { ...options, ...target(at, options) })),
    );
  targetOptions(program.command("data"))
    .description("list tables, or documents of one")
    .argument("[table]")
    .option("--limit <number>", "documents to show", positive, 100)
    .addOption(new Option("--order <order>", "by creation time").choices(["asc", "desc"]).default("desc"))
    .addOption(new Option("--format <format>").choices(["pretty", "json", "jsonl"]).default("pretty"))
    .action((table: string | undefined, options: Partial<Target> & Omit<DataOptions, keyof Target>) =>
      run((at) => dataCommand(at, table, { ...options, ...target(at, options) })),
    );
  targetOptions(program.command("logs"))
    .description("follow what functions log and how they end")
    .option("--history", "begin with what is still held", false)
    .option("--success", "also show calls that succeed silently", false)
    .option("--jsonl", "one JSON object a line", false)
    .action((options: Partial<Target> & Omit<LogsOptions, keyof Target>) =>
      run((at) => logsCommand(at, { ...options, ...target(at, options) })),
    );
}

function addMeter(program: Command, run: Run): void {
  targetOptions(program.command("top"))
    .description("what functions read, run again and send, dearest first, beside Convex's account")
    .addOption(new Option("--view <table>", "table to begin with").choices(TOP_VIEWS).default("functions"))
    .option("--interval <seconds>", "between two looks", positive, 1)
    .option("--once", "print one table and stop", false)
    .option("--json", "print the ledger as JSON and stop", false)
    .action((options: Partial<Target> & { interval: number } & Omit<TopOptions, keyof Target | "intervalMs">) =>
      run((at) => topCommand(at, { ...options, ...target(at, options), intervalMs: options.interval * 1_000 })),
    );
}

function addReplay(program: Command, run: Run): void {
  program
    .command("replay")
    .description("do the work of a trace again in memory, and print what it costs by either rules")
    .argument("<trace>", "file of `dev --trace` or `start --trace`")
    .addOption(
      new Option("--rules <rules>", "how dependencies are followed").choices(["convex", "narrow"]).default("narrow"),
    )
    .option("--json", "print the whole ledger as JSON", false)
    .action((file: string, options: ReplayOptions) => run((at) => replayCommand(at, file, options)));
}

function addEnvironment(program: Command, run: Run): void {
  const env = program.command("env").description("environment variables of the deployment");
  targetOptions(env.command("list"))
    .description("show all")
    .action((options: Partial<Target>) => run((at) => envListCommand(at, target(at, options))));
  targetOptions(env.command("get"))
    .description("show one")
    .argument("<name>")
    .action((name: string, options: Partial<Target>) => run((at) => envGetCommand(at, name, target(at, options))));
  targetOptions(env.command("set"))
    .description("set one: NAME value, or NAME=value")
    .argument("<name>")
    .argument("[value]")
    .action((text: string, given: string | undefined, options: Partial<Target>) =>
      run((at) => {
        const { name, value } = parseAssignment(text, given);
        return envChangeCommand(at, name, value, target(at, options));
      }),
    );
  targetOptions(env.command("remove").alias("unset"))
    .description("remove one")
    .argument("<name>")
    .action((name: string, options: Partial<Target>) =>
      run((at) => envChangeCommand(at, name, null, target(at, options))),
    );
}

function targetOptions(command: Command): Command {
  return command
    .option("--url <url>", "deployment to talk to (default: the one that runs for this folder)")
    .option("--admin-key <key>", "its admin key (default: this folder's)");
}

function target(at: CommandContext, options: Partial<Target>): Target {
  return {
    url: options.url === undefined ? requireServer(at.directory).url : checkedUrl("--url", options.url),
    adminKey: options.adminKey ?? AdminKeys.open(stateDirectory(at.directory)).issue(),
  };
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError("A port is 1 to 65535.");
  return port;
}

function natural(text: string): number {
  return text.trim() === "0" ? 0 : positive(text);
}

/** The name of `--node-memory` before 0.1.0. */
function refuseMemoMemory(): never {
  throw new InvalidArgumentError("It is called --node-memory.");
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("A whole number above 0 is wanted.");
  return value;
}
