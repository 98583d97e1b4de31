/**
 * Cause paths: through what a writer woke a reader, as a text.
 *
 * @module
 */
import type { CommitCause } from "./record.ts";

/** Fields named in one cause path. */
const FIELDS_MAX = 6;

/** `jobs.by_group [progress, status]`, `jobs.by_id (insert)`. */
export function causePathText(
  table: string | null,
  index: string,
  change: CommitCause["change"],
  fields: readonly string[],
): string {
  const shown = fields.length > FIELDS_MAX ? [...fields.slice(0, FIELDS_MAX), "…"] : fields;
  if (table === null) return shown.length === 0 ? "code" : shown.join(", ");
  return change === "update" ? `${table}.${index} [${shown.join(", ")}]` : `${table}.${index} (${change})`;
}
