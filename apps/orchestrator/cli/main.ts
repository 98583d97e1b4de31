/**
 * The command line as a program: `tsx cli/main.ts <verb> …`.
 */
import { httpClient } from "../runner/client.ts";
import { harnessFor, loadConfig } from "../runner/config.ts";
import { runCli } from "./program.ts";

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  hasColor: process.stdout.isTTY && process.env.NO_COLOR === undefined,
  now: Date.now,
  connect: async (file, namespace) => {
    const environment = namespace === undefined ? process.env : { ...process.env, ORCHESTRATOR_NAMESPACE: namespace };
    const config = await loadConfig(file, environment);
    return {
      client: httpClient(config.convexUrl, config.password),
      namespace: config.namespace,
      harnessFor: (jobType) => harnessFor(config, jobType),
    };
  },
});
