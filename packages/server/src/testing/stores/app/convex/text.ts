/** A helper module: defines no functions. */
export function shout(text: string): string {
  return `${text.toUpperCase()}!`;
}
