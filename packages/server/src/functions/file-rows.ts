/**
 * Rows of `_storage`, read and written in a transaction: what `ctx.storage` says about files, whoever asks.
 *
 *   _storage  {sha256 (base64), size, contentType?}        the bytes lie in the file store under the id's inner bytes
 *
 * Invariants:
 *   - A row is inserted when its bytes are durable, and never changed.
 *   - Reads go into the read set as those of any document, so a query that shows a URL runs again when the file is deleted.
 *
 * @module
 */
import { decodeId, tryDecodeId, type Doc } from "@narrowcast/values";
import type { FileFacts } from "../protocol/core-protocol.ts";
import { UserError, type Transaction } from "../tx/types.ts";
import { downloadUrl, type FileAddresses } from "./file-addresses.ts";
import { textOf } from "./system-rows.ts";

export const STORAGE_TABLE = "_storage";

/** `ctx.storage.getMetadata`. A type, not an interface: it is a Convex value. */
export type FileMetadata = {
  readonly storageId: string;
  readonly sha256: string;
  readonly size: number;
  readonly contentType: string | null;
};

/** What the functions here work with. */
export interface FileScope {
  readonly tx: Transaction;
  readonly addresses: FileAddresses;
}

/**
 * The row of a file.
 *
 * @param storageId An id of `_storage`, or the file's uuid, which old apps keep.
 * @param method For messages, for example `getUrl`.
 * @throws {UserError} If it is neither.
 */
export function findFile({ tx, addresses }: FileScope, storageId: unknown, method: string): Doc | null {
  const given = requireIdText(storageId, method);
  const internal = addresses.internalOf(given);
  const id = internal === undefined ? given : tx.system.getAt(STORAGE_TABLE, internal)?._id;
  if (id === undefined) return null;
  const decoded = tryDecodeId(id);
  if (decoded === undefined) throw badId(method, `Invalid storage ID ${JSON.stringify(id)}: ${reasonOf(id)}`);
  const table = tx.tableNameOf(decoded.tableNumber);
  if (table !== STORAGE_TABLE) {
    const from = table === undefined ? `table number ${decoded.tableNumber}` : `table "${table}"`;
    throw badId(method, `Invalid storage ID "${id}": it is from ${from}; should be from table "${STORAGE_TABLE}"`);
  }
  return tx.get(id, STORAGE_TABLE, true);
}

/** `null` when there is no such file. */
export function fileUrl(scope: FileScope, storageId: unknown, cloudUrl: string): string | null {
  const row = findFile(scope, storageId, "getUrl");
  return row === null ? null : downloadUrl(cloudUrl, scope.addresses.uuidOf(row._id));
}

/** `null` when there is no such file. */
export function fileMetadata(scope: FileScope, storageId: unknown): FileMetadata | null {
  const row = findFile(scope, storageId, "getMetadata");
  if (row === null) return null;
  const { size, sha256, contentType } = factsOf(row);
  const hex = Buffer.from(sha256, "base64").toString("hex");
  return { storageId: scope.addresses.uuidOf(row._id), sha256: hex, size, contentType };
}

/** @throws {UserError} If there is no such file. */
export function deleteFile(scope: FileScope, storageId: unknown): void {
  const row = findFile(scope, storageId, "delete");
  if (row === null) {
    throw new UserError("StorageIdNotFound", `storage id ${requireIdText(storageId, "delete")} not found`);
  }
  scope.tx.system.delete(row._id);
}

/** @throws {UserError} If it is no text. */
export function requireIdText(storageId: unknown, method: string): string {
  if (typeof storageId === "string") return storageId;
  throw badId(method, `expected string but got '${typeof storageId}'`);
}

/** Adds the row of a file whose bytes are durable. Returns its id. */
export function insertFile(tx: Transaction, name: string, { size, sha256, contentType }: FileFacts): string {
  const fields = { sha256, size, ...(contentType === null ? {} : { contentType }) };
  return tx.system.insert(STORAGE_TABLE, fields, Buffer.from(name, "hex"));
}

/** A row as facts. */
export function factsOf(row: Doc): FileFacts {
  const { size, contentType } = row;
  return {
    sha256: textOf(row, "sha256"),
    size: Number(size),
    contentType: typeof contentType === "string" ? contentType : null,
  };
}

function badId(method: string, what: string): UserError {
  return new UserError("InvalidArgument", `Invalid argument \`storageId\` for \`storage.${method}\`: ${what}`);
}

function reasonOf(id: string): string {
  try {
    decodeId(id);
    return "Unable to decode ID";
  } catch (error) {
    return (error as Error).message;
  }
}
