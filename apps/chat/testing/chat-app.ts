/**
 * The chat in a test: its three forms by path, and data that is arranged past its functions.
 */
import { openTestDeployment, type TestDeployment } from "@narrowcast/server";
import type { PaginationResult } from "convex/server";
import { fileURLToPath } from "node:url";
import type { DataModel, Doc, Id, TableNames } from "../convex/_generated/dataModel.js";
import type { MutationCtx } from "../convex/_generated/server.js";

/** Folder of the app's functions. */
export const CONVEX_DIR = fileURLToPath(new URL("../convex", import.meta.url));

/** As first written, as optimised by hand, made right. */
export type Form = "before" | "after" | "fixed";
export const FORMS: readonly Form[] = ["before", "after", "fixed"];

/** A function's path in a form. */
export function pathIn(form: Form, path: string): string {
  return form === "fixed" ? path : `${form}/${path}`;
}

/** A deployment with the app. */
export async function openChatApp(options: Parameters<typeof openTestDeployment>[1] = {}): Promise<TestDeployment> {
  return await openTestDeployment(CONVEX_DIR, options);
}

/** One transaction of a test, with the app's own tables. */
export async function arrange<T>(app: TestDeployment, handler: (ctx: MutationCtx) => Promise<T>): Promise<T> {
  return await app.run<T, DataModel>(handler);
}

/** Every document of a table, however large it is. */
export async function rowsOf<Table extends TableNames>(app: TestDeployment, table: Table): Promise<Doc<Table>[]> {
  const rows: Doc<Table>[] = [];
  const next = async (cursor: string | null): Promise<PaginationResult<Doc<Table>>> => {
    const options = { numItems: WRITE_ROWS, cursor, maximumBytesRead: WRITE_BYTES };
    return await arrange(app, async (ctx) => await ctx.db.query(table).paginate(options));
  };
  for (let page = await next(null); ; page = await next(page.continueCursor)) {
    rows.push(...page.page);
    if (page.isDone) return rows;
  }
}

/** A user with one empty chat, made by a form's own functions. */
export interface OwnChat {
  readonly userId: Id<"users">;
  readonly chatId: Id<"chats">;
}

let users = 0;

/** A new user with a chat. */
export async function makeChat(app: TestDeployment, form: Form, title = "A chat"): Promise<OwnChat> {
  users += 1;
  const { userId } = (await app.mutation(pathIn(form, "users:ensure"), { externalId: `user ${users}` })) as {
    userId: Id<"users">;
  };
  const made = await app.mutation(pathIn(form, "chats:create"), { userId, title });
  return { userId, chatId: (made as { chatId: Id<"chats"> }).chatId };
}

/** One message of the user by a form's own function. */
export async function sendTo(
  app: TestDeployment,
  form: Form,
  chat: OwnChat,
  content = "hello",
): Promise<Id<"messages">> {
  const sent = await app.mutation(pathIn(form, "messages:send"), { ...chat, userMessage: { content } });
  return (sent as { userMessageId: Id<"messages"> }).userMessageId;
}

/** What an older chat may look like. */
export interface OlderChat {
  readonly messages: number;
  readonly bytes?: number;
  /** What its counter says; without it nobody has counted. */
  readonly messageCount?: number;
}

/** Rows that one transaction of a test writes. */
const WRITE_ROWS = 2_000;
const WRITE_BYTES = 8_000_000;

/** A chat that was there before there were counters: its rows are written directly, and nobody counts them. */
export async function olderChat(
  app: TestDeployment,
  { messages, bytes = 20, messageCount }: OlderChat,
): Promise<OwnChat> {
  users += 1;
  const externalId = `user ${users}`;
  const chat = await arrange(app, async ({ db }) => {
    const userId = await db.insert("users", { externalId, createdAt: 1, updatedAt: 1 });
    const counter = messageCount === undefined ? {} : { messageCount };
    const chatId = await db.insert("chats", { userId, title: "An older chat", createdAt: 1, updatedAt: 1, ...counter });
    return { userId, chatId };
  });
  await addOlderMessages(app, chat, messages, bytes);
  return chat;
}

/** Messages that nobody counts. */
export async function addOlderMessages(
  app: TestDeployment,
  chat: OwnChat,
  messages: number,
  bytes = 20,
): Promise<void> {
  const content = "x".repeat(bytes);
  const step = Math.min(WRITE_ROWS, Math.floor(WRITE_BYTES / (bytes + 200)));
  for (let from = 0; from < messages; from += step) {
    await arrange(app, async ({ db }) => {
      for (let index = from; index < Math.min(messages, from + step); index++) {
        const role = index % 2 === 0 ? "user" : "assistant";
        await db.insert("messages", { ...chat, role, content, createdAt: index });
      }
    });
  }
}

/** The chat's row. */
export async function chatRow(app: TestDeployment, { chatId }: Pick<OwnChat, "chatId">): Promise<Doc<"chats">> {
  const chat = await arrange(app, async ({ db }) => await db.get("chats", chatId));
  if (chat === null) throw new Error(`There is no chat ${chatId}`);
  return chat;
}

/** Messages of the chat that are not deleted, counted one by one. */
export async function liveMessages(app: TestDeployment, { chatId }: Pick<OwnChat, "chatId">): Promise<number> {
  const messages = await rowsOf(app, "messages");
  return messages.filter((message) => message.chatId === chatId && message.deletedAt === undefined).length;
}

/** The deployment's counters by the keys of the report, and the same counted one by one. */
export async function countsOf(app: TestDeployment, form: Form) {
  const report = (await app.mutation(pathIn(form, "crons:generateDatabaseStats"))) as {
    success: boolean;
    stats: { timestamp: number; tables: object };
  };
  const [chats, messages, users] = [
    await rowsOf(app, "chats"),
    await rowsOf(app, "messages"),
    await rowsOf(app, "users"),
  ];
  const part = (rows: readonly { deletedAt?: number }[]) => {
    const softDeleted = rows.filter((row) => row.deletedAt !== undefined).length;
    return { total: rows.length, softDeleted, active: rows.length - softDeleted };
  };
  const actual = { chats: part(chats), messages: part(messages), users: { total: users.length } };
  return { success: report.success, reported: report.stats.tables, actual };
}
