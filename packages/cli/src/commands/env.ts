/**
 * `narrowcast env list|get|set|remove`: the deployment's environment variables.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { ServerClient } from "./server-client.ts";

export interface EnvOptions {
  readonly url: string;
  readonly adminKey: string;
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

export async function envListCommand(context: CommandContext, options: EnvOptions): Promise<number> {
  for (const { name, value } of await list(options)) context.stdout.write(`${name}=${value}\n`);
  return 0;
}

/** @returns 1 when there is no such variable. */
export async function envGetCommand(context: CommandContext, name: string, options: EnvOptions): Promise<number> {
  const found = (await list(options)).find((variable) => variable.name === name);
  if (found === undefined) throw new CommandError(`Cannot get environment variable "${name}": it is not set`);
  context.stdout.write(`${found.value}\n`);
  return 0;
}

/** Sets `name` to `value`, or removes it when `value` is null. */
export async function envChangeCommand(
  context: CommandContext,
  name: string,
  value: string | null,
  options: EnvOptions,
): Promise<number> {
  if (value === null && !(await list(options)).some((variable) => variable.name === name)) {
    throw new CommandError(`Cannot remove environment variable "${name}": it is not set`);
  }
  await new ServerClient(options.url, options.adminKey).post("/api/update_environment_variables", {
    changes: [{ name, value }],
  });
  context.stderr.write(`${value === null ? "Removed" : "Set"} ${name}\n`);
  return 0;
}

/** Splits `NAME=value` or takes name and value apart as given. */
export function parseAssignment(name: string, value: string | undefined): Variable {
  if (value !== undefined) return { name, value };
  const at = name.indexOf("=");
  if (at < 1) throw new CommandError(`Cannot set "${name}": no value is given; write NAME value or NAME=value`);
  return { name: name.slice(0, at), value: name.slice(at + 1) };
}

async function list(options: EnvOptions): Promise<readonly Variable[]> {
  const client = new ServerClient(options.url, options.adminKey);
  return (await client.query("_system/cli/queryEnvironmentVariables", {})) as readonly Variable[];
}
