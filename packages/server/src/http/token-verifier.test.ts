/**
 * Tokens: which hold, whom they name, and how providers are asked for their keys.
 */
import { afterEach, expect, test, vi } from "vitest";
import type { AuthProvider } from "../protocol/deployment-types.ts";
import { TokenIssuer } from "../testing/token-issuer.ts";
import { TokenVerifier, type VerifiedToken } from "./token-verifier.ts";

const open: TokenIssuer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((issuer) => issuer.close()));
});

async function issuerOf(algorithm = "RS256"): Promise<TokenIssuer> {
  const issuer = await TokenIssuer.open(algorithm);
  open.push(issuer);
  return issuer;
}

const oidc = ({ url }: TokenIssuer, applicationID = "app"): AuthProvider => ({
  type: "oidc",
  domain: url,
  applicationID,
});
const custom = (issuer: TokenIssuer, more: object = {}): AuthProvider => ({
  type: "customJwt",
  issuer: issuer.url,
  jwks: `${issuer.url}/keys`,
  algorithm: "RS256",
  applicationID: null,
  ...more,
});
const verifierOf = (...providers: AuthProvider[]): TokenVerifier => new TokenVerifier(async () => providers);
const dataUri = (json: unknown): string =>
  `data:application/json;base64,${Buffer.from(JSON.stringify(json)).toString("base64")}`;

