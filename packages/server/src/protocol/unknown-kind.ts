/**
 * For the end of a `switch` over all kinds of something: the types say that nothing is left, and at run time nothing passes for what it is not.
 *
 * @module
 */

/** @throws Always: `value` is of no known kind. */
export function unknownKind(what: string, value: never): never {
  throw new Error(`Cannot handle ${what}: ${JSON.stringify(value).slice(0, 100)} is of no known kind`);
}
