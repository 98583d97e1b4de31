/**
 * WebSockets of the sync protocol: upgrades, one coalesced write a tick, pings, silence, shutdown.
 *
 * Invariants:
 *   - Timers are per server, not per socket, and run only while sockets are open: an idle server does nothing.
 *   - A socket whose client does not read is not read either, so what is kept for it is bounded.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Limits } from "@narrowcast/values";
import { WebSocketServer, type WebSocket } from "ws";
import type { Deployment } from "../protocol/deployment-types.ts";
import type { Authenticator } from "./authenticator.ts";
import { reportToStderr, type OnError } from "./error-report.ts";
import { PING_FRAME } from "./frames.ts";
import { DeltaTable, type DeltaCounters } from "./delta-table.ts";
import { QueryCount } from "./query-set.ts";
import { Session } from "./session.ts";
import type { Transport } from "./session-options.ts";
import { DELTAS_ON_FRAME, SocketDeltas, asksForDeltas } from "./socket-deltas.ts";
import { UnfinishedBytes, type UnfinishedPart } from "./unfinished-bytes.ts";

export interface SocketServerOptions {
  readonly deployment: Deployment;
  readonly authenticator: Authenticator;
  readonly limits: Limits;
  readonly nowMs?: () => number;
  /** How often all sockets are looked at, in milliseconds. */
  readonly tickMs?: number;
  /** Hides messages, stack traces and log lines from clients that are no admins. */
  readonly redacts?: boolean;
  /** Memory for what sockets with deltas hold, in bytes; 0 speaks no deltas. */
  readonly deltaBytesMax?: number;
  /** Lets clients negotiate permessage-deflate. Costs CPU and memory for each socket; off by default. */
  readonly compresses?: boolean;
  readonly onError?: OnError;
}

const TICK_MS = 5_000;
const PING_AFTER_SILENCE_MS = 15_000;
const DROP_AFTER_SILENCE_MS = 120_000;
/** A message that says it is so much longer than one may be is not even received. */
const MESSAGE_BYTES_FACTOR = 2;
/** What a ping or pong has besides its content, from a client. */
const CONTROL_BYTES = 6;
/** With so many bytes unsent a socket is not read until most have gone. */
const UNSENT_BYTES_HIGH = 1_048_576;
const UNSENT_BYTES_LOW = 262_144;
const CLOSE_WAIT_MS = 50;
const DELTA_BYTES_MAX = 67_108_864;
/** Shorter messages would only get longer. */
const COMPRESSED_BYTES_MIN = 1_024;
const REASON_BYTES_MAX = 123;
/** `/api/1.48.0/sync`, `/api/sync`, also behind a path prefix. */
const SYNC_PATH = /\/api\/(?:([^/]+)\/)?sync$/;
const CHUNKS_SINCE: readonly [number, number] = [1, 28];

interface Connection {
  readonly socket: WebSocket;
  readonly session: Session;
  readonly stream: Duplex;
  sentAtMs: number;
  lastSeenMs: number;
  isCorked: boolean;
  /** The client does not read what it was sent. */
  isCongested: boolean;
  /** The session has enough to do. */
  isHeld: boolean;
}

