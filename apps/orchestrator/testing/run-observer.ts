/**
 * Watches which subscriptions the server really executes again, from its log and not from what clients are told: a run
 * whose result is equal is never delivered, and it costs as much as any other.
 *
 * All subscriptions are queries of one socket, and the same socket makes the writes. The client's promise of a mutation is
 * fulfilled when the socket's queries have reached the commit, so at that moment every run that the write causes is in
 * the log, and a run that is not there was not made.
 *
 * Two subscriptions of one function are told apart by the request id in the log entry, which for a subscription is a hash
 * of path, arguments and identity.
 */
import { ConvexClient } from "convex/browser";
import { getFunctionName, type FunctionReference, type FunctionReturnType } from "convex/server";
import { PASSWORD, type Args } from "./backend.ts";
import type { TestServer } from "./server.ts";

/** One execution as the server's log tells it. */
export interface ObservedRun {
  /** The name that the subscription was given, or the path of a function that nobody here subscribed to. */
  readonly name: string;
  readonly documentsRead: number;
  readonly bytesRead: number;
}

/** One client with subscriptions, and the log of the server that it is connected to. */
export class RunObserver {
  readonly #server: TestServer;
  readonly #client: ConvexClient;
  readonly #names = new Map<string, string>();
  #cursor: number;

  private constructor(server: TestServer, cursor: number) {
    this.#server = server;
    this.#cursor = cursor;
    this.#client = new ConvexClient(server.url, { unsavedChangesWarning: false, logger: false });
  }

  static async open(server: TestServer): Promise<RunObserver> {
    return new RunObserver(server, (await server.deployment.logs(0, 0)).cursor);
  }

  /** Subscribes and waits for the first result. Gives the run that made it. */
  async subscribe<F extends FunctionReference<"query">>(name: string, fn: F, args: Args<F>): Promise<ObservedRun> {
    await this.#newRuns();
    await new Promise<void>((resolve, reject) => {
      this.#client.onUpdate(fn, { password: PASSWORD, ...args }, () => resolve(), reject);
    });
    const path = getFunctionName(fn);
    const entries = (await this.#newRuns()).filter((entry) => entry.path === path);
    const [first] = entries;
    if (first === undefined || entries.length !== 1) {
      throw new Error(
        `Cannot observe ${name}: its first result took ${entries.length} runs; should be one, so nobody may ask it before`,
      );
    }
    this.#names.set(first.requestId, name);
    return observed(name, first);
  }

  async mutation<F extends FunctionReference<"mutation">>(fn: F, args: Args<F>): Promise<FunctionReturnType<F>> {
    return await this.#client.mutation(fn, { password: PASSWORD, ...args });
  }

  /** The subscriptions that are executed because of what `act` does, in the order of execution. */
  async runsDuring(act: (observer: RunObserver) => Promise<unknown>): Promise<ObservedRun[]> {
    await this.#newRuns();
    await act(this);
    const entries = await this.#newRuns();
    return entries.map((entry) => observed(this.#names.get(entry.requestId) ?? entry.path, entry));
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  /** Executions of subscriptions since the last look. */
  async #newRuns() {
    // The core answers in order: what it logged before this question is in the log when the answer is here.
    await this.#server.deployment.head();
    const { entries, cursor } = await this.#server.deployment.logs(this.#cursor, 0);
    this.#cursor = cursor;
    return entries.filter((entry) => entry.caller === "Subscription" && entry.kind === "completion" && !entry.cached);
  }
}

function observed(
  name: string,
  { usage }: { readonly usage: { readonly documentsRead: number; readonly bytesRead: number } },
): ObservedRun {
  return { name, documentsRead: usage.documentsRead, bytesRead: usage.bytesRead };
}
