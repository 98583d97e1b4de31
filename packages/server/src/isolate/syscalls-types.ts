/**
 * The global `Convex` object as bundles' own `convex/server` uses it.
 *
 * @module
 */

/** Operations by name, with JSON texts. Source: `convex/server`, which every bundle carries. */
export interface HostSyscalls {
  /** @returns JSON text. */
  syscall(op: string, args: string): string;
  /** @returns JSON text. Rejects with an object that has `message`, and `data` (Convex JSON) for ConvexErrors. */
  asyncSyscall(op: string, args: string): Promise<string>;
  /** Arguments and result are ordinary objects. */
  jsSyscall(op: string, args: { readonly [name: string]: unknown }): unknown;
}
