/**
 * Who a socket speaks for, and until when.
 *
 * Invariant: after an `AuthError` nothing more of the socket is done, so that what the client meant as somebody never happens as nobody.
 *
 * @module
 */
import type { AuthenticateMessage } from "@narrowcast/values";
import { NO_IDENTITY, type Identity } from "../protocol/live-types.ts";
import type { Authenticator } from "./authenticator.ts";
import { authErrorFrame, versionMismatch } from "./frames.ts";

const TOKEN_EXPIRED = "Token expired: the identity of this connection has ended; authenticate again";

/** What happens to the socket. */
export interface IdentityEvents {
  /** The socket speaks for somebody else now. */
  changed(version: number, identity: Identity): void;
  /** The last frame, after which the socket ends; the client comes back with a fresh token. */
  refused(frame: string): void;
  /** The socket ends for good. */
  failed(error: string): void;
}

/** See the module comment. */
export class SocketIdentity {
  readonly #authenticator: Authenticator;
  readonly #nowMs: () => number;
  readonly #events: IdentityEvents;
  #identity: Identity = NO_IDENTITY;
  /** How often it was changed. */
  #version = 0;
  /** In milliseconds since the epoch. */
  #expiresMs = Infinity;

  constructor(authenticator: Authenticator, nowMs: () => number, events: IdentityEvents) {
    this.#authenticator = authenticator;
    this.#nowMs = nowMs;
    this.#events = events;
  }

  get now(): Identity {
    return this.#identity;
  }

  get isAdmin(): boolean {
    return this.#identity.kind === "admin";
  }

  /** @param isOpen Whether the socket is still there: authentication takes a while. */
  async authenticate(message: AuthenticateMessage, isOpen: () => boolean): Promise<void> {
    if (message.baseVersion !== this.#version) {
      this.#events.failed(versionMismatch("Authenticate", message.baseVersion, this.#version));
      return;
    }
    const result = await this.#authenticator.authenticate(message);
    if (!isOpen()) return;
    if (!result.ok) {
      if (result.isFatal) this.#events.failed(result.error);
      else this.#events.refused(authErrorFrame(result.error, this.#version, true));
      return;
    }
    this.#identity = result.identity;
    this.#expiresMs = result.expiresMs;
    this.#version += 1;
    this.#events.changed(this.#version, result.identity);
  }

  /** Asked before anything is done or shown: ends the socket if its token has ended. */
  hasExpired(): boolean {
    if (this.#nowMs() < this.#expiresMs) return false;
    this.#events.refused(authErrorFrame(TOKEN_EXPIRED, this.#version, false));
    return true;
  }
}
