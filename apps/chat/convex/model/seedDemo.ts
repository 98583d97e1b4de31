/**
 * A few chats for a first look: one with a picture, one with a note, one in the bin, one long enough to scroll.
 */
import type { Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { incrementStat } from "../lib/dbStats.ts";
import type { Attachment } from "./fields.ts";
import { DAY_MS, MINUTE_MS } from "./limits.ts";
import { answerTo } from "./script.ts";

/** Who the page is until somebody else is chosen. */
export const DEMO_USER = "demo";

interface DemoFiles {
  readonly picture: Id<"_storage">;
  readonly note: Id<"_storage">;
  readonly sizes: { readonly picture: number; readonly note: number };
}

interface DemoChat {
  readonly title: string;
  readonly questions: readonly string[];
  readonly attachment?: Attachment;
  readonly isDeleted?: boolean;
}

/** Writes the demo. */
export async function loadDemo(ctx: MutationCtx, files: DemoFiles, now: number): Promise<void> {
  const createdAt = now - 30 * DAY_MS;
  const userId = await ctx.db.insert("users", {
    externalId: DEMO_USER,
    name: "Demo",
    fileUploadCount: 2,
    createdAt,
    updatedAt: createdAt,
  });
  await incrementStat(ctx, "users_total", [{ table: "users", id: userId }]);
  for (const [index, chat] of chatsOf(files, now).entries()) {
    await writeChat(ctx, userId, chat, now - index * 19 * 60 * MINUTE_MS);
  }
}

function chatsOf({ picture, note, sizes }: DemoFiles, now: number): DemoChat[] {
  return [
    {
      title: "What is in this picture?",
      questions: ["What is in this picture, and what would you change?"],
      attachment: fileOf(picture, "hills.svg", "image/svg+xml", sizes.picture, now),
    },
    {
      title: "Counting without reading",
      questions: [
        "How do I count rows without reading all of them?",
        "And when two people add one at the same moment?",
        "What if the counter was never right to begin with?",
      ],
    },
    {
      title: "Dinners for the week",
      questions: ["Here is my list. What can I cook from it?", "Something with fewer pans, please."],
      attachment: fileOf(note, "shopping.txt", "text/plain", sizes.note, now),
    },
    {
      title: "A talk about queues",
      questions: Array.from({ length: 24 }, (_, part) => `Give me part ${part + 1} of a talk about waiting in queues.`),
    },
    { title: "An old idea", questions: ["Is it worth keeping every chat for ever?"], isDeleted: true },
  ];
}

function fileOf(
  storageId: Id<"_storage">,
  filename: string,
  contentType: string,
  size: number,
  uploadedAt: number,
): Attachment {
  return { storageId, filename, contentType, size, uploadedAt };
}

async function writeChat(ctx: MutationCtx, userId: Id<"users">, chat: DemoChat, endedAt: number): Promise<void> {
  const { title, questions, attachment, isDeleted = false } = chat;
  const deleted = isDeleted ? { deletedAt: endedAt } : {};
  const createdAt = endedAt - (2 * questions.length + 1) * MINUTE_MS;
  const chatId = await ctx.db.insert("chats", {
    userId,
    title,
    createdAt,
    updatedAt: endedAt,
    lastMessageAt: endedAt,
    messageCount: isDeleted ? 0 : 2 * questions.length,
    ...deleted,
  });
  await incrementStat(ctx, "chats_total", [{ table: "chats", id: chatId }]);
  if (isDeleted) await incrementStat(ctx, "chats_soft_deleted", [{ table: "chats", id: chatId }]);
  const ids: Id<"messages">[] = [];
  for (const [index, question] of questions.entries()) {
    const at = createdAt + 2 * index * MINUTE_MS;
    const attachments = index === 0 && attachment !== undefined ? { attachments: [attachment] } : {};
    const common = { chatId, userId, ...deleted };
    ids.push(
      await ctx.db.insert("messages", { ...common, role: "user", content: question, createdAt: at, ...attachments }),
    );
    const answer = { role: "assistant", content: answerTo(question, index), createdAt: at + MINUTE_MS };
    ids.push(await ctx.db.insert("messages", { ...common, ...answer, status: "completed" }));
  }
  const counted = ids.map((id) => ({ table: "messages" as const, id }));
  await incrementStat(ctx, "messages_total", counted);
  if (isDeleted) await incrementStat(ctx, "messages_soft_deleted", counted);
  if (attachment === undefined) return;
  const { storageId, filename, contentType, size, uploadedAt } = attachment;
  await ctx.db.insert("fileUploads", { userId, chatId, storageId, filename, contentType, size, uploadedAt });
}
