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

/**
 * A refused page cursor. Convex's `usePaginatedQuery` knows this shape and starts the list again by itself.
 */
export function refuseCursor(what: string, should: string): never {
  throw new ConvexError({
    isConvexSystemError: true,
    paginationError: "InvalidCursor",
    message: `Cannot continue the list: ${what}; ${should}`,
  });
}
