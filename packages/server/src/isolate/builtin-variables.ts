/**
 * Environment variables that every deployment has.
 *
 * @module
 */

/** Variables that every deployment has. */
export function builtinVariable(
  name: string,
  host: { readonly cloudUrl: string; readonly siteUrl: string },
): string | undefined {
  if (name === "CONVEX_CLOUD_URL") return host.cloudUrl;
  if (name === "CONVEX_SITE_URL") return host.siteUrl;
  return undefined;
}