/** See the module comment. */
export class SocketServer {
  readonly #options: SocketServerOptions;
  readonly #nowMs: () => number;
  readonly #deltas: DeltaTable | undefined;
  readonly #server: WebSocketServer;
  readonly #connections = new Set<Connection>();
  readonly #flushes = new Set<Connection>();
  readonly #queryCount = new QueryCount();
  readonly #unfinished: UnfinishedBytes;
  #timer: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(options: SocketServerOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    const { deltaBytesMax = DELTA_BYTES_MAX } = options;
    this.#deltas = deltaBytesMax > 0 ? new DeltaTable(deltaBytesMax) : undefined;
    this.#unfinished = new UnfinishedBytes(options.limits.unfinishedBytesMax);
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: options.limits.socketMessageBytesMax * MESSAGE_BYTES_FACTOR,
      perMessageDeflate: options.compresses === true ? { threshold: COMPRESSED_BYTES_MIN } : false,
      clientTracking: false,
    });
  }

  /** Number of open sockets. */
  get size(): number {
    return this.#connections.size;
  }

  /** What sockets with deltas hold; undefined if the server speaks none. */
  get deltas(): DeltaCounters | undefined {
    return this.#deltas?.counters;
  }

  /** Bytes handed to sockets and not yet taken by the system, of all sockets. */
  get unsentBytes(): number {
    let bytes = 0;
    for (const { socket } of this.#connections) bytes += socket.bufferedAmount;
    return bytes;
  }

  /** Bytes of messages that have not come whole, of all sockets. */
  get unfinishedBytes(): number {
    return this.#unfinished.total;
  }

  /** Whether this server answers upgrades at `path` (without query string). */
  static serves(path: string): boolean {
    return SYNC_PATH.test(path);
  }

  /** Takes over an upgrade request whose path `serves`. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    if (this.#isClosing) {
      stream.destroy();
      return;
    }
    this.#server.handleUpgrade(request, stream, head, (socket) => this.#open(socket, request, stream));
  }

  /** Calls that clients of all sockets wait for. */
  get callsUnderWay(): number {
    let calls = 0;
    for (const { session } of this.#connections) calls += session.callsUnderWay;
    return calls;
  }

  /** Takes nothing more; each socket ends when what is under way is answered. */
  stop(): void {
    this.#isClosing = true;
    for (const { session } of this.#connections) session.stop();
  }

  /** Closes all sockets in a way that makes clients come back. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#timer);
    for (const { socket, session } of this.#connections) {
      session.closed();
      socket.close(1012, "ServiceRestart");
    }
    if (this.#connections.size > 0) await new Promise((resolve) => setTimeout(resolve, CLOSE_WAIT_MS));
    for (const { socket } of this.#connections) socket.terminate();
    this.#server.close();
  }

  #open(socket: WebSocket, request: IncomingMessage, stream: Duplex): void {
    const nowMs = this.#nowMs();
    const { deployment, authenticator, limits, redacts = false, onError = reportToStderr } = this.#options;
    const url = request.url ?? "";
    const deltas = this.#deltas !== undefined && asksForDeltas(url) ? new SocketDeltas(this.#deltas) : undefined;
    // The session is made with the transport and the transport needs the connection.
    let connection: Connection | undefined;
    const transport: Transport = {
      send: (frame, onFlushed) => connection !== undefined && this.#send(connection, frame, onFlushed),
      get isCongested() {
        return connection?.isCongested ?? false;
      },
      close: (code, reason) => socket.close(code, Buffer.from(reason).subarray(0, REASON_BYTES_MAX)),
      setReading: (isReading) => {
        if (connection === undefined) return;
        connection.isHeld = !isReading;
        this.#chooseReading(connection);
      },
      requestFlush: () => connection !== undefined && this.#requestFlush(connection),
    };
    const session = new Session({
      deployment,
      authenticator,
      transport,
      limits,
      queryCount: this.#queryCount,
      nowMs: this.#nowMs,
      canChunk: canChunk(url),
      redacts,
      deltas,
      onError,
      client: { ip: request.socket.remoteAddress ?? null, userAgent: request.headers["user-agent"] ?? null },
    });
    const times = { sentAtMs: nowMs, lastSeenMs: nowMs };
    connection = { socket, session, stream, ...times, isCorked: false, isCongested: false, isHeld: false };
    this.#connections.add(connection);
    this.#timer ??= setInterval(() => this.#tick(), this.#options.tickMs ?? TICK_MS);
    this.#listen(connection);
    if (deltas !== undefined) this.#send(connection, DELTAS_ON_FRAME);
  }

  #listen(connection: Connection): void {
    const { socket, session, stream } = connection;
    const bytesMax = this.#options.limits.socketMessageBytesMax;
    const part: UnfinishedPart = { bytes: 0, end: () => session.end(1013, "TooManyUnfinishedBytes") };
    const seen = (): void => {
      connection.lastSeenMs = this.#nowMs();
    };
    // Counted before the messages in it are heard. What follows a message in the same piece counts for nothing: 64 kB at most.
    stream.prependListener("data", (bytes: Buffer) => this.#unfinished.add(part, bytes.length));
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      seen();
      this.#unfinished.done(part);
      if (isBinary) session.fail("Received a binary message; messages are JSON text");
      else if (data.length > bytesMax) session.end(1009, tooLong(data.length, bytesMax));
      else session.receive(data.toString("utf8"));
    });
    const heardControl = (data: Buffer): void => {
      seen();
      this.#unfinished.done(part, data.length + CONTROL_BYTES);
    };
    socket.on("ping", heardControl);
    socket.on("pong", heardControl);
    // `ws` has closed the socket with the right code by then: a frame that is too large, bad UTF-8, a bad opcode.
    socket.on("error", () => session.closed());
    socket.on("close", () => {
      session.closed();
      this.#unfinished.done(part);
      this.#connections.delete(connection);
      this.#flushes.delete(connection);
      if (this.#connections.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    });
  }

  /** Frames of one tick leave in one write: the system call costs more than the bytes. */
  #send(connection: Connection, frame: string, onFlushed?: () => void): void {
    const { socket, stream } = connection;
    if (socket.readyState !== socket.OPEN) return;
    connection.sentAtMs = this.#nowMs();
    if (!connection.isCorked) {
      connection.isCorked = true;
      stream.cork();
      process.nextTick(() => {
        // Every response of this turn was sent by now: a transition that waits for the turn's end may follow them in the same write.
        if (this.#flushes.delete(connection)) connection.session.flush();
        connection.isCorked = false;
        stream.uncork();
      });
    }
    socket.send(frame, (error) => {
      // An error means the socket is going down; "close" cleans up.
      if (error !== undefined && error !== null) return;
      this.#readAgain(connection);
      onFlushed?.();
    });
    if (!connection.isCongested && socket.bufferedAmount > UNSENT_BYTES_HIGH) {
      connection.isCongested = true;
      this.#chooseReading(connection);
    }
  }

  #chooseReading({ socket, isCongested, isHeld }: Connection): void {
    if (isCongested || isHeld) socket.pause();
    else if (socket.readyState === socket.OPEN) socket.resume();
  }

  #readAgain(connection: Connection): void {
    const { socket } = connection;
    if (!connection.isCongested) return;
    // Its answers to pings wait; that it reads at all is a sign of life.
    connection.lastSeenMs = this.#nowMs();
    if (socket.bufferedAmount > UNSENT_BYTES_LOW) return;
    connection.isCongested = false;
    this.#chooseReading(connection);
    connection.session.drained();
  }

  #requestFlush(connection: Connection): void {
    if (this.#flushes.size === 0) setImmediate(() => this.#flushAll());
    this.#flushes.add(connection);
  }

  #flushAll(): void {
    const connections = [...this.#flushes];
    this.#flushes.clear();
    for (const { session } of connections) session.flush();
  }

  #tick(): void {
    const nowMs = this.#nowMs();
    for (const connection of this.#connections) {
      const { socket } = connection;
      // What it says lies unread: its silence is ours.
      if (connection.isHeld) connection.lastSeenMs = nowMs;
      if (nowMs - connection.lastSeenMs >= DROP_AFTER_SILENCE_MS) {
        socket.terminate();
        continue;
      }
      // Who does not read would only find the pings in a heap, with nobody to take the answers.
      if (socket.readyState !== socket.OPEN || connection.isCongested) continue;
      socket.ping();
      if (nowMs - connection.sentAtMs >= PING_AFTER_SILENCE_MS) this.#send(connection, PING_FRAME);
    }
  }
}

/** Fits into the 123 bytes that a close frame has for it. */
function tooLong(bytes: number, bytesMax: number): string {
  return `MessageTooLong: it has ${bytes} bytes; should have at most ${bytesMax}`;
}

/** Clients before 1.28 cannot read chunks; one that does not tell its version is taken for a new one. */
function canChunk(url: string): boolean {
  const version = SYNC_PATH.exec(url.split("?")[0] ?? "")?.[1];
  const [major, minor] = (version ?? "").split(".").map(Number);
  if (major === undefined || minor === undefined || Number.isNaN(major) || Number.isNaN(minor)) return true;
  return major > CHUNKS_SINCE[0] || (major === CHUNKS_SINCE[0] && minor >= CHUNKS_SINCE[1]);
}
