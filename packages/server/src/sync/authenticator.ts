/**
 * Who a socket or request speaks for.
 *
 * @module
 */
import type { AuthenticateMessage } from "@narrowcast/values";
import type { Identity } from "../protocol/live-types.ts";

/** A fatal failure ends the socket for good; any other lets the client fetch a fresh token. */
export type Authentication =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly error: string; readonly isFatal: boolean };

export interface Authenticator {
  authenticate(message: AuthenticateMessage): Promise<Authentication>;
}
