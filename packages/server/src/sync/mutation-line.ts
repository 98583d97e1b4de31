/**
 * The mutations of one socket: started in the order they came, a bounded number under way.
 *
 * The core runs them one after another; several are under way only so that they share a flush. None is started while the client does
 * not read its answers. Nobody is refused: whoever has many waiting is not read until some are done (`size`), so what is kept stays bounded.
 *
 * @module
 */
import type { CallOutcome, CallRequest } from "../protocol/deployment-types.ts";

/** Mutations handed to the deployment and not answered yet. */
const UNDER_WAY_MAX = 64;

export interface MutationLineOptions {
  readonly run: (call: CallRequest) => Promise<CallOutcome>;
  /** The client does not read. */
  readonly isHeld: () => boolean;
  /** One is done: there are fewer. */
  readonly onEnd: () => void;
}

interface Waiting {
  readonly call: CallRequest;
  readonly onOutcome: (outcome: CallOutcome) => void;
  readonly onError: (error: unknown) => void;
}

/** See the module comment. */
export class MutationLine {
  readonly #options: MutationLineOptions;
  readonly #waiting: Waiting[] = [];
  #underWay = 0;
  #isClosed = false;

  constructor(options: MutationLineOptions) {
    this.#options = options;
  }

  /** Mutations waiting or under way. */
  get size(): number {
    return this.#waiting.length + this.#underWay;
  }

  push(call: CallRequest, onOutcome: Waiting["onOutcome"], onError: Waiting["onError"]): void {
    this.#waiting.push({ call, onOutcome, onError });
    this.start();
  }

  /** Starts what may start: one has ended, or the client reads again. */
  start(): void {
    while (!this.#isClosed && this.#underWay < UNDER_WAY_MAX && !this.#options.isHeld()) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#underWay += 1;
      const ended = (): void => {
        this.#underWay -= 1;
        this.start();
        this.#options.onEnd();
      };
      this.#options.run(next.call).then(next.onOutcome, next.onError).then(ended, ended);
    }
  }

  /** Mutations handed to the deployment and not answered yet. */
  get underWay(): number {
    return this.#underWay;
  }

  /** What waits is not started any more; the client sends it again. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
  }
}
