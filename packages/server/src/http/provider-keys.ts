/**
 * Public keys of those who issue tokens: found, fetched and kept for each provider.
 *
 *   oidc       domain ──▶ <domain>/.well-known/openid-configuration ──▶ jwks_uri ──▶ keys
 *   customJwt  jwks, a URL or a data URI ──▶ keys
 *
 * Invariants:
 *   - Keys are fetched once for all who wait, again when a token names a key that is not known (rotation) and when they are old; never more often than
 *     every few seconds, so tokens made up by somebody cause no requests.
 *   - A provider that does not answer fails its own tokens after a time, and holds up nobody else's.
 *
 * @module
 */
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import type { AuthProvider } from "../protocol/deployment-types.ts";

/** How long a provider may take to answer. */
const ANSWER_MS = 5_000;
/** An unknown key id makes the keys be fetched again, but not sooner than this after the last time. */
const FETCH_PAUSE_MS = 5_000;
const KEYS_AGE_MAX_MS = 10 * 60_000;
const CONFIGURATION_AGE_MAX_MS = 60 * 60_000;
/** A failed discovery is not tried again sooner. */
const FAILED_PAUSE_MS = 2_000;
const CONFIGURATION_CHARS_MAX = 1_000_000;

/** The keys could not be had: the provider is at fault, not the token. */
export class ProviderError extends Error {
  override readonly name: string = "ProviderError";
}

interface Found {
  readonly keys: Promise<JWTVerifyGetKey>;
  untilMs: number;
}

/** Keys of the providers that are in force. */
export class ProviderKeys {
  readonly #found = new Map<string, Found>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /**
   * How a token's key is found.
   *
   * @throws {ProviderError} If the provider does not answer, or not as it should.
   */
  of(provider: AuthProvider): Promise<JWTVerifyGetKey> {
    const name = JSON.stringify(provider);
    const found = this.#found.get(name);
    if (found !== undefined && found.untilMs > this.#nowMs()) return found.keys;
    const keys = provider.type === "oidc" ? discover(provider.domain) : keysAt(provider.jwks);
    const made = { keys, untilMs: this.#nowMs() + CONFIGURATION_AGE_MAX_MS };
    keys.catch(() => {
      made.untilMs = this.#nowMs() + FAILED_PAUSE_MS;
    });
    this.#found.set(name, made);
    return keys;
  }

  /** Forgets the keys of all others. */
  keepOnly(providers: readonly AuthProvider[]): void {
    const names = new Set(providers.map((provider) => JSON.stringify(provider)));
    for (const name of this.#found.keys()) if (!names.has(name)) this.#found.delete(name);
  }
}

async function discover(domain: string): Promise<JWTVerifyGetKey> {
  const url = `${withoutSlash(domain)}/.well-known/openid-configuration`;
  let configuration: { readonly issuer?: unknown; readonly jwks_uri?: unknown } | null;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (!response.ok) throw new Error(`it answered with status ${response.status}`);
    const text = await response.text();
    if (text.length > CONFIGURATION_CHARS_MAX) throw new Error("its answer is too long");
    configuration = JSON.parse(text) as typeof configuration;
  } catch (error) {
    throw new ProviderError(`Auth provider discovery of ${url} failed: ${reasonOf(error)}`, { cause: error });
  }
  const { issuer, jwks_uri: keys } = configuration ?? {};
  if (typeof issuer !== "string" || withoutSlash(issuer) !== withoutSlash(domain)) {
    throw new ProviderError(
      `Auth provider discovery of ${url} failed: its \`issuer\` is ${JSON.stringify(issuer)}; it should be ${JSON.stringify(domain)}`,
    );
  }
  if (typeof keys !== "string" || !URL.canParse(keys)) {
    throw new ProviderError(
      `Auth provider discovery of ${url} failed: its \`jwks_uri\` is ${JSON.stringify(keys)}; it should be a URL`,
    );
  }
  return remoteKeys(keys);
}

async function keysAt(jwks: string): Promise<JWTVerifyGetKey> {
  return jwks.startsWith("data:") ? createLocalJWKSet(await keysIn(jwks)) : remoteKeys(jwks);
}

async function keysIn(uri: string): Promise<JSONWebKeySet> {
  try {
    // The platform's own reading of data URIs; nothing is fetched.
    return (await (await fetch(uri)).json()) as JSONWebKeySet;
  } catch (error) {
    throw new ProviderError(
      `Cannot read the keys in \`jwks\`: ${reasonOf(error)}; should be a data URI of a JSON Web Key Set`,
      {
        cause: error,
      },
    );
  }
}

function remoteKeys(url: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(url), {
    timeoutDuration: ANSWER_MS,
    cooldownDuration: FETCH_PAUSE_MS,
    cacheMaxAge: KEYS_AGE_MAX_MS,
  });
}

/** Issuers are written with and without the slash. */
export function withoutSlash(url: string): string {
  return url.endsWith("/") ? url.slice(0, -1) : url;
}

/** Failures of `fetch` say what happened in their cause only. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `it did not answer within ${ANSWER_MS / 1_000} s`;
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message;
}
