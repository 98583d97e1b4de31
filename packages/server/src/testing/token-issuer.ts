/**
 * An issuer of tokens on this machine: what a provider of OpenID Connect answers, and how it fails.
 *
 * @module
 */
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";

/** How the issuer behaves. */
export type IssuerMood = "well" | "silent" | "broken" | "other issuer";

interface SigningKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** See the module comment. */
export class TokenIssuer {
  mood: IssuerMood = "well";
  /** Paths that were asked for, in order. */
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #hanging = new Set<ServerResponse>();
  #keys: readonly SigningKey[] = [];

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request.url ?? "", response));
  }

  /** @param algorithm Of its keys: `RS256`, `ES256`, `EdDSA`. */
  static async open(algorithm = "RS256"): Promise<TokenIssuer> {
    const issuer = new TokenIssuer();
    issuer.#server.listen(0, "127.0.0.1");
    await once(issuer.#server, "listening");
    await issuer.rotate(algorithm);
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The public keys. */
  get jwks(): { readonly keys: readonly JWK[] } {
    return { keys: this.#keys.map(({ jwk }) => jwk) };
  }

  /** From now on signs with a new key; the old ones are gone. */
  async rotate(algorithm = this.#keys[0]?.algorithm ?? "RS256"): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const kid = `key-${Math.random().toString(36).slice(2)}`;
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: "sig" };
    this.#keys = [{ kid, algorithm, privateKey, jwk }];
  }

  /**
   * A token.
   *
   * @param claims Besides or instead of `iss`, `aud` ("app"), `sub` ("user-1"), `iat` and `exp` (an hour from now); `undefined` leaves one out.
   */
  async token(claims: { readonly [claim: string]: unknown } = {}): Promise<string> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("Cannot sign: there is no key");
    const nowS = Math.floor(Date.now() / 1_000);
    const payload = { iss: this.url, aud: "app", sub: "user-1", iat: nowS, exp: nowS + 3_600, ...claims };
    return new SignJWT(payload)
      .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: "JWT" })
      .sign(key.privateKey);
  }

  async close(): Promise<void> {
    for (const response of this.#hanging) response.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  #answer(path: string, response: ServerResponse): void {
    this.requests.push(path);
    if (this.mood === "silent") {
      this.#hanging.add(response);
      return;
    }
    if (this.mood === "broken") {
      response.writeHead(500).end("no");
      return;
    }
    const issuer = this.mood === "other issuer" ? "https://somebody.example" : this.url;
    const body =
      path === "/.well-known/openid-configuration"
        ? { issuer, jwks_uri: `${this.url}/keys` }
        : path === "/keys"
          ? this.jwks
          : undefined;
    response.writeHead(body === undefined ? 404 : 200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body ?? {}));
  }
}
