/**
 * The secret of a deployment's file addresses: one row, made when the deployment is new.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import type { Transaction } from "../tx/types.ts";

export const SECRETS_TABLE = "_secrets";
const SECRET_NAME = "files";

/** The secret that a row holds. */
export function secretOf({ value }: Doc): Uint8Array {
  if (!(value instanceof ArrayBuffer)) throw new Error("Cannot open files: their secret is not bytes");
  return new Uint8Array(value);
}

/** Stores the secret of a new deployment. */
export function storeSecret(tx: Transaction, bytes: Uint8Array): void {
  // A copy: what is stored is the whole of its memory.
  tx.system.insert(SECRETS_TABLE, { name: SECRET_NAME, value: Uint8Array.from(bytes).buffer });
}
