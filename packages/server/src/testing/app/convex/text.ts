/** A helper module: bundled, defines no functions. */
export function excerpt(text: string): string {
  if (text.length > 1_000) throw new RangeError(`text of ${text.length} characters`);
  return text.slice(0, 20);
}
