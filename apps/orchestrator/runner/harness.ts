/**
 * Running one agent: a real child process in a process group of its own, the prompt on its standard input, its output
 * read as it comes, ended when it takes too long or is silent too long.
 */
import { spawn } from "node:child_process";
import type { Patterns } from "./config.ts";
import { OutputReader, type RunMetrics } from "./output.ts";

/** Time between asking a process group to end and ending it. */
const KILL_DELAY_MS = 3_000;
/** The longest wait for output behind the end of the command. */
const DRAIN_MAX_MS = 1_000;
/** How often the idle time is looked at, at least. */
const IDLE_CHECK_MAX_MS = 5_000;

/** What to run. */
export interface HarnessInput {
  readonly command: string;
  readonly prompt: string;
  readonly workdir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly patterns: Patterns;
}

/** How a run ended. */
export type HarnessEnd =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "timeout" }
  | { readonly kind: "idle" }
  | { readonly kind: "stopped" }
  | { readonly kind: "error"; readonly message: string };

/** What a run left. */
export interface HarnessOutcome {
  readonly end: HarnessEnd;
  readonly result: string;
  readonly metrics: RunMetrics;
  readonly sessionId: string | undefined;
  readonly alignment: "aligned" | "uncertain" | "misaligned" | undefined;
}

/** A run that has begun. */
export interface HarnessRun {
  /** The leader of the process group; undefined if it could not be started. */
  readonly pid: number | undefined;
  readonly outcome: Promise<HarnessOutcome>;
  metrics(): RunMetrics;
  /** Ends the process group; the outcome then says "stopped". */
  stop(): void;
}

/** Starts a command. Never throws; what goes wrong is in the outcome. */
export function startHarness(input: HarnessInput): HarnessRun {
  const reader = new OutputReader(input.patterns, Date.now());
  const child = spawn(input.command, {
    shell: true,
    detached: true,
    cwd: input.workdir,
    env: { ...process.env, ...input.environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let forced: HarnessEnd | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  const force = (end: HarnessEnd) => {
    if (forced !== undefined) return;
    forced = end;
    killGroup(child.pid, "SIGTERM");
    killTimer = setTimeout(() => killGroup(child.pid, "SIGKILL"), KILL_DELAY_MS);
  };
  const timeout = setTimeout(() => force({ kind: "timeout" }), input.timeoutMs);
  const idle = setInterval(
    () => {
      if (Date.now() - reader.metrics.lastEventAt >= input.idleTimeoutMs) force({ kind: "idle" });
    },
    Math.min(IDLE_CHECK_MAX_MS, Math.ceil(input.idleTimeoutMs / 4)),
  );
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => reader.push(text, Date.now()));
  }
  // A command that does not read its input closes the pipe; that is its right.
  child.stdin.on("error", () => {});
  child.stdin.end(input.prompt);
  const outcome = new Promise<HarnessOutcome>((resolve) => {
    let end: HarnessEnd = { kind: "error", message: "no end was seen" };
    let graceTimer: NodeJS.Timeout | undefined;
    const finish = () => {
      for (const timer of [timeout, idle, killTimer, graceTimer]) clearTimeout(timer);
      reader.end();
      const { result, metrics, sessionId, alignment } = reader;
      resolve({ end: forced ?? end, result, metrics, sessionId, alignment });
    };
    child.on("error", (error) => {
      end = { kind: "error", message: error.message };
      finish();
    });
    child.on("exit", (code, signal) => {
      end = code === null ? { kind: "signal", signal: signal ?? "unknown" } : { kind: "exit", code };
      // What the command left running in its group goes with it; what left the group may still hold the pipe.
      killGroup(child.pid, "SIGKILL");
      graceTimer = setTimeout(finish, DRAIN_MAX_MS);
    });
    // Comes behind the last output.
    child.on("close", finish);
  });
  return { pid: child.pid, outcome, metrics: () => reader.metrics, stop: () => force({ kind: "stopped" }) };
}

/** Signals a whole process group; one that is gone is no error. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** One sentence about an end that was no success; undefined for one that was. */
export function describeFailure(
  end: HarnessEnd,
  input: Pick<HarnessInput, "timeoutMs" | "idleTimeoutMs">,
): string | undefined {
  switch (end.kind) {
    case "exit":
      return end.code === 0 ? undefined : `The command ended with exit code ${end.code}`;
    case "signal":
      return `The command was ended by ${end.signal}`;
    case "timeout":
      return `Timed out: the command ran longer than ${input.timeoutMs / 1000} s`;
    case "idle":
      return `Timed out: the command printed nothing for ${input.idleTimeoutMs / 1000} s`;
    case "stopped":
      return "The runner was stopped while the command ran";
    case "error":
      return `The command could not be started: ${end.message}`;
    default:
      return end satisfies never;
  }
}
