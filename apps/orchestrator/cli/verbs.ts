/**
 * What verbs share: their surroundings and the small readings of arguments.
 */
import { InvalidArgumentError, type Command } from "commander";
import { api } from "../convex/_generated/api.js";
import type { Doc } from "../convex/_generated/dataModel.js";
import type { Harness, JobInput } from "../convex/model/fields.ts";
import type { DeploymentClient } from "../runner/client.ts";
import type { Colors } from "./format.ts";

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

/** The session's namespace. */
export async function namespaceOf({ client, namespace }: CliSession): Promise<Doc<"namespaces">> {
  const found = await client.query(api.namespaces.getByName, { name: namespace });
  if (found === null) throw new CliError(`Cannot find namespace "${namespace}": it does not exist; create it first`);
  return found;
}

/** Parses "type" or "type:context"; the harness follows from the type unless it is given. */
export function jobInput(session: CliSession, text: string, harness: JobInput["harness"] | undefined): JobInput {
  const [jobType, ...rest] = text.split(":");
  if (jobType === undefined || jobType === "")
    throw new CliError(`Cannot read job "${text}": the type is empty; write type:context`);
  const context = rest.join(":").trim();
  return { jobType, harness: harness ?? session.harnessFor(jobType), ...(context === "" ? {} : { context }) };
}

/** The value of an option that has to be a harness. */
export function parseHarness(text: string): JobInput["harness"] {
  if (text === "claude" || text === "codex" || text === "gemini") return text;
  throw new InvalidArgumentError("It should be claude, codex or gemini.");
}
