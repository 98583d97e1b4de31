/**
 * `ctx.storage` as bundles' own `convex/server` asks for it, in JSON. What it does is `ctx-storage.ts`.
 *
 * @module
 */
import type { Storage } from "./ctx-storage.ts";
import { textArgument } from "./syscall-plan.ts";
import type { SyscallArguments } from "./syscall-plan.ts";

const READING: ReadonlySet<string> = new Set(["1.0/storageGetUrl", "1.0/storageGetMetadata"]);
const OTHERS: ReadonlySet<string> = new Set([
  "1.0/storageGenerateUploadUrl",
  "1.0/storageDelete",
  "1.0/storageStore",
  "1.0/storageGet",
]);

export function isStorageSyscall(op: string): boolean {
  return READING.has(op) || OTHERS.has(op);
}

/** Whether queries may do it, too. */
export function isReadingStorage(op: string): boolean {
  return READING.has(op);
}

/** @returns JSON text. Bytes are base64. */
export async function storageSyscall(storage: Storage, op: string, args: SyscallArguments): Promise<string> {
  const { storageId } = args;
  switch (op) {
    case "1.0/storageGetUrl":
      return JSON.stringify(await storage.getUrl(storageId));
    case "1.0/storageGetMetadata":
      return JSON.stringify(await storage.getMetadata(storageId));
    case "1.0/storageGenerateUploadUrl":
      return JSON.stringify(await storage.generateUploadUrl());
    case "1.0/storageDelete":
      await storage.delete(storageId);
      return "null";
    case "1.0/storageStore": {
      const type = typeof args["contentType"] === "string" ? args["contentType"] : "";
      const blob = new Blob([Buffer.from(textArgument(args, "blob"), "base64")], { type });
      return JSON.stringify(await storage.store(blob, { sha256: args["sha256"] }));
    }
    case "1.0/storageGet": {
      const blob = await storage.get(storageId);
      if (blob === null) return "null";
      const bytes = Buffer.from(await blob.arrayBuffer()).toString("base64");
      return JSON.stringify({ blob: bytes, contentType: blob.type === "" ? null : blob.type });
    }
    default:
      throw new Error(`Unknown operation ${op}`);
  }
}
