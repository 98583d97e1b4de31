/**
 * Files on messages. The bytes go to the deployment's storage; a row here says whose they are.
 *
 * The upload's limits are checked where an address is given and again where the file is saved, on what the storage measured rather than on
 * what the client said: several addresses may be held at once, and a client may err.
 */
import { v } from "convex/values";
import { mutation, query } from "./_generated/server.js";
import { liveChat } from "./model/access.ts";
import { mustExist } from "./model/errors.ts";
import {
  checkFile,
  checkQuota,
  checkRate,
  deleteBytes,
  insertFile,
  ownFile,
  recentUploads,
  saveArgs,
  saveResult,
  shownFile,
  showFiles,
  uploadArgs,
} from "./model/fileRules.ts";
import { FILES_PER_USER_MAX } from "./model/limits.ts";

/** An address to upload one file to. Refused for a stranger's chat, at 150 files, and at ten uploads a minute. */
export const generateUploadUrl = mutation({
  args: uploadArgs,
  returns: v.string(),
  handler: async (ctx, { userId, chatId }) => {
    const [user] = await Promise.all([ctx.db.get("users", userId), liveChat(ctx, chatId, userId)]);
    checkQuota(mustExist(user, "User"));
    checkRate(await recentUploads(ctx, userId));
    return await ctx.storage.generateUploadUrl();
  },
});

/** Notes an uploaded file. The user is read once here, and once more by the write of the counter. */
export const saveFileMetadata = mutation({
  args: saveArgs,
  returns: saveResult,
  handler: async (ctx, args) => {
    const [found] = await Promise.all([ctx.db.get("users", args.userId), liveChat(ctx, args.chatId, args.userId)]);
    const user = mustExist(found, "User");
    checkQuota(user);
    const stored = mustExist(await ctx.db.system.get(args.storageId), "Uploaded file");
    checkFile({ contentType: args.contentType, size: stored.size });
    const fileId = await insertFile(ctx, { ...args, size: stored.size });
    await ctx.db.patch("users", user._id, { fileUploadCount: (user.fileUploadCount ?? 0) + 1 });
    return { fileId, filename: args.filename, url: await ctx.storage.getUrl(args.storageId) };
  },
});

/** Addresses of several files of one user, in the order asked; null for one that is gone or somebody else's. */
export const getBatchFileUrls = query({
  args: { userId: v.id("users"), storageIds: v.array(v.id("_storage")) },
  returns: v.array(v.object({ storageId: v.id("_storage"), url: v.nullable(v.string()) })),
  handler: async (ctx, { userId, storageIds }) =>
    await Promise.all(
      storageIds.map(async (storageId) => {
        const rows = ctx.db.query("fileUploads").withIndex("by_storage", (q) => q.eq("storageId", storageId));
        const file = await rows.first();
        const isOwn = file?.userId === userId && file.deletedAt === undefined;
        return { storageId, url: isOwn ? await ctx.storage.getUrl(storageId) : null };
      }),
    ),
});

/** The bytes are gone for good; the row stays, marked. */
export const deleteFile = mutation({
  args: { userId: v.id("users"), fileId: v.id("fileUploads") },
  returns: v.object({ ok: v.boolean() }),
  handler: async (ctx, { userId, fileId }) => {
    const file = await ownFile(ctx, fileId, userId);
    const user = mustExist(await ctx.db.get("users", userId), "User");
    await ctx.db.patch("fileUploads", fileId, { deletedAt: Date.now() });
    await deleteBytes(ctx, file.storageId);
    await ctx.db.patch("users", userId, { fileUploadCount: (user.fileUploadCount ?? 1) - 1 });
    return { ok: true };
  },
});

export const getFileUrl = query({
  args: { userId: v.id("users"), fileId: v.id("fileUploads") },
  returns: v.nullable(v.string()),
  handler: async (ctx, { userId, fileId }) => await ctx.storage.getUrl((await ownFile(ctx, fileId, userId)).storageId),
});

/** How many files the user has and may have. */
export const getUserQuota = query({
  args: { userId: v.id("users") },
  returns: v.object({ used: v.number(), limit: v.number(), remaining: v.number() }),
  handler: async (ctx, { userId }) => {
    const { fileUploadCount: used = 0 } = mustExist(await ctx.db.get("users", userId), "User");
    return { used, limit: FILES_PER_USER_MAX, remaining: Math.max(0, FILES_PER_USER_MAX - used) };
  },
});

/** The chat's files that are not deleted. A user has at most 150, so a chat has no more. */
export const getFilesByChat = query({
  args: uploadArgs,
  returns: v.array(shownFile),
  handler: async (ctx, { userId, chatId }) => {
    await liveChat(ctx, chatId, userId);
    const files = ctx.db
      .query("fileUploads")
      .withIndex("by_user_not_deleted", (q) => q.eq("userId", userId).eq("deletedAt", undefined));
    const all = await files.order("desc").take(FILES_PER_USER_MAX);
    return await showFiles(
      ctx,
      all.filter((file) => file.chatId === chatId),
    );
  },
});

/** The user's files that are not deleted, the newest first. */
export const getFilesByUser = query({
  args: { userId: v.id("users") },
  returns: v.array(shownFile),
  handler: async (ctx, { userId }) => {
    const files = ctx.db
      .query("fileUploads")
      .withIndex("by_user_not_deleted", (q) => q.eq("userId", userId).eq("deletedAt", undefined));
    return await showFiles(ctx, await files.order("desc").take(FILES_PER_USER_MAX));
  },
});
