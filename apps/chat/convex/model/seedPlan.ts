/**
 * The data set for measurements: how many of what, how large, whose, and when. Pure; `seed.ts` writes it.
 *
 * At scale 1: 1,000 users, 10,000 chats, 200,000 messages, 3,000 files. Six chats of ten have fewer than 20 messages; the others follow
 * a power of their rank, and the first has 10,000. One message of twenty is deleted, half of them with their chat.
 */
import { DAY_MS, MINUTE_MS } from "./limits.ts";
import { between, seededRandom, type Random } from "./random.ts";

/** How many of each at a scale. */
export interface Population {
  readonly users: number;
  readonly chats: number;
  readonly messages: number;
  readonly files: number;
}

const FULL: Population = { users: 1_000, chats: 10_000, messages: 200_000, files: 3_000 };
const SMALL_SHARE = 0.6;
const SMALL_SIZE = [1, 15] as const;
const LARGE_MIN = 20;
const RANK_POWER = 0.95;
/** Of messages whose chat is not deleted. */
const DELETED_SHARE = 0.029;

/** Rows that one step writes: a transaction has one second, on a busy machine too. Of messages they are 0.8 MB. */
const ROWS_PER_STEP = 500;
/** Rows of files: each also counts on its user. */
const FILES_PER_STEP = 300;

export function populationAt(scale: number): Population {
  const at = (full: number) => Math.max(1, Math.round(full * scale));
  return { users: at(FULL.users), chats: at(FULL.chats), messages: at(FULL.messages), files: at(FULL.files) };
}

/** Messages of each chat, the largest first; together exactly `messages`, unless the scale is too small for that. */
export function chatSizes({ chats, messages }: Population, seed: number): number[] {
  const random = seededRandom(seed);
  const large = Math.max(1, Math.round(chats * (1 - SMALL_SHARE)));
  const largest = Math.round(messages / 20);
  const sizes = Array.from({ length: chats }, (_, rank) =>
    rank < large
      ? Math.max(LARGE_MIN, Math.round(largest * (rank + 1) ** -RANK_POWER))
      : between(random, ...SMALL_SIZE),
  );
  const missing = messages - sizes.reduce((total, size) => total + size, 0);
  const spread = large - 1;
  if (spread < 1) return sizes;
  // The power law alone misses the total by some percent; the chats between the largest and the small ones make up for it.
  return sizes.map((size, rank) => {
    if (rank === 0 || rank >= large) return size;
    const share = Math.floor(missing / spread) + (rank <= missing - Math.floor(missing / spread) * spread ? 1 : 0);
    return Math.max(LARGE_MIN, size + share);
  });
}

/** The part of a data set that one step writes, rows `from` up to but without `to`. */
export interface SeedStep {
  readonly kind: "users" | "chats" | "messages" | "files" | "counters";
  readonly from: number;
  readonly to: number;
}

/** All steps in their order. */
export function seedSteps(population: Population, messages: number): SeedStep[] {
  const cut = (kind: SeedStep["kind"], total: number, size: number): SeedStep[] =>
    Array.from({ length: Math.ceil(total / size) }, (_, step) => ({
      kind,
      from: step * size,
      to: Math.min(total, (step + 1) * size),
    }));
  return [
    ...cut("users", population.users, ROWS_PER_STEP),
    ...cut("chats", population.chats, ROWS_PER_STEP),
    ...cut("messages", messages, ROWS_PER_STEP),
    ...cut("files", population.files, FILES_PER_STEP),
    { kind: "counters", from: 0, to: 1 },
  ];
}

/** Which chat and which of its messages the `index`-th message of all is, for a run of them. */
export function* messagesFrom(sizes: readonly number[], from: number, to: number) {
  let first = 0;
  for (const [chat, size] of sizes.entries()) {
    if (first >= to) return;
    for (let index = Math.max(0, from - first); index < size && first + index < to; index++) yield { chat, index };
    first += size;
  }
}

/** Who a chat belongs to. The first user has the largest. */
export function ownerOf(chat: number, { users }: Population): number {
  return chat % users;
}

/** Every chat begins at a minute of its own, by which later steps find it again. */
export function chatCreatedAt(chat: number, now: number): number {
  return now - 200 * DAY_MS + chat * MINUTE_MS;
}

export function messageCreatedAt(chat: number, index: number, now: number): number {
  return chatCreatedAt(chat, now) + (index + 1) * MINUTE_MS;
}

/** When a chat was put into the bin; one of forty was. */
export function chatDeletedAt(chat: number, now: number): number | undefined {
  return chat % 40 === 17 ? now - (1 + ((chat * 7) % 180)) * DAY_MS : undefined;
}

/** Chance for the text of one message. */
export function messageRandom(seed: number, chat: number, index: number): Random {
  return seededRandom(mixed(seed, chat, index));
}

/** When a message was deleted: with its chat, or by itself. Counting a chat asks this of all its messages, so it is one small sum. */
export function messageDeletedAt(seed: number, chat: number, index: number, now: number): number | undefined {
  const withChat = chatDeletedAt(chat, now);
  if (withChat !== undefined) return withChat;
  const chance = mixed(seed + 1, chat, index) / 4294967296;
  return chance < DELETED_SHARE ? now - Math.ceil((chance / DELETED_SHARE) * 180) * DAY_MS : undefined;
}

/** 32 bits that look like chance. */
function mixed(seed: number, chat: number, index: number): number {
  let bits = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(chat + 1, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  return (bits ^ (bits >>> 15)) >>> 0;
}

/** Bytes of a message's text: questions are short, answers from 200 bytes to 8 KB, about 2.7 KB on average. */
export function messageBytes(random: Random, role: "user" | "assistant"): number {
  if (role === "user") return between(random, 200, 420);
  return Math.min(8_000, 200 + Math.round(-2_750 * Math.log(1 - random())));
}
