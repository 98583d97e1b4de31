/**
 * Configuration of runner and command line: a JSON file, with the address and the password also from the environment.
 *
 * A command is a shell command line; it gets the prompt on standard input. Which one runs a job is looked up from the
 * special to the general: "<harness>/<jobType>", "<jobType>", "<harness>", "default".
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Harness } from "../convex/model/fields.ts";

/** Where the configuration is looked for when nobody says. */
export const DEFAULT_CONFIG_FILE = "config.json";

/** What runner and command line go by. */
export interface Config {
  readonly convexUrl: string;
  readonly namespace: string;
  readonly password: string;
  /** The longest that a job may run. */
  readonly timeoutMs: number;
  /** The longest that a job may be silent. */
  readonly idleTimeoutMs: number;
  readonly heartbeatMs: number;
  /** Jobs of one runner that run at the same time, and as many chats beside them. */
  readonly parallelMax: number;
  /** Folder in which jobs run. */
  readonly workdir: string;
  /** Folder in which the runner remembers the jobs that it has started. */
  readonly stateDir: string;
  /** Which harness a new job of a type gets: `default` and exceptions by job type. */
  readonly harnessDefaults: Readonly<Record<string, Harness>>;
  readonly commands: Readonly<Record<string, string>>;
  readonly patterns: Patterns;
}

/** How an agent's output lines tell about its work; regular expressions, the first group is the value. */
export interface Patterns {
  readonly toolCall: string;
  readonly subagent: string;
  readonly tokens: string;
  readonly session: string;
  readonly alignment: string;
}

/** A configuration that cannot be used; the text says what to change. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const DEFAULTS = {
  timeoutMs: 3_600_000,
  idleTimeoutMs: 600_000,
  heartbeatMs: 60_000,
  parallelMax: 8,
  workdir: ".",
  stateDir: ".orchestrator",
  harnessDefaults: { default: "claude" },
  commands: {},
  patterns: {
    toolCall: String.raw`^\[tool\] `,
    subagent: String.raw`^\[subagent\] `,
    tokens: String.raw`^\[tokens\] (\d+)`,
    session: String.raw`^\[session\] (\S+)`,
    alignment: String.raw`^\[alignment\] (aligned|uncertain|misaligned)`,
  },
} as const;

const NUMBERS = ["timeoutMs", "idleTimeoutMs", "heartbeatMs", "parallelMax"] as const;
const TEXTS = ["convexUrl", "namespace", "password", "workdir", "stateDir"] as const;
const HARNESSES: readonly string[] = ["claude", "codex", "gemini"];

/**
 * Reads the configuration. Without a file of its own name, the environment alone may be enough.
 *
 * @throws ConfigError if something is missing or of the wrong kind.
 */
export async function loadConfig(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Config> {
  const path = resolve(file ?? environment.ORCHESTRATOR_CONFIG ?? DEFAULT_CONFIG_FILE);
  const isNamed = (file ?? environment.ORCHESTRATOR_CONFIG) !== undefined;
  const given = await readJson(path, isNamed);
  const fromEnvironment = Object.fromEntries(
    Object.entries({
      convexUrl: environment.CONVEX_URL,
      password: environment.ADMIN_PASSWORD,
      namespace: environment.ORCHESTRATOR_NAMESPACE,
    }).filter(([, value]) => value !== undefined && value !== ""),
  );
  return checkConfig({ ...DEFAULTS, ...given, ...fromEnvironment }, path);
}

/** Checks a configuration that was put together. `source` is named in errors. */
export function checkConfig(merged: Record<string, unknown>, source: string): Config {
  for (const name of TEXTS) {
    const value = merged[name];
    if (typeof value !== "string" || value === "") {
      throw new ConfigError(`Cannot use ${source}: "${name}" is ${show(value)}; it should be a text`);
    }
  }
  for (const name of NUMBERS) {
    const value = merged[name];
    if (typeof value !== "number" || !(value > 0)) {
      throw new ConfigError(`Cannot use ${source}: "${name}" is ${show(value)}; it should be a number above 0`);
    }
  }
  const harnesses = texts(merged.harnessDefaults, "harnessDefaults", source);
  for (const [jobType, harness] of Object.entries(harnesses)) {
    if (HARNESSES.includes(harness)) continue;
    throw new ConfigError(
      `Cannot use ${source}: "harnessDefaults.${jobType}" is "${harness}"; it should be one of ${HARNESSES.join(", ")}`,
    );
  }
  const commands = texts(merged.commands, "commands", source);
  const patterns = { ...DEFAULTS.patterns, ...texts(merged.patterns, "patterns", source) };
  return {
    ...(merged as unknown as Config),
    harnessDefaults: harnesses as Config["harnessDefaults"],
    commands,
    patterns,
  };
}

/** The harness that a new job of this type gets. */
export function harnessFor(config: Pick<Config, "harnessDefaults">, jobType: string): Harness {
  return config.harnessDefaults[jobType] ?? config.harnessDefaults.default ?? "claude";
}

/**
 * The shell command for a job.
 *
 * @throws ConfigError if there is none.
 */
export function commandFor(config: Pick<Config, "commands">, harness: string, jobType: string): string {
  const names = [`${harness}/${jobType}`, jobType, harness, "default"];
  const name = names.find((each) => config.commands[each] !== undefined);
  if (name !== undefined) return config.commands[name]!;
  throw new ConfigError(
    `Cannot run a "${jobType}" job: "commands" has none of ${names.map((each) => `"${each}"`).join(", ")}; add one`,
  );
}

async function readJson(path: string, mustBeThere: boolean): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (!mustBeThere && (error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new ConfigError(`Cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new ConfigError(`Cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  throw new ConfigError(`Cannot read ${path}: it is not a JSON object`);
}

function texts(value: unknown, name: string, source: string): Record<string, string> {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : undefined;
  if (entries !== undefined && entries.every(([, each]) => typeof each === "string")) {
    return Object.fromEntries(entries as [string, string][]);
  }
  throw new ConfigError(`Cannot use ${source}: "${name}" is ${show(value)}; it should be an object of texts`);
}

function show(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}
