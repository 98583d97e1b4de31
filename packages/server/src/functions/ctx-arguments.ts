/**
 * Checks of what user code passes to `ctx`, with the texts of `convex/server`.
 *
 * @module
 */

/** @throws {TypeError} If the argument is missing. `position` counts from 1. */
export function requireArgument(value: unknown, position: number, method: string, name: string): void {
  if (value === undefined) throw new TypeError(`Must provide arg ${position} \`${name}\` to \`${method}\``);
}

/** @throws {TypeError} If it is not a non-negative integer. */
export function requireCount(value: unknown, position: number, method: string, name: string): void {
  if (Number.isInteger(value) && (value as number) >= 0) return;
  throw new TypeError(`Arg ${position} \`${name}\` to \`${method}\` must be a non-negative integer`);
}

/** The error of a feature that this server does not have. */
export function notAvailable(what: string): Error {
  return new Error(`${what} is not available on this deployment`);
}
