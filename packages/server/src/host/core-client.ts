/**
 * Main's side of the core: requests with answers, batches, the watchdog, and a new core when one has died.
 *
 *   request ─▶ pending ─▶ batch ─▶ core ─▶ reply
 *                 └── the core died: opened again from disk, sockets established again, everything pending sent again
 *
 * Invariants:
 *   - A request is answered exactly once, however many cores it took. Mutations are deduplicated (`sessions.ts`), so sending one again
 *     does not run it twice.
 *   - A suspect is not run again: a mutation is only looked up, a query is quarantined, a job or cron run has failed, a load is refused.
 *   - Messages of one tick are one batch.
 *   - What a function left behind in the core is ended, too (`core-pulse.ts`). An idle core is not woken.
 *
 * Not here: what requests mean (`core-requests.ts`), actions (`action-pool.ts`).
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type {
  ActionTicket,
  CoreReplies,
  CoreRequest,
  CoreSignal,
  CoreStart,
  FromCore,
  ToCore,
} from "../protocol/core-protocol.ts";
import { loadTimeOutText, timeOutText } from "../protocol/core-protocol.ts";
import { StorageError } from "../engine/storage-error.ts";
import { openInProcess, openThread, type CoreLink, type LinkEvents } from "./core-link.ts";
import type { CoreHome } from "../core/core-home.ts";
import { SuspectList } from "./suspect-list.ts";
import { runKeyText, type RunKey } from "../protocol/run-key.ts";
import { PendingRequests } from "./pending-requests.ts";
import { SocketRegistry } from "./socket-registry.ts";
import { Watchdog, loadLimit, newWatchMemory } from "../protocol/watchdog.ts";
import { Heartbeat, newHeartMemory, type Pulse } from "../protocol/heartbeat.ts";
import { CorePulse, tellEnd } from "./core-pulse.ts";

/** Starts in a row that may fail before the client gives up. */
const FAILED_STARTS_MAX = 5;
const RESTART_PAUSE_MS = 100;
const RESTART_PAUSE_MAX_MS = 2_000;
/** A core that is closed has so long to finish what is under way. */
const CLOSE_WAIT_MS = 1_500;

type WithoutId<R> = R extends CoreRequest ? Omit<R, "id"> : never;
type NewRequest = WithoutId<CoreRequest>;

/** What the core says by itself. */
export type CoreEvent = Extract<
  FromCore,
  {
    type:
      | "ready"
      | "active"
      | "startAction"
      | "logs"
      | "trace"
      | "filesDeleted"
      | "needModules"
      | "analyzeNode"
      | "dropAnalysis";
  }
>;

/** How a core is run and where its events go. */
export interface CoreClientOptions {
  readonly home: Omit<CoreHome, "start">;
  readonly start: Pick<
    CoreStart,
    "cloudUrl" | "siteUrl" | "limits" | "isMetered" | "tracking" | "nodeBytes" | "verify"
  >;
  readonly threads: boolean;
  /** Actions under way, of which a new core must know. */
  readonly running: () => readonly ActionTicket[];
  readonly onEvent: (event: CoreEvent) => void;
}

/** See the module comment. */
export class CoreClient {
  readonly sockets = new SocketRegistry((signal) => this.signal(signal));
  readonly #options: CoreClientOptions;
  readonly #pending = new PendingRequests();
  readonly #suspects = new SuspectList();
  readonly #watchMemory = newWatchMemory();
  readonly #watchdog: Watchdog;
  #heartbeat: Heartbeat | undefined;
  #link: CoreLink | undefined;
  #isReady = false;
  #isClosed = false;
  #failedStarts = 0;
  #outgoing: ToCore[] = [];
  #lastId = 0;
  /** The disk's error by which the last core ended. */
  #storageError: StorageError | undefined;
  /** What ran when the last core ended by itself. */
  #suspect: RunKey | undefined;
  /** Cores opened so far. */
  starts = 0;

