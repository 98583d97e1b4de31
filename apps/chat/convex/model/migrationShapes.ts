/**
 * Arguments and results of the operator commands, the same in both forms that have them.
 */
import { v, type Infer } from "convex/values";

export const initializeArgs = { force: v.optional(v.boolean()) };
export const initializeResult = v.object({
  success: v.boolean(),
  results: v.object({
    chatsTotal: v.number(),
    chatsSoftDeleted: v.number(),
    messagesTotal: v.number(),
    messagesSoftDeleted: v.number(),
    usersTotal: v.number(),
  }),
});

export const backfillArgs = { batchSize: v.optional(v.number()), skipExisting: v.optional(v.boolean()) };
export const backfillResult = v.object({ success: v.boolean(), processed: v.number(), updated: v.number() });

/** A chat whose counter is not the number of its messages. */
export const countSample = v.object({ chatId: v.id("chats"), storedCount: v.number(), actualCount: v.number() });
export type CountSample = Infer<typeof countSample>;

export const verifyResult = v.object({
  success: v.boolean(),
  totalChats: v.number(),
  inconsistencies: v.number(),
  samples: v.array(countSample),
});
export const fixResult = v.object({ success: v.boolean(), totalChats: v.number(), fixed: v.number() });
