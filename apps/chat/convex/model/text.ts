/**
 * Rules about texts: how long one is in bytes, and what a title may hold.
 */
import { refuse } from "./errors.ts";
import { CONTENT_BYTES_MAX, TITLE_CHARS_MAX } from "./limits.ts";

const ENCODER = new TextEncoder();

/** Length in UTF-8. */
export function byteLength(text: string): number {
  return ENCODER.encode(text).length;
}

/** A title without control characters and runs of white space. Refuses an empty or a long one. */
export function cleanTitle(title: string): string {
  const clean = title
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, " ")
    .replaceAll(/\s+/gu, " ")
    .trim();
  if (clean === "") refuse("create the chat", "its title is empty", "give it one");
  if (clean.length > TITLE_CHARS_MAX) {
    refuse("create the chat", `its title has ${clean.length} characters`, `at most ${TITLE_CHARS_MAX} are allowed`);
  }
  return clean;
}

/** Refuses a text over 100 KB. */
export function checkContent(content: string): void {
  if (content.length * 3 <= CONTENT_BYTES_MAX) return;
  const bytes = byteLength(content);
  if (bytes > CONTENT_BYTES_MAX) {
    refuse("keep the message", `its text has ${bytes} bytes`, `at most ${CONTENT_BYTES_MAX} are allowed`);
  }
}
