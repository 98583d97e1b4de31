/**
 * Where defects of the server itself are told: clients are only told that something went wrong.
 *
 * @module
 */

/** Called with what failed and during what. Must not throw. */
export type OnError = (error: unknown, during: string) => void;

/** Writes to stderr, with the stack. */
export const reportToStderr: OnError = (error, during) => {
  console.error(`Cannot ${during}:`, error);
};
