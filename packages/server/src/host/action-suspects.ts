/**
 * Actions that were under way in a thread that had to be ended, or that ended by itself.
 *
 * JavaScript does not tell from outside which of the functions of a thread holds it. So all that were under way are suspects: they run in threads
 * of suspects, one a thread and few at once, where nobody else can be harmed. One that comes to its end there while there were others to
 * suspect is acquitted; one that was alone in its thread did it, and stays a suspect until there is new code or another environment.
 *
 * HTTP actions are known by their route, `GET /files/*`: a request is a suspect when the route would take it.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";

/** Suspects that run at once: each may hold a processor until its limit. */
export const SUSPECTS_AT_ONCE = 2;
/** Suspects that wait for their turn; more are refused. */
export const SUSPECTS_WAITING_MAX = 100;
/** Suspects that suspects called: whoever calls keeps its turn meanwhile, so waiting for another one could be for ever. More are refused. */
export const SUSPECTS_CALLED_MAX = 4;
const WAIT_MS = 30_000;
/** Names that are remembered; the oldest are forgotten. */
const ENTRIES_MAX = 1_000;

/** See the module comment. */
export class ActionSuspects {
  /** By name; whether it is certain. */
  readonly #entries = new Map<string, boolean>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #called = 0;

  /** A thread came to a bad end while these were under way. */
  accuse(names: readonly string[]): void {
    const distinct = new Set(names);
    for (const name of distinct) {
      this.#entries.set(name, distinct.size === 1 || this.#entries.get(name) === true);
      const [oldest] = this.#entries.keys();
      if (this.#entries.size > ENTRIES_MAX && oldest !== undefined) this.#entries.delete(oldest);
    }
  }

  /** The suspect that this call would be, if it is one. */
  suspectOf(name: string): string | undefined {
    if (this.#entries.size === 0) return undefined;
    if (this.#entries.has(name)) return name;
    return [...this.#entries.keys()].find((entry) => entry.endsWith("*") && name.startsWith(entry.slice(0, -1)));
  }

  /** It came to its end. */
  acquit(name: string): void {
    if (this.#entries.get(name) === false) this.#entries.delete(name);
  }

  /** New code or environment. */
  clear(): void {
    this.#entries.clear();
  }

  /**
   * Waits until a suspect may run.
   *
   * @param isCalled By a suspect that runs: it need not wait for a turn.
   * @throws {Error} When too many wait, or for too long.
   */
  async enter(name: string, isCalled = false): Promise<void> {
    if (isCalled) {
      if (this.#called >= SUSPECTS_CALLED_MAX)
        throw new Error(refusal(name, `${SUSPECTS_CALLED_MAX} that others of its kind called run already`));
      this.#called += 1;
      return;
    }
    if (this.#running < SUSPECTS_AT_ONCE) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= SUSPECTS_WAITING_MAX)
      throw new Error(refusal(name, `${SUSPECTS_WAITING_MAX} others wait`));
    const late = new AbortController();
    let turn = (): void => undefined;
    const called = new Promise<true>((resolve) => {
      turn = () => resolve(true);
    });
    this.#waiting.push(turn);
    const isTurn = await Promise.race([called, sleep(WAIT_MS, false, { signal: late.signal }).catch(() => false)]);
    late.abort();
    if (isTurn) return;
    const at = this.#waiting.indexOf(turn);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      throw new Error(refusal(name, `its turn did not come within ${WAIT_MS / 1_000}s`));
    }
  }

  /** A suspect has ended: the next one's turn. @param isCalled As it entered. */
  leave(isCalled = false): void {
    if (isCalled) {
      this.#called -= 1;
      return;
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}

function refusal(name: string, why: string): string {
  return `Cannot run "${name}": it held its thread or ended it before, so few of its kind run at once, and ${why}`;
}
