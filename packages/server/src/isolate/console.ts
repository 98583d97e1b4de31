/**
 * The `console` of user code: lines are kept with the run instead of being printed.
 *
 * Arguments are rendered as Node's inspector does (strings are quoted: `'hi'`), which is what clients expect in
 * `[LOG] 'hi'`. Limits: lines of one function, and bytes of one line.
 *
 * @module
 */
import { truncateUtf8 } from "./truncate.ts";
import { inspect } from "node:util";
import type { Limits } from "@narrowcast/values";
import type { LogLine } from "@narrowcast/values";

/** What else a capture does. */
export interface ConsoleHooks {
  /** Called with each line as it comes, for runs that report while they run. */
  readonly onLine?: ((line: LogLine) => void) | undefined;
  /** Called with each argument before it is rendered: inspection looks behind the traps of proxies. */
  readonly onShow?: ((value: unknown) => void) | undefined;
  /** Puts the developer's places in the stead of the stack frames in a rendered line. */
  readonly mapFrames?: ((text: string) => string) | undefined;
}

/** The lines of one run, in order. */
export class ConsoleCapture {
  readonly lines: LogLine[] = [];
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #onLine: ((line: LogLine) => void) | undefined;
  readonly #onShow: ((value: unknown) => void) | undefined;
  readonly #mapFrames: ((text: string) => string) | undefined;
  #count = 0;
  #indent = "";
  /** Made at the first use: there is a capture for every run, and hardly any counts or measures. */
  #counters: Map<string, number> | undefined;
  #timers: Map<string, number> | undefined;

  /**
   * @param hooks What is done with lines and arguments besides keeping them.
   */
  constructor(limits: Limits, now: () => number, hooks: ConsoleHooks = {}) {
    this.#limits = limits;
    this.#now = now;
    this.#onLine = hooks.onLine;
    this.#onShow = hooks.onShow;
    this.#mapFrames = hooks.mapFrames;
  }

  /** Adds a line of the user's; silently nothing beyond the limit, except one line that says so. */
  write(level: LogLine["level"], args: readonly unknown[]): void {
    this.#count++;
    if (this.#count > this.#limits.logLinesMax) {
      if (this.#count === this.#limits.logLinesMax + 1) {
        this.#push("ERROR", `Log overflow (maximum ${this.#limits.logLinesMax}). Remaining log lines omitted.`, false);
      }
      return;
    }
    if (this.#onShow !== undefined) for (const arg of args) this.#onShow(arg);
    const shown = args.map((arg) => renderArgument(arg, this.#limits.logLineBytesMax)).join(" ");
    const text = this.#indent + (this.#mapFrames?.(shown) ?? shown);
    const cut = truncateUtf8(text, this.#limits.logLineBytesMax);
    this.#push(level, cut, cut.length < text.length);
  }

  /** Adds a line of the server's, such as a warning near a limit; does not count. */
  note(level: LogLine["level"], text: string): void {
    this.#push(level, text, false);
  }

  indent(by: 1 | -1): void {
    this.#indent = by === 1 ? `${this.#indent}  ` : this.#indent.slice(2);
  }

  count(label: string): void {
    this.#counters ??= new Map();
    const count = (this.#counters.get(label) ?? 0) + 1;
    this.#counters.set(label, count);
    this.write("LOG", [new Raw(`${label}: ${count}`)]);
  }

  countReset(label: string): void {
    this.#counters?.delete(label);
  }

  time(label: string): void {
    this.#timers ??= new Map();
    if (this.#timers.has(label)) this.write("WARN", [new Raw(`Timer '${label}' already exists`)]);
    else this.#timers.set(label, this.#now());
  }

  timeLog(label: string, rest: readonly unknown[], isEnd: boolean): void {
    const started = this.#timers?.get(label);
    if (started === undefined) {
      this.write("WARN", [new Raw(`Timer '${label}' does not exist`)]);
      return;
    }
    if (isEnd) this.#timers?.delete(label);
    this.write("LOG", [new Raw(`${label}: ${this.#now() - started}ms`), ...rest]);
  }

  #push(level: LogLine["level"], text: string, isTruncated: boolean): void {
    const line = { level, text, timestampMs: this.#now(), isTruncated };
    if (this.#onLine === undefined) this.lines.push(line);
    else this.#onLine(line);
  }
}

/** The form of a line that clients get: `[LOG] 'hi'`. */
export function formatLogLine(line: LogLine): string {
  return `[${line.level}] ${line.text}${line.isTruncated ? " (truncated due to length)" : ""}`;
}

/** Text that is shown as it is, without quotes. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function renderArgument(value: unknown, charsMax: number): string {
  if (value instanceof Raw) return value.text;
  try {
    return inspect(value, { depth: 4, breakLength: 120, maxStringLength: charsMax });
  } catch (error) {
    // A getter or a custom inspector of the user's threw.
    return `[cannot be shown: ${String(error)}]`;
  }
}

/**
 * A `console` object that writes to whatever run is current when a method is called.
 *
 * @param capture Gives the current run's capture.
 */
export function createConsole(capture: () => ConsoleCapture): { readonly [method: string]: unknown } {
  const level =
    (name: LogLine["level"]) =>
    (...args: readonly unknown[]) =>
      capture().write(name, args);
  const log = level("LOG");
  return {
    log,
    debug: level("DEBUG"),
    info: level("INFO"),
    warn: level("WARN"),
    error: level("ERROR"),
    trace: log,
    dir: (value: unknown) => capture().write("LOG", [value]),
    dirxml: log,
    table: (value: unknown) => capture().write("LOG", [value]),
    assert: (condition?: unknown, ...args: readonly unknown[]) => {
      if (!condition) capture().write("ERROR", [new Raw("Assertion failed"), ...args]);
    },
    group: (...args: readonly unknown[]) => {
      if (args.length > 0) log(...args);
      capture().indent(1);
    },
    groupCollapsed: (...args: readonly unknown[]) => {
      if (args.length > 0) log(...args);
      capture().indent(1);
    },
    groupEnd: () => capture().indent(-1),
    count: (label: unknown = "default") => capture().count(String(label)),
    countReset: (label: unknown = "default") => capture().countReset(String(label)),
    time: (label: unknown = "default") => capture().time(String(label)),
    timeLog: (label: unknown = "default", ...rest: readonly unknown[]) => capture().timeLog(String(label), rest, false),
    timeEnd: (label: unknown = "default", ...rest: readonly unknown[]) => capture().timeLog(String(label), rest, true),
    clear: () => undefined,
  };
}
