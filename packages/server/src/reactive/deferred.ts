/**
 * A promise and the function that resolves it.
 *
 * @module
 */

/** What `deferred` gives. */
interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

/** A promise that the caller resolves. */
export function deferred<T>(): Deferred<T> {
  let resolve: ((value: T) => void) | undefined;
  const promise = new Promise<T>((resolver) => {
    resolve = resolver;
  });
  return { promise, resolve: (value) => resolve?.(value) };
}
