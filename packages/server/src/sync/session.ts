/**
 * One socket's side of the sync protocol, as a state machine: client messages, deployment updates and drained frames in, frames out.
 *
 *   client ──message──▶ Session ──modifyQueries / setIdentity / mutation──▶ Deployment
 *   client ◀──frame──── Session ◀────────────── update at one ts ──────────────┘
 *
 * Invariants:
 *   - Every transition starts exactly where the last one ended.
 *   - Updates that arrive while two transitions are unflushed are merged, never dropped: the newest result of each query wins,
 *     and because every update is consistent at its ts, so is the merged one.
 *   - A mutation's response leaves before the transition that shows it, and such a transition always comes.
 *   - Messages are handled in the order they arrive; a message that has to wait makes the later ones wait.
 *
 * Not here: frames' text (`frames.ts`), who it speaks for (`socket-identity.ts`), WebSockets and timers (`socket-server.ts`).
 *
 * @module
 */
import {
  ROOT_COMPONENT,
  BadMessageError,
  parseClientMessage,
  type CallMessage,
  type ClientMessage,
  type ConnectMessage,
  type ModifyQuerySetMessage,
  type Ts,
} from "@narrowcast/values";
import type { QueryAdd, RunResult, SocketUpdate } from "../protocol/live-types.ts";
import type { CallOutcome, CallRequest, SocketLink } from "../protocol/deployment-types.ts";
import {
  actionResponseFrame,
  chunkFrames,
  fatalErrorFrame,
  mutationResponseFrame,
  transitionFrame,
  versionMismatch,
  type Version,
} from "./frames.ts";
import { ArgumentTexts, componentRefusal } from "./call-arguments.ts";
import { redactOutcome, redactResult } from "./redact.ts";
import { MutationLine } from "./mutation-line.ts";
import { QuerySet } from "./query-set.ts";
import { requestIdOf } from "./request-id.ts";
import type { SessionOptions } from "./session-options.ts";
import { SocketIdentity } from "./socket-identity.ts";

/** Transitions handed to the socket and not yet flushed; more are merged. */
const UNFLUSHED_MAX = 2;

