/**
 * Reads `auth.config.js`: whose tokens the deployment takes.
 *
 * @module
 */
import { AnalysisError, type ModuleTable } from "./analyze.ts";
import type { AuthProvider } from "../app/types.ts";

const FILE = "auth.config.js";
const ALGORITHMS: ReadonlySet<unknown> = new Set(["RS256", "ES256"]);

/**
 * The providers of `auth.config.js`; none if the app has no such file.
 *
 * @param unset Variables that the file looked at and that have no value.
 * @throws {AnalysisError} With code `AuthConfigMissingEnvironmentVariable` for a variable without a value, as the official CLI expects it.
 */
export function analyzeAuth(modules: ModuleTable, unset: readonly string[]): readonly AuthProvider[] {
  const exported = modules[FILE];
  if (exported === undefined) return [];
  const [name] = unset;
  if (name !== undefined) {
    throw new AnalysisError(
      `Environment variable ${name} is used in auth config file but its value was not set`,
      undefined,
      "AuthConfigMissingEnvironmentVariable",
    );
  }
  const { providers } = (exported["default"] ?? {}) as { readonly providers?: unknown };
  if (!Array.isArray(providers)) {
    throw wrong(
      "its default export has no list of providers; it should be `{ providers: [{ domain, applicationID }] }`",
    );
  }
  return providers.map((provider: unknown, at) => providerOf(provider, at));
}

function providerOf(provider: unknown, at: number): AuthProvider {
  const where = `provider ${at + 1}`;
  if (typeof provider !== "object" || provider === null) throw wrong(`${where} is no object`);
  const fields = provider as { readonly [field: string]: unknown };
  const text = (field: string): string => {
    const value = fields[field];
    if (typeof value === "string" && value !== "") return value;
    throw wrong(`\`${field}\` of ${where} is ${shown(value)}; it should be text`);
  };
  const { type = "oidc", algorithm, applicationID } = fields;
  if (type === "customJwt") {
    if (!ALGORITHMS.has(algorithm)) {
      throw wrong(`\`algorithm\` of ${where} is ${shown(algorithm)}; it should be "RS256" or "ES256"`);
    }
    const jwks = text("jwks");
    if (!jwks.startsWith("data:") && httpUrl(jwks) === undefined) {
      throw wrong(`\`jwks\` of ${where} is ${shown(jwks)}; it should be a URL, or a data URI`);
    }
    return {
      type,
      issuer: text("issuer"),
      jwks,
      algorithm: algorithm as "RS256" | "ES256",
      applicationID: applicationID === undefined || applicationID === null ? null : text("applicationID"),
    };
  }
  if (type !== "oidc") throw wrong(`\`type\` of ${where} is ${shown(type)}; it should be "oidc" or "customJwt"`);
  const given = text("domain");
  const domain = given.includes("://") ? given : `https://${given}`;
  if (httpUrl(domain) === undefined) throw wrong(`\`domain\` of ${where} is ${shown(given)}; it should be a URL`);
  return { type, domain, applicationID: text("applicationID") };
}

function httpUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === "https:" || url.protocol === "http:" ? url : undefined;
}

function wrong(what: string): AnalysisError {
  return new AnalysisError(`Cannot read ${FILE}: ${what}`);
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : value === undefined ? "missing" : typeof value;
}