  private constructor(options: CoreClientOptions) {
    this.#options = options;
    this.#watchdog = new Watchdog(
      this.#watchMemory,
      () => this.#pending.size > 0 || !this.#isReady,
      (run) => void this.#endStuck(run),
    );
  }

  /** Opens a core and waits until it is ready. Rejects when its store cannot be opened. */
  static async open(options: CoreClientOptions): Promise<CoreClient> {
    const client = new CoreClient(options);
    await new Promise<void>((resolve, reject) => {
      client.#onFirstReady = resolve;
      client.#onFirstFailure = reject;
      client.#start();
    });
    return client;
  }

  #onFirstReady: (() => void) | undefined;
  #onFirstFailure: ((error: Error) => void) | undefined;

  /** Whether the watchdog's timer is set; for tests. */
  get isWatching(): boolean {
    return this.#watchdog.isWatching;
  }

  /** Asks the core. Rejects when the core refuses, or when there is no core any more. */
  request<T extends CoreRequest["type"]>(
    message: Extract<NewRequest, { type: T }>,
    onProgress?: (message: string) => void,
  ): Promise<CoreReplies[T]> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Error("Cannot ask the deployment: it is closed"));
        return;
      }
      this.#lastId += 1;
      const whole = { ...message, id: this.#lastId } as unknown as CoreRequest;
      this.#pending.add({
        message: whole,
        resolve: (value) => resolve(value as CoreReplies[T]),
        reject,
        onProgress,
      });
      this.#post(whole);
    });
  }

  /** Tells the core something. A core that starts later is told by {@linkcode SocketRegistry.restore}. */
  signal(message: CoreSignal): void {
    this.#post(message);
  }

  /** Ends the core after what is under way. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watchdog.stop();
    this.#heartbeat?.stop();
    this.#flush();
    await this.#closeLink();
    this.#pending.refuseAll(new Error("Cannot answer: the deployment was closed"));
  }

  /** A function that does not come back must not keep the store open; what is durable stays. */
  async #closeLink(): Promise<void> {
    const link = this.#link;
    if (link === undefined) return;
    const late = new AbortController();
    const timer = sleep(CLOSE_WAIT_MS, undefined, { signal: late.signal }).then(
      () => link.terminate(),
      () => undefined,
    );
    await Promise.race([link.close(), timer]);
    late.abort();
  }

  /** Ends the core as a crash would and opens a new one; for tests. */
  async crash(): Promise<void> {
    await this.#link?.terminate();
    this.#ended(new Error("the core was ended"));
  }

  #post(message: ToCore): void {
    if (!this.#isReady) return;
    this.#outgoing.push(message);
    if (this.#outgoing.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const batch = this.#outgoing;
    this.#outgoing = [];
    if (!this.#isReady || batch.length === 0) return;
    this.#link?.send(batch);
    this.#watch();
  }

  #watch(): void {
    if (!this.#options.threads || this.#isClosed) return;
    this.#watchdog.watch();
    this.#heartbeat?.watch();
  }

  #start(): void {
    this.starts += 1;
    this.#isReady = false;
    const { home, start, running } = this.#options;
    const storageCode = this.#storageError?.code;
    const whole: CoreStart = { ...start, suspects: this.#suspects.all(), running: running(), storageCode };
    const events: LinkEvents = {
      onBatch: (batch) => this.#receive(batch),
      onEnd: (error) => this.#ended(error),
    };
    this.#watchdog.reset();
    if (this.#options.threads) {
      const { directory, memoryBytes } = home;
      const heartMemory = newHeartMemory();
      const data = { directory, memoryBytes, start: whole, watchMemory: this.#watchMemory, heartMemory };
      const link = openThread(data, events);
      this.#link = link;
      const pulse = new CorePulse();
      this.#heartbeat?.stop();
      this.#heartbeat = new Heartbeat({
        memory: heartMemory,
        ask: () => link.ask(),
        isAwaited: () => this.#pending.size > 0,
        onLook: (seen) => this.#judge(pulse, seen),
      });
      this.#watch();
      return;
    }
    openInProcess({ ...home, start: whole }, events).then(
      (link) => {
        this.#link = link;
        this.#becomeReady();
      },
      (error: unknown) => this.#ended(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** In-process, `ready` may come before the link is known: both are needed. */
  #hasReadyMessage = false;

  #becomeReady(): void {
    if (this.#link === undefined || !this.#hasReadyMessage) return;
    this.#hasReadyMessage = false;
    this.#isReady = true;
    this.#failedStarts = 0;
    this.#suspects.delivered();
    this.#outgoing = [...this.sockets.restore(), ...this.#pending.messages];
    this.#flush();
    this.#onFirstReady?.();
    this.#onFirstReady = undefined;
    this.#onFirstFailure = undefined;
  }

  #receive(batch: readonly FromCore[]): void {
    for (const message of batch) {
      switch (message.type) {
        case "reply":
          this.#pending.reply(message.id, message.value);
          break;
        case "refused":
          this.#pending.refuse(message.id, refusalOf(message));
          break;
        case "progress":
          this.#pending.progress(message.id, message.message);
          break;
        case "updates":
          this.sockets.deliver(message.updates);
          break;
        case "awake":
          this.#watch();
          break;
        case "ready":
          this.#options.onEvent(message);
          this.#hasReadyMessage = true;
          this.#becomeReady();
          break;
        case "active":
          this.#suspects.clear();
          this.#options.onEvent(message);
          break;
        case "needModules":
        case "analyzeNode":
        case "dropAnalysis":
        case "startAction":
        case "logs":
        case "trace":
        case "filesDeleted":
          this.#options.onEvent(message);
          break;
        case "failed":
          break;
      }
    }
  }

  #judge(pulse: CorePulse, seen: Pulse): void {
    if (!this.#isReady || this.#isClosed || !pulse.judge(seen, this.#watchdog.state())) return;
    const last = this.#watchdog.last();
    tellEnd(last, "what", "left behind went on computing; await every promise");
    // Its answer is out. Only a query would run again by itself.
    if (last?.run.kind === "query") this.#blame(last.run);
    void this.#restart();
  }

  async #endStuck(run: RunKey): Promise<void> {
    if (this.#isClosed) return;
    tellEnd(this.#watchdog.last(), "", "did not come back");
    this.#blame(run);
    await this.#restart();
  }

  async #restart(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    this.#isReady = false;
    await link?.terminate();
    if (!this.#isClosed) this.#start();
  }

  /** Decides what becomes of the run that did not come back. */
  #blame(run: RunKey): void {
    this.#suspects.add(run);
    const message = timeOutText(this.#options.start.limits);
    switch (run.kind) {
      case "call":
        return this.#pending.lookUp(run.request, message);
      case "load":
        if (run.request !== "start")
          this.#pending.refuseLoad(run.request, loadTimeOutText(loadLimit(this.#options.start.limits, "push")));
        return;
      case "query":
        return this.#pending.answerQueries(run.request, message);
      case "job":
      case "cron":
        // The new core is told and does what is to be done.
        return;
    }
  }

  /** The core is gone without having been asked to go. */
  #ended(error: Error): void {
    if (this.#isClosed) return;
    this.#link = undefined;
    const wasReady = this.#isReady;
    this.#isReady = false;
    this.#watchdog.stop();
    this.#heartbeat?.stop();
    if (this.#onFirstFailure !== undefined) {
      this.#isClosed = true;
      this.#onFirstFailure(error);
      return;
    }
    this.#storageError = StorageError.from(error);
    if (this.#storageError === undefined) this.#blameForEnd(error);
    else this.#pending.refuseWrites(this.#storageError);
    this.#failedStarts = wasReady ? 0 : this.#failedStarts + 1;
    console.error("The core ended:", error.message);
    // A disk may take its time to be well again; other failures do not go away.
    if (this.#canReopen && (this.#storageError !== undefined || this.#failedStarts < FAILED_STARTS_MAX)) {
      setTimeout(
        () => {
          if (!this.#isClosed) this.#start();
        },
        Math.min(RESTART_PAUSE_MAX_MS, RESTART_PAUSE_MS * 2 ** this.#failedStarts),
      );
    } else {
      this.#isClosed = true;
      this.#pending.refuseAll(new Error(`Cannot go on with the deployment: ${error.message}`));
    }
  }

  /** Whoever ran when the memory ran out is a suspect; for other ends only one that was there twice in a row. */
  #blameForEnd(error: Error): void {
    const running = this.#watchdog.running();
    const isOutOfMemory = (error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY";
    if (running !== undefined && (isOutOfMemory || this.#isSuspect(running))) this.#blame(running);
    this.#suspect = running;
  }

  #isSuspect(run: RunKey): boolean {
    return this.#suspect !== undefined && runKeyText(this.#suspect) === runKeyText(run);
  }

  /** A core in this process's memory took its data with it: opening an empty one would hide the loss. */
  get #canReopen(): boolean {
    const { home } = this.#options;
    return home.directory !== undefined || home.engine !== undefined;
  }
}

/** Why the core did not do what was asked, by its own account. */
function refusalOf({ message, storageCode }: Extract<FromCore, { type: "refused" }>): Error {
  return storageCode === undefined ? new Error(message) : new StorageError(storageCode, new Error(message));
}
