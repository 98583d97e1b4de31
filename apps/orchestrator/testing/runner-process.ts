/**
 * The runner as the program that people start: a process of its own with a configuration file, a working folder and the
 * demo harness.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PASSWORD } from "./backend.ts";

const STOP_MAX_MS = 5_000;
const APP = join(import.meta.dirname, "..");

/** What a test may choose. */
export interface RunnerSettings {
  readonly url: string;
  /** Tool calls of each job and the pause before each. */
  readonly steps: number;
  readonly stepMs: number;
}

/** The folder of a runner, in which one process after the other may work. */
export class RunnerHome {
  readonly #folder: string;
  readonly #processes: ChildProcess[] = [];
  /** What all its processes printed. */
  output = "";

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<RunnerHome> {
    return new RunnerHome(await mkdtemp(join(tmpdir(), "orchestrator-home-")));
  }

  /** Starts a runner; it is at work when its output says that it watches. */
  async start({ url, steps, stepMs }: RunnerSettings): Promise<RunnerProcess> {
    const file = join(this.#folder, "config.json");
    const config = {
      convexUrl: url,
      namespace: "harbor",
      password: PASSWORD,
      heartbeatMs: 50,
      workdir: this.#folder,
      stateDir: this.#stateDir,
      harnessDefaults: { default: "claude", pm: "gemini" },
      commands: { default: 'node "$ORCHESTRATOR_HOME/runner/demo-harness.mjs"' },
    };
    await writeFile(file, JSON.stringify(config));
    const child = spawn(process.execPath, ["--import", "tsx", join(APP, "runner", "main.ts"), "--config", file], {
      cwd: APP,
      env: { ...process.env, DEMO_STEPS: String(steps), DEMO_STEP_MS: String(stepMs) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#processes.push(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => (this.output += text));
    }
    return new RunnerProcess(child);
  }

  /** Notes about jobs that were started and are not finished. */
  async notes(): Promise<string[]> {
    try {
      return await readdir(this.#stateDir);
    } catch {
      return [];
    }
  }

  /** Ends every process that still runs, with its jobs if it can, and removes the folder. */
  async close(): Promise<void> {
    for (const child of this.#processes) {
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MAX_MS);
      await new RunnerProcess(child).end("SIGTERM");
      clearTimeout(timer);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #stateDir(): string {
    return join(this.#folder, "state");
  }
}

/** One process of a runner. */
export class RunnerProcess {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Sends a signal and waits for the end. Gives the exit code, or null after a signal that cannot be caught. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    child.kill(signal);
    return await ended;
  }
}
