/**
 * Collects what sockets were sent, in main, and tells the core's ledger in batches.
 *
 * Many sockets get the same result in one tick: what is told is one line a request. A batch leaves a moment after its first note, or when
 * it holds many requests; nothing is sent, and no timer is set, while nothing happens.
 *
 * @module
 */
import type { SentNote } from "../protocol/meter-notes.ts";

const DELAY_MS = 200;
const NOTES_MAX = 1_000;

type Note = { -readonly [K in keyof SentNote]: SentNote[K] };

/** See the module comment. */
export class SentLog {
  readonly #tell: (notes: readonly SentNote[]) => void;
  /** By path, arguments and identity: the texts are at hand, joining them would cost more than looking three times. */
  #byPath = new Map<string, Map<string, Map<string, Note>>>();
  #notes: Note[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (notes: readonly SentNote[]) => void) {
    this.#tell = tell;
  }

  note(
    { path, args }: { readonly path: string; readonly args: string },
    identityKey: string,
    bytes: number,
    convexBytes: number,
  ): void {
    const note = this.#find(path, args, identityKey);
    note.bytes += bytes;
    note.convexBytes += convexBytes;
    note.sends += 1;
    if (this.#notes.length >= NOTES_MAX) this.flush();
    else if (this.#timer === undefined) this.#timer = setTimeout(() => this.flush(), DELAY_MS).unref();
  }

  /** Tells what there is now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#notes.length === 0) return;
    const notes = this.#notes;
    this.#notes = [];
    this.#byPath = new Map();
    this.#tell(notes);
  }

  #find(path: string, args: string, identityKey: string): Note {
    let byArgs = this.#byPath.get(path);
    if (byArgs === undefined) this.#byPath.set(path, (byArgs = new Map()));
    let byIdentity = byArgs.get(args);
    if (byIdentity === undefined) byArgs.set(args, (byIdentity = new Map()));
    let note = byIdentity.get(identityKey);
    if (note === undefined) {
      note = { path, args, identityKey, bytes: 0, convexBytes: 0, sends: 0 };
      byIdentity.set(identityKey, note);
      this.#notes.push(note);
    }
    return note;
  }
}
