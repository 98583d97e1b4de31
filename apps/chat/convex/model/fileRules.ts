/**
 * Files on messages: which may be uploaded, whose they are, and the shapes of their functions.
 */
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { mustExist, refuse } from "./errors.ts";
import { FILE_KINDS, FILES_PER_USER_MAX, MINUTE_MS, UPLOADS_PER_MINUTE_MAX } from "./limits.ts";

export const uploadArgs = { userId: v.id("users"), chatId: v.id("chats") };

export const saveArgs = {
  ...uploadArgs,
  storageId: v.id("_storage"),
  filename: v.string(),
  contentType: v.string(),
  size: v.number(),
};
const saveObject = v.object(saveArgs);
export type SaveArgs = Infer<typeof saveObject>;

export const saveResult = v.object({ fileId: v.id("fileUploads"), filename: v.string(), url: v.nullable(v.string()) });

/** A file in a list. */
export const shownFile = v.object({
  _id: v.id("fileUploads"),
  chatId: v.id("chats"),
  storageId: v.id("_storage"),
  filename: v.string(),
  contentType: v.string(),
  size: v.number(),
  uploadedAt: v.number(),
  url: v.nullable(v.string()),
});

/** Refuses a type that is not allowed, and a size over what its kind may have. */
export function checkFile({ contentType, size }: { readonly contentType: string; readonly size: number }): void {
  const type = contentType.split(";")[0]!.trim().toLowerCase();
  const found = FILE_KINDS.find(({ types }) => types.test(type));
  if (found === undefined) {
    refuse("keep the file", `its type is "${contentType}"`, "images, text, PDF, JSON, audio and video are allowed");
  }
  if (!(size >= 0) || size > found.bytesMax) {
    refuse("keep the file", `it has ${size} bytes`, `${found.kind} files may have at most ${found.bytesMax}`);
  }
}

/** Refuses the 151st file. */
export function checkQuota(user: Doc<"users">): void {
  const used = user.fileUploadCount ?? 0;
  if (used >= FILES_PER_USER_MAX) {
    refuse("upload the file", `the user has ${used} files`, `at most ${FILES_PER_USER_MAX} are allowed; delete some`);
  }
}

/** Refuses when the uploads of the last minute, as the form has found them, are ten. */
export function checkRate(recentUploads: number): void {
  if (recentUploads < UPLOADS_PER_MINUTE_MAX) return;
  refuse(
    "upload the file",
    `there were ${recentUploads} uploads in the last minute`,
    `at most ${UPLOADS_PER_MINUTE_MAX} a minute are allowed; wait a little`,
  );
}

/** Uploads of the last minute by the user's index alone: everything of the user is read and most of it dropped. */
export async function recentUploadsFiltered(ctx: QueryCtx, userId: Id<"users">): Promise<number> {
  const since = Date.now() - MINUTE_MS;
  const recent = await ctx.db
    .query("fileUploads")
    .withIndex("by_user", (q) => q.eq("userId", userId))
    .filter((q) => q.gte(q.field("uploadedAt"), since))
    .collect();
  return recent.length;
}

/** The same by the index's second field: never more than are needed to know. */
export async function recentUploads(ctx: QueryCtx, userId: Id<"users">): Promise<number> {
  const since = Date.now() - MINUTE_MS;
  const recent = await ctx.db
    .query("fileUploads")
    .withIndex("by_user", (q) => q.eq("userId", userId).gte("uploadedAt", since))
    .take(UPLOADS_PER_MINUTE_MAX);
  return recent.length;
}

/** The row of a new file. */
export async function insertFile(ctx: MutationCtx, args: SaveArgs): Promise<Id<"fileUploads">> {
  return await ctx.db.insert("fileUploads", { ...args, uploadedAt: Date.now() });
}

/** Deletes a file's bytes. Bytes that are gone already, by whatever way, do not keep their row from going. */
export async function deleteBytes(ctx: MutationCtx, storageId: Id<"_storage">): Promise<void> {
  if ((await ctx.db.system.get(storageId)) !== null) await ctx.storage.delete(storageId);
}

/** A file of that user that is not deleted. */
export async function ownFile(
  ctx: QueryCtx,
  fileId: Id<"fileUploads">,
  userId: Id<"users">,
): Promise<Doc<"fileUploads">> {
  const file = await ctx.db.get("fileUploads", fileId);
  return mustExist(file?.userId === userId && file.deletedAt === undefined ? file : null, "File");
}

/** Files with their addresses. */
export async function showFiles(ctx: QueryCtx, files: readonly Doc<"fileUploads">[]) {
  return await Promise.all(
    files.map(async ({ _id, chatId, storageId, filename, contentType, size, uploadedAt }) => {
      const url = await ctx.storage.getUrl(storageId);
      return { _id, chatId, storageId, filename, contentType, size, uploadedAt, url };
    }),
  );
}
