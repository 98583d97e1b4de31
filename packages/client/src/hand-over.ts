/**
 * Hands a parsed message to a handler that parses its text itself.
 *
 * @module
 */

/**
 * Calls `handler`; the first time it parses `text`, it gets `message`.
 *
 * While `handler` runs, until it first parses `text`, `JSON.parse` is replaced by a function that gives `message` for it. Where a host forbids that, or
 * the handler reads the text in another way, it reads the text.
 *
 * @param message What `text` says.
 */
export function handOver(text: string, message: unknown, handler: () => void): void {
  const parse = JSON.parse;
  const parseOnce = (input: string, ...rest: unknown[]): unknown => {
    if (input !== text || rest.length > 0) return Reflect.apply(parse, JSON, [input, ...rest]);
    restore();
    return message;
  };
  const restore = (): void => {
    if (JSON.parse === parseOnce) JSON.parse = parse;
  };
  try {
    JSON.parse = parseOnce;
  } catch {
    // `JSON` is frozen here.
  }
  try {
    handler();
  } finally {
    restore();
  }
}
