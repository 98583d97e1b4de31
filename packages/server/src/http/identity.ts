/**
 * Who a request speaks for: admin keys, admins acting as a user, tokens.
 *
 * @module
 */
import { stringifyValue, type AuthenticateMessage, type Value } from "@narrowcast/values";
import type { Identity } from "../reactive/types.ts";
import type { Authentication, Authenticator } from "../sync/authenticator.ts";
import type { AdminKeys } from "./admin-keys.ts";
import type { RouteRequest, RouteWorld } from "./answer.ts";
import { RequestError } from "./request-error.ts";

export const NO_IDENTITY: Identity = { kind: "none", key: "", attributes: null };

const NO_PROVIDER =
  "No auth provider found matching the given token. Did you forget to run `npx convex dev` or `npx convex deploy`? Check that your server auth config is correct.";
const BAD_ADMIN_KEY = "The provided admin key was invalid for this instance";

/** An admin, or the user an admin acts as. `attributes` are the user's claims. */
export function adminIdentity(attributes: { readonly [claim: string]: unknown } | null): Identity {
  if (attributes === null) return { kind: "admin", key: "admin", attributes: null };
  const claims = { ...attributes, tokenIdentifier: tokenIdentifierOf(attributes) };
  return { kind: "admin", key: `admin:${stringifyValue(claims as unknown as Value)}`, attributes: claims };
}

function tokenIdentifierOf(claims: { readonly [claim: string]: unknown }): unknown {
  return claims["tokenIdentifier"] ?? `${String(claims["issuer"])}|${String(claims["subject"])}`;
}

/** Authentication over a socket. */
export class KeyAuthenticator implements Authenticator {
  readonly #keys: AdminKeys;

  constructor(keys: AdminKeys) {
    this.#keys = keys;
  }

  async authenticate(message: AuthenticateMessage): Promise<Authentication> {
    switch (message.tokenType) {
      case "None":
        return { ok: true, identity: NO_IDENTITY };
      case "User":
        return { ok: false, error: NO_PROVIDER, isFatal: false };
      case "Admin":
        if (!this.#keys.check(message.value)) return { ok: false, error: BAD_ADMIN_KEY, isFatal: false };
        return { ok: true, identity: adminIdentity(message.impersonating) };
    }
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
  if (scheme === "Bearer") throw new RequestError(401, "NoAuthProvider", NO_PROVIDER);
  if (scheme !== "Convex") {
    throw new RequestError(401, "InvalidAuthHeader", `Invalid Authorization header: scheme "${scheme}" is not known`);
  }
  return adminCredential(credential, keys);
}

/** The last colon parts key and claims: keys may have a prefix with one (`prod:name|hex`), base64 has none. */
function adminCredential(credential: string, keys: AdminKeys): Identity {
  if (keys.check(credential)) return adminIdentity(null);
  const at = credential.lastIndexOf(":");
  if (at === -1 || !keys.check(credential.slice(0, at))) throw new RequestError(401, "BadAdminKey", BAD_ADMIN_KEY);
  try {
    return adminIdentity(
      JSON.parse(Buffer.from(credential.slice(at + 1), "base64").toString("utf8")) as object as never,
    );
  } catch (cause) {
    throw new RequestError(401, "InvalidAuthHeader", "Invalid Authorization header: claims are not base64 of JSON", {
      cause,
    });
  }
}

/** The identity of a request: its header, or `?adminKey=`. */
export function requestIdentity(request: RouteRequest, world: RouteWorld): Identity {
  const key = request.url.searchParams.get("adminKey");
  if (request.headers.authorization === undefined && key !== null) return adminCredential(key, world.adminKeys);
  return identityOf(request.headers.authorization, world.adminKeys);
}

/** @throws {RequestError} 401 without, 403 with a weaker identity. */
export function requireAdmin(request: RouteRequest, world: RouteWorld): Identity {
  const identity = requestIdentity(request, world);
  if (identity.kind === "admin") return identity;
  throw new RequestError(403, "Forbidden", "This operation needs an admin key; `narrowcast keys` prints one");
}
