/**
 * Texts of user code, cut to what is kept of them.
 *
 * @module
 */

/** The longest prefix of `text` with at most `bytesMax` UTF-8 bytes, not cutting a character. */
export function truncateUtf8(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax) return text;
  const cut = Buffer.from(text).subarray(0, bytesMax).toString();
  return cut.endsWith("\uFFFD") ? cut.slice(0, cut.indexOf("\uFFFD", cut.length - 3)) : cut;
}
