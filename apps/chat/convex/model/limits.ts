/**
 * Numbers that the chat promises, with their reasons.
 */

export const TITLE_CHARS_MAX = 200;
export const CHATS_PER_PAGE_MAX = 200;
export const CHATS_PER_PAGE = 50;

/** A message's text, and as much again for its reasoning. */
export const CONTENT_BYTES_MAX = 102_400;
export const MESSAGES_PER_CHAT_MAX = 10_000;

/** What one look at a chat gives at most. */
export const MESSAGES_PER_LIST = 100;

export const FILES_PER_USER_MAX = 150;
export const UPLOADS_PER_MINUTE_MAX = 10;
export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;

const MEGABYTE = 1024 * 1024;

/** Which files there may be, and how large each kind. */
export const FILE_KINDS: readonly { readonly kind: string; readonly types: RegExp; readonly bytesMax: number }[] = [
  { kind: "image", types: /^image\/(?:png|jpeg|gif|webp|svg\+xml)$/u, bytesMax: 10 * MEGABYTE },
  {
    kind: "document",
    types: /^(?:text\/(?:plain|markdown|csv)|application\/(?:pdf|json))$/u,
    bytesMax: 10 * MEGABYTE,
  },
  { kind: "audio", types: /^audio\/[\w.+-]+$/u, bytesMax: 25 * MEGABYTE },
  { kind: "video", types: /^video\/[\w.+-]+$/u, bytesMax: 50 * MEGABYTE },
];
