/**
 * The runner as a program: `tsx runner/main.ts [--config file]`. Ends with 1 if it cannot start, with 0 when asked to stop.
 */
import { parseArgs } from "node:util";
import { liveClient } from "./client.ts";
import { loadConfig } from "./config.ts";
import { Runner } from "./runner.ts";

const { values } = parseArgs({ options: { config: { type: "string", short: "c" } } });
const log = (line: string) => process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

try {
  const config = await loadConfig(values.config, process.env);
  const client = liveClient(config.convexUrl, config.password);
  const runner = new Runner({ client, config, log });
  const stop = async (signal: string) => {
    log(`${signal}: stopping`);
    await runner.stop();
    await client.close();
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop(signal));
  await runner.start();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
