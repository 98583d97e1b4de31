/**
 * The order in which sockets get their updates.
 *
 * Two rows, each first come, first served: sockets whose client asked for something (new queries, a new identity, its own
 * mutation), and sockets that a commit woke. The first row goes first. A socket that stood first in its row for
 * `patienceSlices` slices goes before everybody and is served to its end, so that neither a stream of new
 * askers nor commits that keep touching its queries can starve it.
 *
 * @module
 */
import type { Socket } from "./sockets.ts";

/** See the module comment. */
export class WaitingLine {
  readonly #asking = new Set<Socket>();
  readonly #woken = new Set<Socket>();
  readonly #patienceSlices: number;

  constructor(patienceSlices: number) {
    this.#patienceSlices = patienceSlices;
  }

  /** Number of sockets in line. */
  get size(): number {
    return this.#asking.size + this.#woken.size;
  }

  /** Puts a socket in line because its client waits for an answer; it keeps its place if it has one. */
  ask(socket: Socket): void {
    this.#woken.delete(socket);
    this.#asking.add(socket);
  }

  /** Puts a socket in line because a result may have changed. */
  wake(socket: Socket): void {
    if (!this.#asking.has(socket)) this.#woken.add(socket);
  }

  leave(socket: Socket): void {
    socket.slicesWaited = 0;
    this.#asking.delete(socket);
    this.#woken.delete(socket);
  }

  /** Puts a socket at the end of its row. */
  requeue(socket: Socket): void {
    if (this.#asking.delete(socket)) this.#asking.add(socket);
    if (this.#woken.delete(socket)) this.#woken.add(socket);
    socket.slicesWaited = 0;
  }

  /** Whose turn it is. */
  first(): Socket | undefined {
    return firstOf(this.#asking) ?? firstOf(this.#woken);
  }

  /** A socket that has waited too long, if there is one. */
  overdue(): Socket | undefined {
    for (const socket of [firstOf(this.#woken), firstOf(this.#asking)]) {
      if (socket !== undefined && socket.slicesWaited >= this.#patienceSlices) return socket;
    }
    return undefined;
  }

  /** Counts a slice for those who stand first and were not served. */
  endSlice(): void {
    for (const socket of [firstOf(this.#woken), firstOf(this.#asking)]) if (socket !== undefined) socket.slicesWaited++;
  }
}

function firstOf(row: Set<Socket>): Socket | undefined {
  for (const socket of row) return socket;
  return undefined;
}
