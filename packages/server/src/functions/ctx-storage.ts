/**
 * `ctx.storage`, with the checks and texts of `convex/server`.
 *
 * In queries and mutations it reads and writes rows of the transaction under way. Actions are elsewhere: they ask through a port.
 *
 * A mutation that stores puts the bytes first and then the row, in its own transaction; if it throws, or is rolled back, the row is gone and the
 * core removes the bytes (`core/run-files.ts`).
 *
 * @module
 */
import type { StorageMethod } from "../protocol/action-protocol.ts";
import type { ActionPort } from "./action-port.ts";
import { requireArgument } from "./ctx-arguments.ts";
import { uploadUrl } from "./file-addresses.ts";
import {
  deleteFile,
  factsOf,
  fileMetadata,
  fileUrl,
  findFile,
  insertFile,
  requireIdText,
  type FileMetadata,
  type FileScope,
} from "./file-rows.ts";
import { countFileRead, countFileWritten } from "./file-usage.ts";
import type { Scope } from "./run.ts";

/** `ctx.storage` of a query. */
export interface QueryStorage {
  readonly getUrl: (storageId: unknown) => Promise<string | null>;
  readonly getMetadata: (storageId: unknown) => Promise<FileMetadata | null>;
}

/** `ctx.storage` of everything else. */
export interface Storage extends QueryStorage {
  generateUploadUrl(): Promise<string>;
  delete(storageId: unknown): Promise<void>;
  /** Returns the id. */
  store(blob: unknown, options?: { readonly sha256?: unknown }): Promise<string>;
  get(storageId: unknown): Promise<Blob | null>;
}

const NO_BLOB =
  "store() expects a Blob. If you are trying to store a Request, `await request.blob()` will give you the correct input.";

/** In a query. */
export function createQueryStorage(scope: Scope): QueryStorage {
  return {
    getUrl: async (storageId) => {
      requireArgument(storageId, 1, "getUrl", "storageId");
      return fileUrl(await fileScope(scope), storageId, scope.run.host.cloudUrl);
    },
    getMetadata: async (storageId) => fileMetadata(await fileScope(scope), storageId),
  };
}

/** In a mutation. */
export function createMutationStorage(scope: Scope): Storage {
  const { run } = scope;
  const { host } = run;
  const { getUrl, getMetadata } = createQueryStorage(scope);
  return {
    getUrl,
    getMetadata,
    generateUploadUrl: async () => {
      scope.assertOpen();
      const token = host.files.addresses.tokenUntil(host.nowMs + host.limits.uploadUrlMs);
      return uploadUrl(host.cloudUrl, token);
    },
    delete: async (storageId) => deleteFile(await fileScope(scope), storageId),
    store: async (blob, options) => {
      scope.assertOpen();
      const given = requireBlob(blob);
      const sha256 = parseSha256(options?.sha256);
      countFileWritten(run.fileUsage, given.size, run.fileLimits);
      const {
        name,
        size,
        sha256: actual,
      } = await run.realWork(async () => host.files.put(await bytesOf(given), sha256));
      const { tx } = await fileScope(scope);
      return insertFile(tx, name, { size, sha256: actual, contentType: contentTypeOf(given) });
    },
    get: async (storageId) => {
      const row = findFile(await fileScope(scope), storageId, "get");
      if (row === null) return null;
      const { size, contentType } = factsOf(row);
      countFileRead(run.fileUsage, size, run.fileLimits);
      const bytes = await run.realWork(() => host.files.read(row._id, factsOf(row)));
      return blobOf(bytes, contentType);
    },
  };
}

/** In an action. */
export function createActionStorage(port: ActionPort): Storage {
  const ask = async <T>(method: StorageMethod, storageId: string): Promise<T> =>
    JSON.parse(await port.call({ op: "storage", method, storageId })) as T;
  return {
    getUrl: async (storageId) => {
      requireArgument(storageId, 1, "getUrl", "storageId");
      return ask("getUrl", requireIdText(storageId, "getUrl"));
    },
    getMetadata: async (storageId) => ask("getMetadata", requireIdText(storageId, "getMetadata")),
    generateUploadUrl: () => ask("generateUploadUrl", ""),
    delete: async (storageId) => {
      await ask("delete", requireIdText(storageId, "delete"));
    },
    store: async (blob, options) => {
      const given = requireBlob(blob);
      const sha256 = parseSha256(options?.sha256);
      if (given.size > port.fileBytesMax) {
        throw new Error(`File is too large to be stored by an action (limit: ${port.fileBytesMax} bytes)`);
      }
      const call = { op: "storeFile", bytes: await bytesOf(given), contentType: contentTypeOf(given), sha256 } as const;
      return JSON.parse(await port.call(call)) as string;
    },
    get: async (storageId) => {
      const file = await port.readFile(requireIdText(storageId, "get"));
      return file === null ? null : blobOf(file.bytes, file.contentType);
    },
  };
}

/** The types of Node and of browsers disagree about which bytes a blob is made of; at run time there is no difference. */
function blobOf(bytes: Uint8Array, contentType: string | null): Blob {
  const parts: unknown = [bytes];
  return new Blob(parts as ConstructorParameters<typeof Blob>[0], { type: contentType ?? "" });
}

async function fileScope(scope: Scope): Promise<FileScope> {
  while (scope.busy !== undefined) await scope.busy;
  return { tx: scope.tx, addresses: scope.run.host.files.addresses };
}

/** @throws {Error} With the text of `convex/server`. */
function requireBlob(blob: unknown): Blob {
  if (blob instanceof Blob) return blob;
  throw new Error(NO_BLOB);
}

async function bytesOf(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}

function contentTypeOf({ type }: Blob): string | null {
  return type === "" ? null : type;
}

/** @param text Hex or base64; `undefined`: nothing to compare with. @throws {Error} If it is neither. */
function parseSha256(text: unknown): Uint8Array | undefined {
  if (text === undefined || text === null) return undefined;
  const bytes = typeof text !== "string" ? Buffer.alloc(0) : Buffer.from(text, text.length === 64 ? "hex" : "base64");
  if (bytes.length !== 32) throw new Error("Invalid `sha256`: should be a SHA-256 in hex or base64");
  return new Uint8Array(bytes);
}
