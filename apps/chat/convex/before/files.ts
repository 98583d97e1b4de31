/**
 * The *before* form of files: look-ups one after the other, and the user read where it is needed.
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
    checkQuota(mustExist(await ctx.db.get("users", userId), "User"));
    await liveChat(ctx, chatId, userId);
    checkRate(await recentUploadsFiltered(ctx, userId));
    return await ctx.storage.generateUploadUrl();
  },
});

export const saveFileMetadata = mutation({
  args: saveArgs,
  returns: saveResult,
  handler: async (ctx, args) => {
    checkFile(args);
    await liveChat(ctx, args.chatId, args.userId);
    const fileId = await insertFile(ctx, args);
    const user = mustExist(await ctx.db.get("users", args.userId), "User");
    await ctx.db.patch("users", user._id, { fileUploadCount: (user.fileUploadCount ?? 0) + 1 });
    return { fileId, filename: args.filename, url: await ctx.storage.getUrl(args.storageId) };
  },
});
