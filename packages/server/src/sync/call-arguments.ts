/**
 * Arguments of a query or call as canonical text: equal arguments have equal text, so that they are one run.
 *
 * Canonical text costs more than reading the arguments did, so only so much of one message is made canonical. What is beyond that keeps the
 * order of its fields: it means the same, and is shared by those who write it in the same way.
 *
 * @module
 */
import { jsonToValue, stringifyValue, type JsonValue } from "@narrowcast/values";

/** Characters of one message that are made canonical: a tenth of a second's work at the very worst, and far above what pages ask for. */
const CANONICAL_CHARS_MAX = 262_144;

/** Makes the texts of one message. */
export class ArgumentTexts {
  #charsLeft = CANONICAL_CHARS_MAX;

  /**
   * The text of the arguments object. What is no Convex value is passed on as it is: the call then fails alone, with the error that
   * the function's own check gives, and the socket lives.
   */
  text(args: readonly JsonValue[]): string {
    const json = args[0] ?? {};
    const plain = JSON.stringify(json);
    this.#charsLeft -= plain.length;
    if (this.#charsLeft < 0) return plain;
    try {
      return stringifyValue(jsonToValue(json));
    } catch {
      return plain;
    }
  }
}
