/**
 * Log entries on their way to `narrowcast logs`: a bounded outbox in the core and a bounded ring in main.
 *
 * Every execution makes an entry. Those with lines or an error go to main at once; the many plain ones stay in the core, bounded, unless
 * somebody is looking, because a message for each mutation would cost more than the mutation.
 *
 * Invariants:
 *   - Entries keep their order; what does not fit is dropped from the old end.
 *   - Cursors grow by one an entry and are never used twice, also over restarts of the core (the ring lives in main).
 *
 * @module
 */
import type { LogEntry } from "./deployment-types.ts";
import { completionEntry, type EntryEnd, type EntryFacts } from "./log-entry.ts";

const OUTBOX_ENTRIES_MAX = 256;
const RING_ENTRIES_MAX = 2_000;
const RING_CHARS_MAX = 8_000_000;

/** What the outbox keeps of an execution: an entry is made of it when it is sent, and most never are. */
class Kept {
  facts: EntryFacts;
  end: EntryEnd;
  number: number;

  constructor(facts: EntryFacts, end: EntryEnd, number: number) {
    this.facts = facts;
    this.end = end;
    this.number = number;
  }
}

const SENT: EntryEnd = {};

/** Entries of executions that wait in the core. */
export class LogOutbox {
  /** A ring: the newest are at the places before `#count`, modulo its size. */
  readonly #kept: Kept[] = [];
  /** Executions so far: the number of the last one. */
  #count = 0;
  /** Of them, those that were sent. */
  #sent = 0;
  #isUrgent = false;
  #wantedUntilMs = 0;

  /** Somebody looks at the log up to this moment. */
  want(untilMs: number): void {
    this.#wantedUntilMs = untilMs;
    this.#isUrgent ||= this.#count > this.#sent;
  }

  /** Hot: called for every execution. */
  add(facts: EntryFacts, end: EntryEnd): void {
    const place = this.#count % OUTBOX_ENTRIES_MAX;
    this.#count += 1;
    const kept = this.#kept[place];
    if (kept === undefined) this.#kept.push(new Kept(facts, end, this.#count));
    else {
      kept.facts = facts;
      kept.end = end;
      kept.number = this.#count;
    }
    if (isTold(end) || facts.startedMs < this.#wantedUntilMs) this.#isUrgent = true;
  }

  /** What is to be sent now; often nothing. */
  take(): readonly LogEntry[] {
    if (!this.#isUrgent) return [];
    this.#isUrgent = false;
    const first = Math.max(this.#sent, this.#count - OUTBOX_ENTRIES_MAX);
    this.#sent = this.#count;
    const entries: LogEntry[] = [];
    for (let at = first; at < this.#count; at += 1) {
      const kept = this.#kept[at % OUTBOX_ENTRIES_MAX];
      if (kept === undefined) continue;
      entries.push(completionEntry(kept.facts, kept.end, kept.number));
      // Lines can be long.
      kept.end = SENT;
    }
    return entries;
  }
}

/** Whether the execution said or was something that somebody waits for. */
function isTold({ error, lines }: EntryEnd): boolean {
  return (error !== undefined && error !== null) || (lines !== undefined && lines.length > 0);
}

/** An entry and its place: the cursor that a reader who has not seen it may come with. */
export interface PlacedEntry {
  readonly at: number;
  readonly entry: LogEntry;
}

/** The last entries, with readers that wait for the next one. */
export class LogRing {
  readonly #placed: PlacedEntry[] = [];
  readonly #onAdd: ((placed: readonly PlacedEntry[]) => void) | undefined;
  #chars = 0;
  /** Cursor after the newest entry. */
  #end: number;
  #waiters = new Set<() => void>();
  #isClosed = false;

  /**
   * @param firstCursor Where cursors begin. Give a later one to each process, so that a reader who comes with a cursor of an
   *   earlier process gets everything that is new.
   * @param onAdd Called with every entry.
   */
  constructor(firstCursor = 0, onAdd?: (placed: readonly PlacedEntry[]) => void) {
    this.#end = firstCursor;
    this.#onAdd = onAdd;
  }

  get end(): number {
    return this.#end;
  }

  /** Entries of earlier processes, oldest first, each at its own place; before anything is added. */
  restore(placed: readonly PlacedEntry[]): void {
    for (const one of placed) {
      this.#placed.push(one);
      this.#chars += charsOf(one.entry);
      this.#end = Math.max(this.#end, one.at + 1);
    }
    this.#dropOldest();
  }

  add(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    const placed = entries.map((entry, index) => ({ at: this.#end + index, entry }));
    this.#end += placed.length;
    for (const one of placed) {
      this.#placed.push(one);
      this.#chars += charsOf(one.entry);
    }
    this.#dropOldest();
    this.#onAdd?.(placed);
    this.#wake();
  }

  /** Entries after `cursor`, and the cursor for the next call. */
  read(cursor: number): { readonly entries: readonly LogEntry[]; readonly cursor: number } {
    const first = this.#placed.findLastIndex(({ at }) => at < cursor) + 1;
    return { entries: this.#placed.slice(first).map(({ entry }) => entry), cursor: this.#end };
  }

  /** As {@linkcode read}, waiting up to `waitMs` for the first entry. */
  async wait(
    cursor: number,
    waitMs: number,
  ): Promise<{ readonly entries: readonly LogEntry[]; readonly cursor: number }> {
    const found = this.read(cursor);
    if (found.entries.length > 0 || waitMs <= 0 || this.#isClosed) return found;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      this.#waiters.add(done);
    });
    return this.read(cursor);
  }

  /** Ends all waiting, now and later: the deployment closes. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  #dropOldest(): void {
    while (this.#placed.length > RING_ENTRIES_MAX || (this.#chars > RING_CHARS_MAX && this.#placed.length > 1)) {
      const dropped = this.#placed.shift();
      if (dropped !== undefined) this.#chars -= charsOf(dropped.entry);
    }
  }

  #wake(): void {
    for (const done of this.#waiters) done();
  }
}

function charsOf(entry: LogEntry): number {
  let chars = 200 + (entry.error?.length ?? 0);
  for (const line of entry.lines) chars += 50 + line.text.length;
  return chars;
}
