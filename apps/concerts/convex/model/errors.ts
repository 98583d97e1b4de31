/**
 * Refusals with one grammar. A caller sees the text, on production deployments too (`ConvexError`).
 */
import { ConvexError } from "convex/values";

/** The document, or a refusal that says which kind is missing. */
export function mustExist<T>(document: T | null, kind: string): T {
  if (document === null) throw new ConvexError(`${kind} not found`);
  return document;
}

/** A refusal: "Cannot <act>: <what is>; <what should be>". */
export function refuse(act: string, what: string, should: string): never {
  throw new ConvexError(`Cannot ${act}: ${what}; ${should}`);
}

/** Operators' functions take the deployment's `ADMIN_KEY`. @throws When it is not set, or another one was given. */
export function requireAdmin(key: string): void {
  const expected = process.env["ADMIN_KEY"];
  if (expected === undefined || expected === "") {
    refuse("act as an operator", "the environment variable ADMIN_KEY is not set", "set it on the deployment");
  }
  if (key !== expected) refuse("act as an operator", "the key is wrong", "give the deployment's ADMIN_KEY");
}
