/**
 * Where two JSON texts differ first.
 *
 * @module
 */

/** Longer values are cut. */
const SHOWN_CHARS = 120;

/** The first place, in the order of the first text, as `$.rows[2].name: 1 is held, 2 is right`. */
export function firstDifference(held: string, right: string): string {
  const [path, was, is] = differenceOf(JSON.parse(held), JSON.parse(right), "$") ?? ["$", held, right];
  return `${path}: held ${shown(was)}, should be ${shown(is)}`;
}

function differenceOf(a: unknown, b: unknown, path: string): [path: string, a: unknown, b: unknown] | undefined {
  if (a === b) return undefined;
  if (!isTree(a) || !isTree(b) || Array.isArray(a) !== Array.isArray(b)) return [path, a, b];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const inner = Array.isArray(a) ? `${path}[${key}]` : `${path}.${key}`;
    const difference = differenceOf(a[key], b[key], inner);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isTree(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null;
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}…`;
}