async function refusedWith(work: Promise<VerifiedToken>): Promise<string> {
  try {
    await work;
  } catch (error) {
    expect((error as { status: number }).status).toBe(401);
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
  return "taken";
}

test("a token of OpenID Connect names its user with the fields of UserIdentity", async () => {
  const issuer = await issuerOf();
  const token = await issuer.token({
    aud: ["other", "app"],
    given_name: "Ada",
    email_verified: true,
    updated_at: 1_700_000_000,
    picture: "https://example.com/a.png",
    address: { formatted: "Street 1" },
    phone_number: "+1",
    nonce: "n",
    org: { id: "o1", roles: ["admin"] },
  });
  const { identity, expiresMs } = await verifierOf(oidc(issuer)).verify(token);
  expect(identity).toEqual({
    kind: "user",
    key: expect.stringMatching(/^user:/),
    attributes: {
      tokenIdentifier: `${issuer.url}|user-1`,
      issuer: issuer.url,
      subject: "user-1",
      givenName: "Ada",
      emailVerified: true,
      updatedAt: "2023-11-14T22:13:20.000Z",
      pictureUrl: "https://example.com/a.png",
      address: "Street 1",
      phoneNumber: "+1",
      org: { id: "o1", roles: ["admin"] },
    },
  });
  expect(expiresMs).toBeGreaterThan(Date.now() + 3_590_000);
});

test("fields of objects in a custom token are attributes by their path", async () => {
  const issuer = await issuerOf();
  const token = await issuer.token({
    aud: undefined,
    name: "Ada",
    properties: { id: 7, deep: { color: "red" } },
    jti: "x",
  });
  const { identity } = await verifierOf(custom(issuer)).verify(token);
  expect(identity.attributes).toEqual({
    tokenIdentifier: `${issuer.url}|user-1`,
    issuer: issuer.url,
    subject: "user-1",
    name: "Ada",
    "properties.id": 7,
    "properties.deep.color": "red",
  });
});

test("a later token of the same user is the same identity; one with another claim is not", async () => {
  const issuer = await issuerOf();
  const verifier = verifierOf(oidc(issuer));
  const keyOf = async (claims: object): Promise<string> =>
    (await verifier.verify(await issuer.token({ ...claims }))).identity.key;
  const first = await keyOf({ name: "Ada" });
  expect(await keyOf({ name: "Ada", iat: 1_000, exp: Math.floor(Date.now() / 1_000) + 60 })).toBe(first);
  expect(await keyOf({ name: "Bea" })).not.toBe(first);
});

test.each(["RS256", "EdDSA"])("OpenID Connect with keys of %s", async (algorithm) => {
  const issuer = await issuerOf(algorithm);
  expect((await verifierOf(oidc(issuer)).verify(await issuer.token())).identity.kind).toBe("user");
});

test("custom tokens: ES256, keys as data, the audience where one is named", async () => {
  const issuer = await issuerOf("ES256");
  const jwks = dataUri(issuer.jwks);
  const verifier = verifierOf(custom(issuer, { algorithm: "ES256", jwks, applicationID: "app" }));
  expect((await verifier.verify(await issuer.token())).identity.kind).toBe("user");
  expect(issuer.requests).toEqual([]);
  expect(await refusedWith(verifier.verify(await issuer.token({ aud: "another" })))).toMatch(/^NoAuthProvider/);
});

test("the issuer may be written with and without the last slash, and without https", async () => {
  const issuer = await issuerOf();
  const slashed = verifierOf({ type: "oidc", domain: `${issuer.url}/`, applicationID: "app" });
  const token = await issuer.token();
  expect((await slashed.verify(token)).identity.attributes).toMatchObject({ issuer: issuer.url });
  const withSlash = await issuer.token({ iss: `${issuer.url}/` });
  expect((await verifierOf(oidc(issuer)).verify(withSlash)).identity.attributes).toMatchObject({
    tokenIdentifier: `${issuer.url}/|user-1`,
  });
});

const nowS = Math.floor(Date.now() / 1_000);
test.each<[what: string, claims: { readonly [claim: string]: unknown }, refusal: RegExp]>([
  ["another audience", { aud: "other" }, /^NoAuthProvider: No auth provider found matching the given token/],
  [
    "another issuer",
    { iss: "https://else.example" },
    /^NoAuthProvider.*issuer is "https:\/\/else.example", its audience "app"/,
  ],
  ["one that has expired", { exp: nowS - 60 }, /^TokenExpired: Could not verify token claim/],
  ["no end", { exp: undefined }, /^InvalidAuthHeader: Could not verify token claim.*"exp"/],
  ["no subject", { sub: undefined }, /^InvalidAuthHeader.*"sub"/],
  ["one that is not valid yet", { nbf: nowS + 600 }, /^InvalidAuthHeader.*"nbf"/],
])("a token with %s is refused", async (_what, claims, refusal) => {
  const issuer = await issuerOf();
  expect(await refusedWith(verifierOf(oidc(issuer)).verify(await issuer.token(claims)))).toMatch(refusal);
});

test("clocks may differ by some seconds", async () => {
  const issuer = await issuerOf();
  const verifier = verifierOf(oidc(issuer));
  const atS = Math.floor(Date.now() / 1_000);
  expect(await refusedWith(verifier.verify(await issuer.token({ exp: atS - 2, nbf: atS + 2 })))).toBe("taken");
});

test.each(["", "a.b.c", "not a token", `${"x".repeat(70_000)}.y.z`])(
  "what is no token is refused: %#",
  async (text) => {
    expect(await refusedWith(verifierOf().verify(text))).toMatch(/^InvalidAuthHeader: Could not parse JWT payload/);
  },
);

test("a token that another key signed, with another algorithm, or that was changed is refused", async () => {
  const [issuer, thief] = [await issuerOf(), await issuerOf()];
  const verifier = verifierOf(oidc(issuer));
  expect(await refusedWith(verifier.verify(await thief.token({ iss: issuer.url })))).toMatch(/^InvalidAuthHeader/);
  const [head = "", body = "", signature = ""] = (await issuer.token()).split(".");
  const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: "admin" })).toString("base64url");
  expect(await refusedWith(verifier.verify(`${head}.${changed}.${signature}`))).toMatch(/^InvalidAuthHeader/);
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  expect(await refusedWith(verifier.verify(`${none}.${changed}.`))).toMatch(/^InvalidAuthHeader/);
  await issuer.rotate("ES256");
  const fresh = verifierOf(oidc(issuer));
  expect(await refusedWith(fresh.verify(await issuer.token()))).toMatch(/^InvalidAuthHeader.*alg/);
});

