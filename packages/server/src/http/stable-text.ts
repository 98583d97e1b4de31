/**
 * A text of JSON that does not depend on the order of fields.
 *
 * @module
 */

/** Equal values have equal text, whatever the order of their fields. */
export function stableText(json: unknown): string {
  return JSON.stringify(json, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
