/**
 * What functions see of a token: the fields of `UserIdentity`, made from its claims.
 *
 * @module
 */
import type { JWTPayload } from "jose";
import type { AuthProvider } from "../protocol/deployment-types.ts";

/** Claims of OpenID Connect and their names in `UserIdentity`. */
const NAMES: { readonly [claim: string]: string } = {
  name: "name",
  given_name: "givenName",
  family_name: "familyName",
  nickname: "nickname",
  preferred_username: "preferredUsername",
  profile: "profileUrl",
  picture: "pictureUrl",
  website: "websiteUrl",
  email: "email",
  email_verified: "emailVerified",
  gender: "gender",
  birthdate: "birthday",
  zoneinfo: "timezone",
  locale: "language",
  phone_number: "phoneNumber",
  phone_number_verified: "phoneNumberVerified",
  address: "address",
  updated_at: "updatedAt",
};

/** Claims that are about the token and not about the user. */
const OF_THE_TOKEN: { readonly [type in AuthProvider["type"]]: ReadonlySet<string> } = {
  oidc: new Set(["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash"]),
  customJwt: new Set(["iss", "sub", "aud", "exp", "iat", "nbf", "jti"]),
};

/** Nesting of claims that is looked into. */
const DEPTH_MAX = 16;

/** The attributes of a user. Equal users have equal attributes, whatever token they come with: when it was issued and ends is not among them. */
export function userAttributes(
  payload: JWTPayload & { readonly iss: string; readonly sub: string },
  type: AuthProvider["type"],
): { readonly [attribute: string]: unknown } {
  const { iss: issuer, sub: subject } = payload;
  const attributes: { [attribute: string]: unknown } = { tokenIdentifier: `${issuer}|${subject}`, issuer, subject };
  for (const [claim, value] of Object.entries(payload)) {
    if (OF_THE_TOKEN[type].has(claim) || claim in attributes || value === null || value === undefined) continue;
    const name = Object.hasOwn(NAMES, claim) ? NAMES[claim] : undefined;
    if (name !== undefined) attributes[name] = standardValue(claim, value);
    else if (type === "customJwt") addFlat(attributes, claim, value, 0);
    else attributes[claim] = value;
  }
  return attributes;
}

function standardValue(claim: string, value: unknown): unknown {
  // Seconds since the epoch in a token, a date in `UserIdentity`.
  if (claim === "updated_at" && typeof value === "number") return new Date(value * 1_000).toISOString();
  if (claim === "address" && typeof value === "object" && value !== null && "formatted" in value)
    return value.formatted;
  return value;
}

/** Fields of objects in custom tokens are attributes of their own, by their path: `properties.id`. */
function addFlat(attributes: { [attribute: string]: unknown }, path: string, value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null || Array.isArray(value) || depth >= DEPTH_MAX) {
    if (!(path in attributes)) attributes[path] = value;
    return;
  }
  for (const [field, part] of Object.entries(value)) addFlat(attributes, `${path}.${field}`, part, depth + 1);
}
