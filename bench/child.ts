/**
 * Programs of the benchmarks in processes of their own: one request at a time, answered over the channel to the parent.
 *
 * They run the built packages, as a user's server does, so they are started without the condition that leads to the sources.
 *
 * @module
 */
import { fork, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** CPU time used so far by all threads, and memory, of a process. */
export interface Usage {
  readonly cpuMs: number;
  /** Physical memory, pages of mapped files included. */
  readonly residentBytes: number;
  /** The same without mapped files, where the system tells; those the system can take back at any time. */
  readonly heldBytes: number;
}

type Answer = { readonly value: unknown } | { readonly error: string };

/** The parent's end. */
export class Child {
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #failure: Error | undefined;

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.#ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#failure = new Error(`Cannot go on: a process of the benchmark ended with ${signal ?? String(code)}`);
        resolve();
      });
    });
  }

  /**
   * Starts `program` (relative to this folder).
   *
   * `BENCH_PROFILE=directory` writes CPU profiles of all its threads.
   */
  static start(program: string, args: readonly string[] = []): Child {
    const profile = process.env["BENCH_PROFILE"];
    const flags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
    const file = fileURLToPath(new URL(program, import.meta.url));
    return new Child(fork(file, args, { execArgv: ["--import", "tsx", ...flags] }));
  }

  get processId(): number {
    return this.#process.pid ?? 0;
  }

  /** @throws {Error} With the program's message if it failed, or when it ended. */
  async ask<T>(request: object): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    const answered = new Promise<Answer>((resolve) => {
      this.#process.once("message", (answer) => resolve(answer as Answer));
    });
    this.#process.send(request);
    const answer = await Promise.race([answered, this.#ended]);
    if (answer === undefined) throw this.#failure ?? new Error("Cannot go on: a process of the benchmark ended");
    if ("error" in answer) throw new Error(answer.error);
    return answer.value as T;
  }

  usage(): Promise<Usage> {
    return this.ask<Usage>({ type: "usage" });
  }

  /** Lets the program close what it has open and end. */
  async stop(): Promise<void> {
    if (this.#failure !== undefined) return;
    this.#process.send({ type: "stop" });
    await this.#ended;
  }
}

/** The program's end: answers requests with `answer`, which knows what its parent asks; `stop` runs `close`. */
export function serveParent(answer: (request: never) => unknown, close: () => Promise<void> | void): void {
  process.on("message", (request: { readonly type: string }) => {
    if (request.type === "stop") {
      void Promise.resolve(close()).then(() => process.exit(0));
      return;
    }
    const given = async (): Promise<unknown> => (request.type === "usage" ? ownUsage() : answer(request as never));
    given().then(
      (value: unknown) => process.send?.({ value } satisfies Answer),
      (error: unknown) =>
        process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  // The parent was killed: nobody is left to measure for.
  process.on("disconnect", () => process.exit(1));
}

function ownUsage(): Usage {
  const { user, system } = process.cpuUsage();
  const residentBytes = process.memoryUsage.rss();
  return { cpuMs: (user + system) / 1000, residentBytes, heldBytes: heldBytes() ?? residentBytes };
}

function heldBytes(): number | undefined {
  const file = "/proc/self/status";
  const found = existsSync(file) ? /RssAnon:\s+(\d+) kB/.exec(readFileSync(file, "utf8")) : null;
  return found === null ? undefined : Number(found[1]) * 1024;
}
