/**
 * Writes the steps of the data set (`model/seedPlan.ts`).
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { setStat } from "../lib/dbStats.ts";
import { mustExist } from "./errors.ts";
import { MINUTE_MS } from "./limits.ts";
import { seededRandom } from "./random.ts";
import {
  chatCreatedAt,
  chatDeletedAt,
  messageBytes,
  messageCreatedAt,
  messageDeletedAt,
  messageRandom,
  messagesFrom,
  ownerOf,
  type Population,
  type SeedStep,
} from "./seedPlan.ts";
import { Prose, topic } from "./seedText.ts";
import { ALL_STAT_KEYS, zeroStats } from "./statKeys.ts";
import { STATS_RUN } from "./statsRun.ts";

/** What all steps of one data set have in common. */
export interface SeedWorld {
  readonly population: Population;
  readonly sizes: readonly number[];
  readonly seed: number;
  readonly now: number;
}

/** Gives the number of documents written. */
export async function writeStep(ctx: MutationCtx, { kind, from, to }: SeedStep, world: SeedWorld): Promise<number> {
  return await WRITERS[kind](ctx, from, to, world);
}

const WRITERS = {
  users: writeUsers,
  chats: writeChats,
  messages: writeMessages,
  files: writeFiles,
  counters: async (ctx: MutationCtx, _from: number, _to: number, world: SeedWorld) => await writeCounters(ctx, world),
} satisfies Record<SeedStep["kind"], unknown>;

function externalIdOf(user: number): string {
  return `seed-user-${user}`;
}

async function writeUsers(ctx: MutationCtx, from: number, to: number, { now }: SeedWorld): Promise<number> {
  for (let user = from; user < to; user++) {
    const createdAt = now - 210 * 24 * 60 * MINUTE_MS + user;
    await ctx.db.insert("users", {
      externalId: externalIdOf(user),
      email: `person${user}@chat.example`,
      name: `Person ${user}`,
      createdAt,
      updatedAt: createdAt,
    });
  }
  return to - from;
}

async function writeChats(ctx: MutationCtx, from: number, to: number, world: SeedWorld): Promise<number> {
  const { now, population, seed, sizes } = world;
  const users = new Map<number, Id<"users">>();
  for (let chat = from; chat < to; chat++) {
    const owner = ownerOf(chat, population);
    const userId = users.get(owner) ?? (await userIdOf(ctx, owner));
    users.set(owner, userId);
    const random = seededRandom(seed * 7_919 + chat);
    const deletedAt = chatDeletedAt(chat, now);
    const last = messageCreatedAt(chat, sizes[chat]! - 1, now);
    const title = topic(random);
    await ctx.db.insert("chats", {
      userId,
      title: title[0]!.toUpperCase() + title.slice(1),
      createdAt: chatCreatedAt(chat, now),
      updatedAt: last,
      lastMessageAt: last,
      messageCount: liveMessages(chat, world),
      ...(deletedAt === undefined ? {} : { deletedAt }),
    });
  }
  return to - from;
}

async function writeMessages(ctx: MutationCtx, from: number, to: number, world: SeedWorld): Promise<number> {
  const prose = new Prose(world.seed);
  let current: { readonly chat: number; readonly row: Doc<"chats"> } | undefined;
  for (const { chat, index } of messagesFrom(world.sizes, from, to)) {
    if (current?.chat !== chat) current = { chat, row: await chatOf(ctx, chat, world) };
    const random = messageRandom(world.seed, chat, index);
    const deletedAt = messageDeletedAt(world.seed, chat, index, world.now);
    const role = index % 2 === 0 ? "user" : "assistant";
    await ctx.db.insert("messages", {
      chatId: current.row._id,
      userId: current.row.userId,
      clientMessageId: `seed-${index}`,
      role,
      content: prose.text(random, messageBytes(random, role)),
      createdAt: messageCreatedAt(chat, index, world.now),
      ...(role === "assistant" ? { status: "completed" as const } : {}),
      ...(deletedAt === undefined ? {} : { deletedAt }),
    });
  }
  return to - from;
}

/** Rows of files that share the stored file; none when nothing is stored. */
async function writeFiles(ctx: MutationCtx, from: number, to: number, world: SeedWorld): Promise<number> {
  const stored = await ctx.db.system.query("_storage").first();
  if (stored === null) return 0;
  for (let file = from; file < to; file++) {
    const chat = await chatOf(ctx, file % world.population.chats, world);
    await ctx.db.insert("fileUploads", {
      userId: chat.userId,
      chatId: chat._id,
      storageId: stored._id,
      filename: `note-${file}.txt`,
      contentType: "text/plain",
      size: stored.size,
      uploadedAt: chat.createdAt + file,
    });
    const user = mustExist(await ctx.db.get("users", chat.userId), "User");
    await ctx.db.patch("users", user._id, { fileUploadCount: (user.fileUploadCount ?? 0) + 1 });
  }
  return to - from;
}

/** The counters of the deployment, as a count of the tables would leave them. */
async function writeCounters(ctx: MutationCtx, world: SeedWorld): Promise<number> {
  const values = zeroStats();
  values.users_total = world.population.users;
  for (const [chat, size] of world.sizes.entries()) {
    values.chats_total += 1;
    values.messages_total += size;
    values.messages_soft_deleted += size - liveMessages(chat, world);
    if (chatDeletedAt(chat, world.now) !== undefined) values.chats_soft_deleted += 1;
  }
  for (const key of ALL_STAT_KEYS) await setStat(ctx, key, values[key]);
  await ctx.db.insert("migrationRuns", {
    name: STATS_RUN,
    isComplete: true,
    table: "messages",
    through: 0,
    until: world.now,
    found: {},
    samples: [],
  });
  return ALL_STAT_KEYS.length + 1;
}

function liveMessages(chat: number, { sizes, seed, now }: SeedWorld): number {
  let live = 0;
  for (let index = 0; index < sizes[chat]!; index++) {
    if (messageDeletedAt(seed, chat, index, now) === undefined) live += 1;
  }
  return live;
}

async function userIdOf(ctx: MutationCtx, user: number): Promise<Id<"users">> {
  const found = await ctx.db
    .query("users")
    .withIndex("by_external_id", (q) => q.eq("externalId", externalIdOf(user)))
    .unique();
  return mustExist(found, "User")._id;
}

async function chatOf(ctx: MutationCtx, chat: number, { now, population }: SeedWorld): Promise<Doc<"chats">> {
  const userId = await userIdOf(ctx, ownerOf(chat, population));
  const found = await ctx.db
    .query("chats")
    .withIndex("by_user_created", (q) => q.eq("userId", userId).eq("createdAt", chatCreatedAt(chat, now)))
    .unique();
  return mustExist(found, "Chat");
}
