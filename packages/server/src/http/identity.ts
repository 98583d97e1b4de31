/**
 * Who a request speaks for: admin keys, admins acting as a user, tokens.
 *
 * @module
 */
import type { AuthenticateMessage } from "@narrowcast/values";
import { NO_IDENTITY, type Identity } from "../protocol/live-types.ts";
import type { Authentication, Authenticator } from "../sync/authenticator.ts";
import type { AdminKeys } from "./admin-keys.ts";
import type { RouteRequest, RouteWorld } from "./answer.ts";
import { RequestError } from "./request-error.ts";
import { stableText } from "./stable-text.ts";
import type { TokenVerifier } from "./token-verifier.ts";

const BAD_ADMIN_KEY = "The provided admin key was invalid for this instance";

/** An admin, or the user an admin acts as. `attributes` are the user's claims. */
export function adminIdentity(attributes: { readonly [claim: string]: unknown } | null): Identity {
  if (attributes === null) return { kind: "admin", key: "admin", attributes: null };
  const { subject, issuer, tokenIdentifier } = attributes;
  if (typeof subject !== "string" || typeof issuer !== "string") {
    throw new RequestError(400, "InvalidIdentity", "Cannot act as a user: `subject` and `issuer` should be text");
  }
  const claims = { ...attributes, tokenIdentifier: tokenIdentifier ?? `${issuer}|${subject}` };
  return { kind: "admin", key: `admin:${stableText(claims)}`, attributes: claims };
}

/** Authentication over a socket. */
export class SocketAuthenticator implements Authenticator {
  readonly #keys: AdminKeys;
  readonly #tokens: Pick<TokenVerifier, "verify">;

  constructor({ adminKeys, tokens }: Pick<RouteWorld, "adminKeys" | "tokens">) {
    this.#keys = adminKeys;
    this.#tokens = tokens;
  }

  async authenticate(message: AuthenticateMessage): Promise<Authentication> {
    if (message.tokenType === "None") return { ok: true, identity: NO_IDENTITY, expiresMs: Infinity };
    if (message.tokenType === "User") return this.#user(message.value);
    if (!this.#keys.check(message.value)) return { ok: false, error: BAD_ADMIN_KEY, isFatal: false };
    return actingAs(message.impersonating);
  }

  async #user(token: string): Promise<Authentication> {
    try {
      return { ok: true, ...(await this.#tokens.verify(token)) };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return { ok: false, error: error.message, isFatal: false };
    }
  }
}

function actingAs(attributes: { readonly [claim: string]: unknown } | null): Authentication {
  try {
    return { ok: true, identity: adminIdentity(attributes), expiresMs: Infinity };
  } catch (error) {
    return { ok: false, error: (error as Error).message, isFatal: true };
  }
}

/**
 * The identity of an HTTP request by its `Authorization` header: `Convex <key>`, `Convex <key>:<base64 of JSON claims>` or `Bearer <token>`.
 *
 * @throws {RequestError} 401 for a wrong key, a token that does not hold, or another scheme.
 */
export async function headerIdentity(
  { headers: { authorization } }: Pick<RouteRequest, "headers">,
  world: Pick<RouteWorld, "adminKeys" | "tokens">,
): Promise<Identity> {
  const { scheme, credential } = partsOf(authorization);
  return scheme === "bearer" ? (await world.tokens.verify(credential)).identity : keyIdentity(authorization, world);
}

/** As {@linkcode headerIdentity}, where tokens do not matter: they are nobody's. */
function keyIdentity(authorization: string | undefined, { adminKeys }: Pick<RouteWorld, "adminKeys">): Identity {
  const { scheme, credential } = partsOf(authorization);
  if (scheme === undefined || scheme === "bearer") return NO_IDENTITY;
  if (scheme === "convex") return adminCredential(credential, adminKeys);
  throw new RequestError(401, "InvalidAuthHeader", `Invalid Authorization header: scheme "${scheme}" is not known`);
}

function partsOf(authorization: string | undefined): {
  readonly scheme: string | undefined;
  readonly credential: string;
} {
  if (authorization === undefined) return { scheme: undefined, credential: "" };
  const [scheme = "", ...rest] = authorization.split(" ");
  return { scheme: scheme.toLowerCase(), credential: rest.join(" ").trim() };
}

/** The last colon parts key and claims: keys may have a prefix with one (`prod:name|hex`), base64 has none. */
function adminCredential(credential: string, keys: AdminKeys): Identity {
  if (keys.check(credential)) return adminIdentity(null);
  const at = credential.lastIndexOf(":");
  if (at === -1 || !keys.check(credential.slice(0, at))) throw new RequestError(401, "BadAdminKey", BAD_ADMIN_KEY);
  return adminIdentity(claimsOf(credential.slice(at + 1)));
}

function claimsOf(base64: string): { readonly [claim: string]: unknown } {
  const wrong = "Invalid Authorization header: claims are not base64 of a JSON object";
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  } catch (cause) {
    throw new RequestError(401, "InvalidAuthHeader", wrong, { cause });
  }
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) {
    throw new RequestError(401, "InvalidAuthHeader", wrong);
  }
  return claims as { readonly [claim: string]: unknown };
}

/** The identity of a request: its header, or `?adminKey=`. */
export async function requestIdentity(request: RouteRequest, world: RouteWorld): Promise<Identity> {
  return queryKeyIdentity(request, world) ?? (await headerIdentity(request, world));
}

function queryKeyIdentity({ url, headers }: RouteRequest, { adminKeys }: RouteWorld): Identity | undefined {
  const key = url.searchParams.get("adminKey");
  return headers.authorization === undefined && key !== null ? adminCredential(key, adminKeys) : undefined;
}

/** Whether an admin asks. @throws {RequestError} 401 for a wrong key. */
export function isAdmin(request: RouteRequest, world: RouteWorld): boolean {
  const identity = queryKeyIdentity(request, world) ?? keyIdentity(request.headers.authorization, world);
  return identity.kind === "admin";
}

/** @throws {RequestError} 401 for a wrong key, 403 without one. */
export function requireAdmin(request: RouteRequest, world: RouteWorld): void {
  if (isAdmin(request, world)) return;
  throw new RequestError(403, "Forbidden", "This operation needs an admin key; `narrowcast keys` prints one");
}
