/**
 * How an action reaches the core: it runs in another thread, so everything goes through a port.
 *
 * @module
 */
import type { HostCall } from "../protocol/action-protocol.ts";

/** How an action reaches the core. */
export interface ActionPort {
  /** The action's time, in milliseconds since the epoch. */
  now(): number;
  /**
   * @returns Convex JSON text of the answer.
   * @throws The error that user code gets to see; also when the action has ended.
   */
  call(call: HostCall): Promise<string>;
  /** The bytes of a file; `null` when there is none. */
  readFile(storageId: string): Promise<{ readonly bytes: Uint8Array; readonly contentType: string | null } | null>;
  /** Largest file that may be sent. */
  readonly fileBytesMax: number;
}
