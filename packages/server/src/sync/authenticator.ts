/**
 * Who a socket or request speaks for.
 *
 * @module
 */
import type { AuthenticateMessage } from "@narrowcast/values";
import type { Identity } from "../protocol/live-types.ts";

/** A fatal failure ends the socket for good; any other lets the client fetch a fresh token. */
export type Authentication =
  | {
      readonly ok: true;
      readonly identity: Identity;
      /** Until when, in milliseconds since the epoch; `Infinity`: as long as the socket is open. */
      readonly expiresMs: number;
    }
  | { readonly ok: false; readonly error: string; readonly isFatal: boolean };

export interface Authenticator {
  authenticate(message: AuthenticateMessage): Promise<Authentication>;
}
