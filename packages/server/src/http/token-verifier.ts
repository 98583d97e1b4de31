/**
 * Checks tokens: finds the provider that they are of, and verifies signature, issuer, audience and time.
 *
 * The libraries' errors are for those who write issuers; what clients get has Convex's codes, and says in a sentence what is wrong.
 *
 * @module
 */
import { decodeJwt, errors, jwtVerify, type JWTPayload } from "jose";
import type { AuthProvider } from "../protocol/deployment-types.ts";
import type { Identity } from "../protocol/live-types.ts";
import { ProviderError, ProviderKeys, reasonOf, withoutSlash } from "./provider-keys.ts";
import { RequestError } from "./request-error.ts";
import { stableText } from "./stable-text.ts";
import { userAttributes } from "./token-claims.ts";

const NO_PROVIDER =
  "No auth provider found matching the given token. Did you forget to run `npx convex dev` or `npx convex deploy`?";
const NO_TOKEN =
  "Could not parse JWT payload. Check that the token is a valid JWT format with three base64-encoded parts separated by dots.";
const NOT_VERIFIED =
  "Could not verify token claim. Check that the token signature is valid and the token hasn't expired.";
/** Difference of clocks that is put up with. */
const CLOCK_TOLERANCE_S = 5;
/** Longer ones are not looked at: headers of HTTP end there, too. */
const TOKEN_CHARS_MAX = 65_536;
const OIDC_ALGORITHMS = ["RS256", "EdDSA", "Ed25519"];

/** Who a token speaks for, and how long. */
export interface VerifiedToken {
  readonly identity: Identity;
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
}

/** See the module comment. */
export class TokenVerifier {
  readonly #providers: () => Promise<readonly AuthProvider[]>;
  readonly #keys = new ProviderKeys();
  readonly #nowMs: () => number;
  #known: readonly AuthProvider[] | undefined;

  /** @param providers Those in force. */
  constructor(providers: () => Promise<readonly AuthProvider[]>, nowMs: () => number = Date.now) {
    this.#providers = providers;
    this.#nowMs = nowMs;
  }

  /** @throws {RequestError} 401 with Convex's code. */
  async verify(token: string): Promise<VerifiedToken> {
    const claims = claimsOf(token);
    const providers = await this.#inForce();
    const candidates = providers.filter((provider) => isOf(provider, claims));
    if (candidates.length === 0) throw noProvider(claims, providers);
    let failure: unknown;
    for (const provider of candidates) {
      try {
        return await this.#verifyBy(provider, token);
      } catch (error) {
        failure = error;
      }
    }
    throw refusal(failure);
  }

  async #inForce(): Promise<readonly AuthProvider[]> {
    const providers = await this.#providers();
    if (providers !== this.#known) this.#keys.keepOnly(providers);
    this.#known = providers;
    return providers;
  }

  async #verifyBy(provider: AuthProvider, token: string): Promise<VerifiedToken> {
    const { payload } = await jwtVerify(token, await this.#keys.of(provider), {
      algorithms: provider.type === "oidc" ? OIDC_ALGORITHMS : [provider.algorithm],
      requiredClaims: ["iss", "sub", "exp"],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(this.#nowMs()),
      ...(provider.applicationID === null ? {} : { audience: provider.applicationID }),
    });
    const { iss, sub, exp } = payload;
    if (iss === undefined || sub === undefined || exp === undefined) throw new Error("claims are missing");
    const attributes = userAttributes({ ...payload, iss, sub }, provider.type);
    const identity = { kind: "user", key: `user:${stableText(attributes)}`, attributes } as const;
    return { identity, expiresMs: (exp + CLOCK_TOLERANCE_S) * 1_000 };
  }
}

function claimsOf(token: string): JWTPayload {
  try {
    if (token.length > TOKEN_CHARS_MAX) throw new Error("too long");
    return decodeJwt(token);
  } catch (cause) {
    throw new RequestError(401, "InvalidAuthHeader", NO_TOKEN, { cause });
  }
}

/** Whether a token with these claims is for this provider; what it claims is not proved yet. */
function isOf(provider: AuthProvider, { iss, aud }: JWTPayload): boolean {
  if (typeof iss !== "string") return false;
  const isIssuer =
    provider.type === "oidc" ? withoutSlash(iss) === withoutSlash(provider.domain) : iss === provider.issuer;
  if (!isIssuer || provider.applicationID === null) return isIssuer;
  return Array.isArray(aud) ? aud.includes(provider.applicationID) : aud === provider.applicationID;
}

function noProvider({ iss, aud }: JWTPayload, providers: readonly AuthProvider[]): RequestError {
  const token = `its issuer is ${JSON.stringify(iss)}, its audience ${JSON.stringify(aud)}`;
  const none = providers.length === 0 ? "; auth.config names no provider" : "";
  const text = `${NO_PROVIDER} Check that your server auth config is correct. (Of the token: ${token}${none}.)`;
  return new RequestError(401, "NoAuthProvider", text);
}

function refusal(failure: unknown): RequestError {
  if (failure instanceof errors.JWTExpired) {
    return new RequestError(401, "TokenExpired", `${NOT_VERIFIED} The token has expired.`, { cause: failure });
  }
  if (failure instanceof ProviderError) {
    return new RequestError(401, "AuthProviderDiscoveryFailed", failure.message, { cause: failure });
  }
  const isOfTheToken =
    failure instanceof errors.JWSSignatureVerificationFailed ||
    failure instanceof errors.JWTClaimValidationFailed ||
    failure instanceof errors.JWKSNoMatchingKey ||
    failure instanceof errors.JOSEAlgNotAllowed ||
    failure instanceof errors.JWSInvalid ||
    failure instanceof errors.JWTInvalid;
  if (isOfTheToken) {
    return new RequestError(401, "InvalidAuthHeader", `${NOT_VERIFIED} (${failure.message})`, { cause: failure });
  }
  return new RequestError(
    401,
    "AuthProviderDiscoveryFailed",
    `Auth provider's keys cannot be had: ${reasonOf(failure)}`,
    {
      cause: failure,
    },
  );
}
