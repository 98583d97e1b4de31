/**
 * The *after* form of files: user and chat side by side, and the user that was read first used for the counter.
 *
 * That saves a wait, not a read: by Convex's rules the write of the counter reads the user in either form.
 */
import { v } from "convex/values";
import { mutation } from "../_generated/server.js";
import { liveChat } from "../model/access.ts";
import { mustExist } from "../model/errors.ts";
import {
  checkFile,
  checkQuota,
  checkRate,
  insertFile,
  recentUploadsFiltered,
  saveArgs,
  saveResult,
  uploadArgs,
} from "../model/fileRules.ts";

export { deleteFile, getBatchFileUrls, getFilesByChat, getFilesByUser, getFileUrl, getUserQuota } from "../files.ts";

export const generateUploadUrl = mutation({
  args: uploadArgs,
  returns: v.string(),
  handler: async (ctx, { userId, chatId }) => {
    const [user] = await Promise.all([ctx.db.get("users", userId), liveChat(ctx, chatId, userId)]);
    checkQuota(mustExist(user, "User"));
    checkRate(await recentUploadsFiltered(ctx, userId));
    return await ctx.storage.generateUploadUrl();
  },
});

export const saveFileMetadata = mutation({
  args: saveArgs,
  returns: saveResult,
  handler: async (ctx, args) => {
    checkFile(args);
    const [user] = await Promise.all([ctx.db.get("users", args.userId), liveChat(ctx, args.chatId, args.userId)]);
    const { _id, fileUploadCount = 0 } = mustExist(user, "User");
    const fileId = await insertFile(ctx, args);
    await ctx.db.patch("users", _id, { fileUploadCount: fileUploadCount + 1 });
    return { fileId, filename: args.filename, url: await ctx.storage.getUrl(args.storageId) };
  },
});
