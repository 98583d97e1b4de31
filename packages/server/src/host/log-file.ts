/**
 * The log on disk: what functions printed and how they failed, so that it can be read after a restart.
 *
 *   <file>      the newest entries, one JSON object a line
 *   <file>.1    those before; the two change places when the first is full
 *
 * It is an operator's aid, not a journal: nothing is flushed, and when the disk does not keep up or is full, entries are left out of it. The
 * server goes on.
 *
 * Invariants:
 *   - The two files have at most `bytesMax` bytes, and what waits to be written at most `WAITING_CHARS_MAX` characters.
 *   - A line that was cut off by a crash is skipped.
 *
 * @module
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { appendFile, rename } from "node:fs/promises";
import type { PlacedEntry } from "../protocol/log-buffers.ts";

const BYTES_MAX = 16 * 1_048_576;
const WAITING_CHARS_MAX = 4 * 1_048_576;
/** Only for the owner: entries hold data. */
const MODE = 0o600;

/** See the module comment. */
export class LogFile {
  readonly #file: string;
  readonly #bytesMax: number;
  #bytes: number;
  #waiting = "";
  #writing: Promise<void> | undefined;

  constructor(file: string, bytesMax: number = BYTES_MAX) {
    this.#file = file;
    this.#bytesMax = bytesMax;
    this.#bytes = existsSync(file) ? statSync(file).size : 0;
  }

  /** What is there, oldest first. */
  read(): readonly PlacedEntry[] {
    return [`${this.#file}.1`, this.#file].flatMap((file) =>
      existsSync(file) ? linesOf(readFileSync(file, "utf8")) : [],
    );
  }

  /** Keeps those that say something: that a function went well is not worth a line. */
  add(placed: readonly PlacedEntry[]): void {
    for (const one of placed) {
      if (one.entry.lines.length === 0 && one.entry.error === null) continue;
      if (this.#waiting.length < WAITING_CHARS_MAX) this.#waiting += `${JSON.stringify(one)}\n`;
    }
    if (this.#waiting !== "") this.#writing ??= this.#write();
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting !== "") {
      const text = this.#waiting;
      this.#waiting = "";
      try {
        const bytes = Buffer.byteLength(text);
        if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax / 2) {
          await rename(this.#file, `${this.#file}.1`);
          this.#bytes = 0;
        }
        await appendFile(this.#file, text, { mode: MODE });
        this.#bytes += bytes;
      } catch {
        // See above. What the disk is short of, the store says.
      }
    }
    this.#writing = undefined;
  }
}

function linesOf(text: string): PlacedEntry[] {
  return text.split("\n").flatMap((line) => {
    try {
      const { at, entry } = JSON.parse(line) as Partial<PlacedEntry>;
      return typeof at === "number" && Array.isArray(entry?.lines) ? [{ at, entry }] : [];
    } catch {
      return [];
    }
  });
}
