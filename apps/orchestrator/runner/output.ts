/**
 * Reading an agent's output: lines that tell about its work become counters, all others are the result.
 *
 * Both are bounded, whatever the agent prints: a result keeps its beginning and its end, a line without an end is cut.
 */
import type { Patterns } from "./config.ts";

/** Characters of a result's beginning and end that are kept. */
export const RESULT_HEAD_MAX = 20_000;
export const RESULT_TAIL_MAX = 80_000;
/** Characters of one line. */
export const LINE_MAX = 20_000;

/** Counters of one run; what a heartbeat reports. */
export interface RunMetrics {
  readonly toolCallCount: number;
  readonly subagentCount: number;
  readonly totalTokens: number;
  /** Milliseconds since the epoch of the last output. */
  readonly lastEventAt: number;
}

/** Takes output in pieces and gives counters and the result. */
export class OutputReader {
  readonly #patterns: Record<keyof Patterns, RegExp>;
  #partialLine = "";
  #head = "";
  #tail = "";
  #omitted = 0;
  #metrics: RunMetrics;
  #sessionId: string | undefined;
  #alignment: string | undefined;

  constructor(patterns: Patterns, now: number) {
    const names = Object.keys(patterns) as (keyof Patterns)[];
    this.#patterns = Object.fromEntries(names.map((name) => [name, new RegExp(patterns[name], "u")])) as Record<
      keyof Patterns,
      RegExp
    >;
    this.#metrics = { toolCallCount: 0, subagentCount: 0, totalTokens: 0, lastEventAt: now };
  }

  /** A piece of output, read at `now`. */
  push(text: string, now: number): void {
    this.#metrics = { ...this.#metrics, lastEventAt: now };
    const lines = (this.#partialLine + text).split("\n");
    this.#partialLine = lines.pop()!;
    for (const line of lines) this.#readLine(line);
    if (this.#partialLine.length > LINE_MAX) {
      this.#readLine(this.#partialLine);
      this.#partialLine = "";
    }
  }

  /** The end of the output: what is left of an unfinished line counts. */
  end(): void {
    if (this.#partialLine !== "") this.#readLine(this.#partialLine);
    this.#partialLine = "";
  }

  get metrics(): RunMetrics {
    return this.#metrics;
  }

  /** The agent's session, if it named one. */
  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  /** What a guardian said about the direction, if it did. */
  get alignment(): "aligned" | "uncertain" | "misaligned" | undefined {
    return this.#alignment as "aligned" | undefined;
  }

  /** The output without the telling lines. */
  get result(): string {
    const middle = this.#omitted === 0 ? "" : `\n[… ${this.#omitted} characters left out …]\n`;
    return (this.#head + middle + this.#tail).trim();
  }

  #readLine(line: string): void {
    const { toolCall, subagent, tokens, session, alignment } = this.#patterns;
    const metrics = this.#metrics;
    const tokenCount = tokens.exec(line);
    const sessionId = session.exec(line);
    const verdict = alignment.exec(line);
    if (toolCall.test(line)) this.#metrics = { ...metrics, toolCallCount: metrics.toolCallCount + 1 };
    else if (subagent.test(line)) this.#metrics = { ...metrics, subagentCount: metrics.subagentCount + 1 };
    else if (tokenCount !== null) this.#metrics = { ...metrics, totalTokens: Number(tokenCount[1]) };
    else if (sessionId !== null) this.#sessionId = sessionId[1];
    else if (verdict !== null) this.#alignment = verdict[1];
    else this.#keep(`${line}\n`);
  }

  #keep(text: string): void {
    const room = RESULT_HEAD_MAX - this.#head.length;
    if (this.#tail === "" && room >= text.length) {
      this.#head += text;
      return;
    }
    this.#tail += text;
    if (this.#tail.length <= 2 * RESULT_TAIL_MAX) return;
    this.#omitted += this.#tail.length - RESULT_TAIL_MAX;
    this.#tail = this.#tail.slice(-RESULT_TAIL_MAX);
  }
}