/** See the module comment. */
export class Session {
  readonly #options: SessionOptions;
  readonly #link: SocketLink;
  #sessionId: string | undefined;
  #clockSkewMs: number | undefined;
  readonly #identity: SocketIdentity;
  /** The version the client asked for; the deployment's updates catch up with it, as with that of the identity. */
  #querySet = 0;
  #sent: Version = { querySet: 0, identity: 0, ts: 0 };
  /** Where the merged, unsent changes lead; undefined when there is nothing to send. */
  #next: Version | undefined;
  #changes = new Map<number, RunResult | undefined>();
  #unflushed = 0;
  #transitions = 0;
  readonly #mutations: MutationLine;
  readonly #queries: QuerySet;
  #actionsRunning = 0;
  #isClosed = false;
  /** An asynchronous message is under way; later ones wait in the inbox. */
  #isWaiting = false;
  #inbox: ClientMessage[] = [];
  #isReading = true;
  #isStopping = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#mutations = new MutationLine({
      run: (call) => options.deployment.mutation(call),
      isHeld: () => options.transport.isCongested,
      onEnd: () => this.#chooseReading(),
    });
    this.#queries = new QuerySet(options.limits, options.queryCount);
    this.#link = options.deployment.openSocket((update) => this.#onUpdate(update));
    this.#identity = new SocketIdentity(options.authenticator, options.nowMs, {
      changed: (version, identity) => this.#link.setIdentity(version, identity),
      refused: (frame) => {
        options.transport.send(frame);
        this.end(1000, "AuthError");
      },
      failed: (error) => this.fail(error),
    });
  }

  /** Handles one text frame. Never throws: what the client did wrong ends the socket with Convex's error. */
  receive(text: string): void {
    if (this.#isClosed || this.#isStopping) return;
    let message: ClientMessage;
    try {
      message = parseClientMessage(text, this.#options.limits);
    } catch (error) {
      if (!(error instanceof BadMessageError)) throw error;
      this.fail(error.message);
      return;
    }
    if (this.#isWaiting) this.#inbox.push(message);
    else this.#handleSafely(message);
    this.#chooseReading();
  }

  /** Ends the socket for good: a retry would fail the same way. */
  fail(error: string): void {
    if (this.#isClosed) return;
    this.#options.transport.send(fatalErrorFrame(error));
    this.end(1008, "BadRequest");
  }

  /** Ends the socket with a code that says why, and no message: the client comes back. */
  end(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.closed();
    this.#options.transport.close(code, reason);
  }

  /** The socket is gone; the deployment forgets it. */
  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#mutations.close();
    this.#queries.close();
    this.#options.deltas?.close();
    this.#link.close();
  }

  /** Calls that the client waits for. */
  get callsUnderWay(): number {
    return this.#isClosed ? 0 : this.#mutations.underWay + this.#actionsRunning;
  }

  /** The server stops: nothing more is taken, and the socket ends when what is under way is answered. The client comes back with the rest. */
  stop(): void {
    if (this.#isClosed || this.#isStopping) return;
    this.#isStopping = true;
    this.#inbox.length = 0;
    this.#mutations.close();
    this.#options.transport.setReading(false);
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#isStopping && this.callsUnderWay === 0) this.end(1012, "ServiceRestart");
  }

  /** The client reads again. */
  drained(): void {
    this.#mutations.start();
  }

  /** Sends the merged changes, if there are any and the socket keeps up. */
  flush(): void {
    const end = this.#next;
    if (end === undefined || this.#isClosed || this.#unflushed >= UNFLUSHED_MAX) return;
    const { transport, canChunk, limits, nowMs } = this.#options;
    const frame = transitionFrame({
      start: this.#sent,
      end,
      changes: this.#changes,
      clockSkewMs: this.#clockSkewMs,
      serverTs: Math.round(nowMs() * 1e6),
      deltas: this.#options.deltas,
      onSize: this.#link.sent,
    });
    this.#sent = end;
    this.#next = undefined;
    this.#changes = new Map();
    this.#unflushed += 1;
    this.#transitions += 1;
    const onFlushed = (): void => {
      this.#unflushed -= 1;
      this.flush();
    };
    const chunks = canChunk ? chunkFrames(frame, String(this.#transitions), limits.transitionChunkBytes) : [frame];
    chunks.forEach((chunk, index) => transport.send(chunk, index === chunks.length - 1 ? onFlushed : undefined));
  }

  /** A defect of ours ends this socket, not the process; the client comes back. */
  #handleSafely(message: ClientMessage): void {
    try {
      this.#handle(message);
    } catch (error) {
      this.#failInternally(error, `handle message ${message.type}`);
    }
  }

  #failInternally(error: unknown, during: string): void {
    if (this.#isClosed) return;
    if (this.#isStopping) return this.end(1012, "ServiceRestart");
    this.#options.onError(error, during);
    this.end(1011, "InternalServerError");
  }

  #handle(message: ClientMessage): void {
    if ((message.type === "Connect") !== (this.#sessionId === undefined)) {
      this.fail(
        message.type === "Connect"
          ? "Received a second Connect message; a connection sends exactly one"
          : `Received ${message.type} before Connect; a connection begins with Connect`,
      );
      return;
    }
    if (message.type !== "Authenticate" && this.#identity.hasExpired()) return;
    switch (message.type) {
      case "Connect":
        this.#connect(message);
        return;
      case "Authenticate":
        this.#wait(this.#identity.authenticate(message, () => !this.#isClosed));
        return;
      case "ModifyQuerySet":
        this.#modify(message);
        return;
      case "Mutation":
        this.#mutate(message);
        return;
      case "Action":
        this.#act(message);
        return;
      case "Event":
        return;
    }
  }

  #connect(message: ConnectMessage): void {
    this.#sessionId = message.sessionId;
    if (message.clientTs !== null && Number.isFinite(message.clientTs))
      this.#clockSkewMs = message.clientTs - this.#options.nowMs();
    if (message.maxObservedTimestamp !== null) this.#wait(this.#checkObserved(message.maxObservedTimestamp));
  }

  /** A client that has seen more than we have must not be shown an older world. It may try again. */
  async #checkObserved(observed: Ts): Promise<void> {
    if ((await this.#options.deployment.head()) < observed) this.end(1013, "OutOfRetention");
  }

  #modify(message: ModifyQuerySetMessage): void {
    if (message.baseVersion !== this.#querySet) {
      this.fail(versionMismatch("ModifyQuerySet", message.baseVersion, this.#querySet));
      return;
    }
    if (message.newVersion <= message.baseVersion) {
      this.fail(
        `Cannot modify query set: new version is ${message.newVersion}; should be after ${message.baseVersion}`,
      );
      return;
    }
    const texts = new ArgumentTexts();
    const add: QueryAdd[] = [];
    const changes = this.#queries.modify(message.modifications);
    const { excess } = this.#queries;
    if (excess === "server") this.end(1013, "TooManySubscriptions");
    else if (excess === "socket") {
      const max = this.#options.limits.socketQueriesMax;
      this.fail(`Cannot subscribe: this socket has ${this.#queries.size} queries; should have at most ${max}`);
    }
    if (excess !== undefined) return;
    for (const { queryId, udfPath: path, args: given, journal, componentPath } of changes.add) {
      const [args, component] = [this.#argsText(given, texts), this.#component(componentPath)];
      if (args === undefined || component === undefined) return;
      add.push({ queryId, component, path, args, journal });
    }
    this.#querySet = message.newVersion;
    this.#link.modifyQueries(message.newVersion, add, changes.remove);
  }

  #mutate(message: CallMessage): void {
    const call = this.#call(message);
    if (call === undefined) return;
    this.#mutations.push(
      call,
      (outcome) => this.#mutated(message.requestId, outcome),
      (error) => this.#failInternally(error, `run mutation ${message.udfPath}`),
    );
  }

  #mutated(requestId: number, outcome: CallOutcome): void {
    if (this.#isClosed) return;
    this.#options.transport.send(mutationResponseFrame(requestId, this.#shown(outcome)));
    // The client's promise ends only with a transition after this response; often one is at hand.
    const ts = outcome.ok ? outcome.ts : null;
    if (ts === null || this.#next === undefined || this.#next.ts < ts) this.#link.touch(ts);
  }

  #act(message: CallMessage): void {
    const call = this.#call(message);
    if (call === undefined) return;
    if (this.#actionsRunning >= this.#options.limits.socketActionsMax) {
      this.end(1013, "TooManyConcurrentRequests");
      return;
    }
    this.#actionsRunning += 1;
    this.#options.deployment.action(call).then(
      (outcome) => {
        this.#actionsRunning -= 1;
        if (this.#isClosed) return;
        this.#options.transport.send(actionResponseFrame(message.requestId, this.#shown(outcome)));
        this.#link.touch(null);
        this.#endIfDone();
      },
      (error: unknown) => this.#failInternally(error, `run action ${message.udfPath}`),
    );
  }

  #call(message: CallMessage): CallRequest | undefined {
    const args = this.#argsText(message.args, new ArgumentTexts());
    const component = this.#component(message.componentPath);
    const sessionId = this.#sessionId ?? "";
    if (args === undefined || component === undefined) return undefined;
    return {
      component,
      path: message.udfPath,
      args,
      identity: this.#identity.now,
      allowInternal: this.#identity.isAdmin,
      session: { sessionId, requestId: message.requestId },
      socket: this.#link.number,
      requestId: requestIdOf(sessionId, message.requestId),
      client: this.#options.client,
    };
  }

  /** Arguments as text; undefined after ending the socket. */
  #argsText(args: CallMessage["args"], texts: ArgumentTexts): string | undefined {
    if (args.length <= 1) return texts.text(args);
    this.fail(`Cannot read arguments: there are ${args.length}; should be one object`);
    return undefined;
  }

  get #hides(): boolean {
    return this.#options.redacts && !this.#identity.isAdmin;
  }

  #shown(outcome: CallOutcome): CallOutcome {
    return this.#hides ? redactOutcome(outcome) : outcome;
  }

  /** The component that a message names; undefined after ending the socket. */
  #component(componentPath: string | null): string | undefined {
    const refusal = componentRefusal(componentPath, this.#identity.isAdmin);
    if (refusal === undefined) return ROOT_COMPONENT;
    this.fail(refusal);
    return undefined;
  }

  #onUpdate(update: SocketUpdate): void {
    if (this.#isClosed || this.#identity.hasExpired()) return;
    for (const { queryId, result } of update.changes) {
      this.#changes.set(queryId, result !== undefined && this.#hides ? redactResult(result) : result);
    }
    this.#next = { querySet: update.querySet, identity: update.identity, ts: Math.max(this.#sent.ts, update.ts) };
    this.#options.transport.requestFlush();
  }

  /** Later messages wait until `work` is done. */
  #wait(work: Promise<void>): void {
    this.#isWaiting = true;
    const proceed = (): void => {
      this.#isWaiting = false;
      while (!this.#isWaiting && !this.#isClosed) {
        const message = this.#inbox.shift();
        if (message === undefined) break;
        this.#handleSafely(message);
      }
      this.#chooseReading();
    };
    work.then(proceed, (error: unknown) => this.#failInternally(error, "handle a message"));
  }

  /** A client that has much under way is not read until half of it is done. */
  #chooseReading(): void {
    const most = Math.max(this.#mutations.size, this.#inbox.length);
    const max = this.#options.limits.socketMutationsQueuedMax;
    if (this.#isStopping) return this.#endIfDone();
    if (this.#isClosed || (this.#isReading ? most < max : most > max / 2)) return;
    this.#isReading = !this.#isReading;
    this.#options.transport.setReading(this.#isReading);
  }
}
