/**
 * What is computed from a text that is to be published: its file, and the hash that names it.
 */

/** The SHA-256 of a text, in hexadecimal digits. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A slug made of a name. */
export function slugOf(name: string): string {
  return name
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .replaceAll(/^-+|-+$/gu, "")
    .slice(0, 64);
}

/** The version after one: its middle number raised. */
export function nextVersion(version: string | undefined): string {
  const [major = "1", minor = "0"] = (version ?? "").split(".");
  return version === undefined ? "1.0.0" : `${major}.${Number(minor) + 1}.0`;
}
