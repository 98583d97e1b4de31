/**
 * Writes the steps of an array's delta; neighbours of one kind become one step. The format is in `delta.ts`.
 *
 * @module
 */

/** See the module comment. */
export class DeltaSteps {
  #text = "";
  #kept = 0;
  #leftOut = 0;
  #inserted = "";
  #hasChange = false;

  /** The next old element, as it is (`0`) or changed. */
  next(delta: string): void {
    if (delta === "0") {
      if (this.#kept === 0) this.#flush();
      this.#kept += 1;
      return;
    }
    if (delta.startsWith("[")) {
      this.leaveOut(1);
      this.insert(delta.slice(1, -1));
      return;
    }
    this.#flush();
    this.#step(delta);
  }

  /** The next `count` old elements are not in the new array. */
  leaveOut(count: number): void {
    if (count === 0) return;
    // Leaving out and inserting do not depend on each other's order, so runs of both stay together.
    if (this.#kept > 0) this.#flush();
    this.#leftOut += count;
  }

  /** A new element, as JSON text. */
  insert(text: string): void {
    if (this.#kept > 0) this.#flush();
    this.#inserted += this.#inserted === "" ? text : `,${text}`;
  }

  /** Old element `source`, from elsewhere. */
  move(source: number, delta: string): void {
    this.#flush();
    this.#step(delta === "0" ? `{"m":${source}}` : `{"m":${source},"d":${delta}}`);
  }

  /** The delta: `0` if every step keeps. */
  text(): string {
    if (!this.#hasChange && this.#leftOut === 0 && this.#inserted === "") return "0";
    this.#flush();
    return `{"l":[${this.#text}]}`;
  }

  #flush(): void {
    if (this.#kept > 0) this.#write(String(this.#kept));
    if (this.#leftOut > 0) this.#step(String(-this.#leftOut));
    if (this.#inserted !== "") this.#step(`[${this.#inserted}]`);
    this.#kept = 0;
    this.#leftOut = 0;
    this.#inserted = "";
  }

  #step(step: string): void {
    this.#hasChange = true;
    this.#write(step);
  }

  #write(step: string): void {
    this.#text += this.#text === "" ? step : `,${step}`;
  }
}
