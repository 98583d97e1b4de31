/**
 * Names of functions as people write them: the ways of the official CLI, and what may have been meant by one that does not exist.
 *
 * @module
 */

const EXTENSION = /\.[cm]?[jt]sx?$/u;
/** Most names suggested for one that does not exist. */
const SUGGESTIONS_MAX = 12;

/** `api.a.b`, `internal.a.b`, `convex/a.ts:b` and `a.ts:b` are `a:b`. */
export function functionPath(name: string): string {
  const dotted = /^(?:api|internal)\.(.+)\.([^.]+)$/u.exec(name);
  if (dotted !== null) return `${dotted[1]?.replaceAll(".", "/")}:${dotted[2]}`;
  const [file = "", exported] = name.split(":");
  const path = file.replace(/^(?:\.\/)?convex\//u, "").replace(EXTENSION, "");
  return exported === undefined ? path : `${path}:${exported}`;
}

/** A line that helps after "Could not find function": names that are alike, else all there are. */
export function suggestion(wanted: string, names: readonly string[]): string {
  if (names.length === 0) return 'No functions are deployed here yet; "narrowcast dev" deploys those of its folder.';
  const [file, exported] = wanted.split(":");
  const alike = names.filter((name) => {
    const [otherFile, otherExported] = name.split(":");
    return otherFile === file || otherExported === exported;
  });
  const shown = (alike.length > 0 ? alike : names).toSorted();
  const more = shown.length > SUGGESTIONS_MAX ? `, and ${shown.length - SUGGESTIONS_MAX} more` : "";
  return `${alike.length > 0 ? "Alike" : "There"} are ${shown.slice(0, SUGGESTIONS_MAX).join(", ")}${more}`;
}