test("keys are fetched once for all who wait, and for those who come later", async () => {
  const issuer = await issuerOf();
  const verifier = verifierOf(oidc(issuer));
  const token = await issuer.token();
  await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)));
  await verifier.verify(token);
  expect(issuer.requests).toEqual(["/.well-known/openid-configuration", "/keys"]);
});

test("a new key is fetched when a token names it, but made-up names cause no requests", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    const issuer = await issuerOf();
    const verifier = verifierOf(oidc(issuer));
    const old = await issuer.token();
    await verifier.verify(old);
    await issuer.rotate();
    const fresh = await issuer.token();
    for (let n = 0; n < 5; n += 1) expect(await refusedWith(verifier.verify(fresh))).toMatch(/^InvalidAuthHeader/);
    expect(issuer.requests.length).toBe(2);
    vi.setSystemTime(Date.now() + 6_000);
    expect((await verifier.verify(fresh)).identity.kind).toBe("user");
    expect(issuer.requests.length).toBe(3);
    expect(await refusedWith(verifier.verify(old))).toMatch(/^InvalidAuthHeader/);
  } finally {
    vi.useRealTimers();
  }
});

test("of two providers with one issuer the one that holds is taken", async () => {
  const issuer = await issuerOf();
  const verifier = verifierOf(custom(issuer, { jwks: dataUri({ keys: [] }) }), custom(issuer));
  expect((await verifier.verify(await issuer.token())).identity.kind).toBe("user");
});

test.each<[mood: TokenIssuer["mood"], refusal: RegExp]>([
  [
    "broken",
    /^AuthProviderDiscoveryFailed: Auth provider discovery of http.*openid-configuration failed: it answered with status 500/,
  ],
  ["other issuer", /^AuthProviderDiscoveryFailed.*its `issuer` is "https:\/\/somebody.example"; it should be "http/],
])("a provider that is %s fails its own tokens", async (mood, refusal) => {
  const [ill, well] = [await issuerOf(), await issuerOf()];
  ill.mood = mood;
  const verifier = verifierOf(oidc(ill), oidc(well));
  const token = await ill.token();
  expect(await refusedWith(verifier.verify(token))).toMatch(refusal);
  expect(await refusedWith(verifier.verify(token))).toMatch(refusal);
  // Not asked again for each token.
  expect(ill.requests.length).toBe(1);
  expect((await verifier.verify(await well.token())).identity.kind).toBe("user");
});

test("a provider that does not answer holds up nobody else", async () => {
  const [silent, well] = [await issuerOf(), await issuerOf()];
  silent.mood = "silent";
  const verifier = verifierOf(oidc(silent), oidc(well));
  let isOver = false;
  const waiting = refusedWith(verifier.verify(await silent.token())).finally(() => {
    isOver = true;
  });
  expect((await verifier.verify(await well.token())).identity.kind).toBe("user");
  expect(isOver).toBe(false);
  await silent.close();
  open.splice(open.indexOf(silent), 1);
  expect(await waiting).toMatch(/^AuthProviderDiscoveryFailed/);
});

test("providers change with the app", async () => {
  const issuer = await issuerOf();
  let providers: readonly AuthProvider[] = [];
  const verifier = new TokenVerifier(async () => providers);
  const token = await issuer.token();
  expect(await refusedWith(verifier.verify(token))).toMatch(/^NoAuthProvider.*auth\.config names no provider/);
  providers = [oidc(issuer)];
  expect((await verifier.verify(token)).identity.kind).toBe("user");
  providers = [];
  expect(await refusedWith(verifier.verify(token))).toMatch(/^NoAuthProvider/);
});
