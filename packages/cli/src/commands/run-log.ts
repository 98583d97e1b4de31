/**
 * What a called function prints, as it prints it, and what it scheduled for itself: for operators' commands that take long.
 *
 * Everything that a call does carries its request id, which the first entry of the function tells. Runs that are scheduled carry ids of their own;
 * those of the same function are shown while they are waited for.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandContext } from "./context.ts";
import type { StreamedEntry } from "./logs.ts";
import type { ServerClient } from "./server-client.ts";

/** Clocks of two machines may differ by so much. */
const CLOCK_MS = 1_000;
const LOOK_MS = 200;
const LAST_LINES_MS = 500;
/** Jobs that are looked at for those of the function. */
const JOBS_LOOKED_AT = 200;

interface Job {
  readonly name: string;
  readonly state: { readonly kind: string };
}

/** See the module comment. */
export class RunLog {
  readonly #context: CommandContext;
  readonly #client: ServerClient;
  readonly #path: string;
  readonly #startMs = Date.now();
  readonly #stopping = new AbortController();
  #requestId: string | undefined;
  #followsJobs = false;
  #following: Promise<void> | undefined;
  /** Lines of the call itself that were shown. */
  lines = 0;

  /** @param path As the log writes it, for example `dir/mod.js:fn`. */
  constructor(context: CommandContext, client: ServerClient, path: string) {
    this.#context = context;
    this.#client = client;
    this.#path = path;
  }

  start(): void {
    this.#following = this.#follow();
  }

  /** Waits until no run of the function is scheduled or under way any more. */
  async waitForJobs(): Promise<void> {
    this.#followsJobs = true;
    while (!this.#context.signal.aborted && (await this.#hasJobs())) await sleep(LOOK_MS);
    // What the last one printed is on its way.
    await sleep(LAST_LINES_MS);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }

  async #hasJobs(): Promise<boolean> {
    const page = (await this.#client.query("_system/cli/tableData", {
      table: "_scheduled_functions",
      order: "desc",
      paginationOpts: { numItems: JOBS_LOOKED_AT, cursor: null },
    })) as { readonly page: readonly Job[] };
    const isUnderWay = ({ kind }: Job["state"]): boolean => kind === "pending" || kind === "inProgress";
    return page.page.some(({ name, state }) => bare(name) === bare(this.#path) && isUnderWay(state));
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    let cursor = 0;
    while (!signal.aborted) {
      try {
        const path = `/api/stream_function_logs?cursor=${cursor}`;
        const page = (await this.#client.get(path, signal)) as {
          readonly entries: readonly (StreamedEntry & { readonly requestId: string })[];
          readonly newCursor: number;
        };
        cursor = page.newCursor;
        for (const entry of page.entries) this.#show(entry);
      } catch (error) {
        if (signal.aborted) return;
        this.#context.stderr.write(`Cannot follow what the function prints: ${String(error)}\n`);
        return;
      }
    }
  }

  #show(entry: StreamedEntry & { readonly requestId: string }): void {
    if (entry.timestamp * 1_000 < this.#startMs - CLOCK_MS) return;
    const isOwn = bare(entry.identifier) === bare(this.#path);
    if (isOwn) this.#requestId ??= entry.requestId;
    const isOfCall = entry.requestId === this.#requestId;
    // The call's own answer tells its lines; what was not shown by then is shown with it.
    if (isOfCall && isOwn && entry.kind === "Completion") return;
    if (!isOfCall && !(isOwn && this.#followsJobs)) return;
    for (const { level, messages } of entry.logLines) {
      if (isOfCall && isOwn) this.lines += 1;
      this.#context.stderr.write(`${this.#context.colours.dim(`[${level}] ${messages.join(" ")}`)}\n`);
    }
  }
}

/** A function's name without what some name it with. */
function bare(path: string): string {
  return path.replace(".js:", ":");
}
