/**
 * Files on their way into a message: their bytes go to the deployment's storage first, then a row is written that says whose they are.
 */
import { useMutation } from "convex/react";
import { useCallback } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";

/** A file as a message takes it. */
export interface UploadedFile {
  readonly storageId: Id<"_storage">;
  readonly filename: string;
  readonly contentType: string;
  readonly size: number;
  readonly uploadedAt: number;
}

/** Gives what uploads one file. It throws what the deployment refused. */
export function useUpload(userId: Id<"users">): (file: File, chatId: Id<"chats">) => Promise<UploadedFile> {
  const generateUploadUrl = useMutation(api.files.generateUploadUrl);
  const save = useMutation(api.files.saveFileMetadata);
  return useCallback(
    async (file, chatId) => {
      const contentType = typeOf(file);
      const url = await generateUploadUrl({ userId, chatId });
      const response = await fetch(url, { method: "POST", headers: { "Content-Type": contentType }, body: file });
      if (!response.ok) throw new Error(`The file could not be uploaded: the deployment answered ${response.status}`);
      const { storageId } = (await response.json()) as { storageId: Id<"_storage"> };
      const described = { storageId, filename: file.name, contentType, size: file.size };
      await save({ userId, chatId, ...described });
      return { ...described, uploadedAt: Date.now() };
    },
    [generateUploadUrl, save, userId],
  );
}

/** Browsers do not know every text file's type. */
function typeOf(file: File): string {
  if (file.type !== "") return file.type;
  return /\.(?:md|markdown)$/iu.test(file.name) ? "text/markdown" : "text/plain";
}
