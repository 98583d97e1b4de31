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

const NO_PROVIDER =
  "No auth provider found matching the given token. Did you forget to run `npx convex dev` or `npx convex deploy`? Check that your server auth config is correct.";
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

/** Equal claims have equal text, whatever the order of their fields. */
function stableText(json: unknown): string {
  return JSON.stringify(json, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Authentication over a socket. */
export class KeyAuthenticator implements Authenticator {
  readonly #keys: AdminKeys;

  constructor(keys: AdminKeys) {
    this.#keys = keys;
  }

  async authenticate(message: AuthenticateMessage): Promise<Authentication> {
    if (message.tokenType === "None") return { ok: true, identity: NO_IDENTITY };
    if (message.tokenType === "User") return { ok: false, error: NO_PROVIDER, isFatal: false };
    if (!this.#keys.check(message.value)) return { ok: false, error: BAD_ADMIN_KEY, isFatal: false };
    return actingAs(message.impersonating);
  }
}

function actingAs(attributes: { readonly [claim: string]: unknown } | null): Authentication {
  try {
    return { ok: true, identity: adminIdentity(attributes) };
  } catch (error) {
    return { ok: false, error: (error as Error).message, isFatal: true };
  }
}

/**
 * The identity of an HTTP request.
 *
 * @param authorization The `Authorization` header: `Convex <key>`, `Convex <key>:<base64 of JSON claims>` or `Bearer <token>`.
 * @throws {RequestError} 401 for a wrong key, a token nobody can check, or another scheme.
 */
export function identityOf(authorization: string | undefined, keys: AdminKeys): Identity {
  if (authorization === undefined) return NO_IDENTITY;
  const [scheme = "", ...rest] = authorization.split(" ");
  const credential = rest.join(" ").trim();
  if (scheme.toLowerCase() === "bearer") throw new RequestError(401, "NoAuthProvider", NO_PROVIDER);
  if (scheme.toLowerCase() !== "convex") {
    throw new RequestError(401, "InvalidAuthHeader", `Invalid Authorization header: scheme "${scheme}" is not known`);
  }
  return adminCredential(credential, keys);
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
export function requestIdentity(request: RouteRequest, world: RouteWorld): Identity {
  const key = request.url.searchParams.get("adminKey");
  if (request.headers.authorization === undefined && key !== null) return adminCredential(key, world.adminKeys);
  return identityOf(request.headers.authorization, world.adminKeys);
}

/** @throws {RequestError} 401 for a wrong key, 403 without one. */
export function requireAdmin(request: RouteRequest, world: RouteWorld): void {
  if (requestIdentity(request, world).kind === "admin") return;
  throw new RequestError(403, "Forbidden", "This operation needs an admin key; `narrowcast keys` prints one");
}
