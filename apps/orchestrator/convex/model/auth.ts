/**
 * The one gate of this app: a password that every public function takes and compares with `ADMIN_PASSWORD` of the
 * deployment's environment. One person and their runner use a deployment; there are no accounts.
 *
 * Errors are `ConvexError`s, so that a production deployment passes their text to the client.
 */
import { ConvexError } from "convex/values";

/** Throws unless the caller knows the password. */
export function requirePassword(password: string): void {
  const expected = process.env.ADMIN_PASSWORD;
  if (expected === undefined || expected === "") {
    throw new ConvexError("Server misconfigured: ADMIN_PASSWORD not set");
  }
  if (!sameText(password, expected)) throw new ConvexError("Unauthorized");
}

/** Compares without stopping at the first difference, so that timing says nothing about the password but its length. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % b.length);
  return difference === 0;
}
