/**
 * Addresses of files: the secret name in a download URL, and the token in an upload URL.
 *
 *   id of the row ◀── 16 inner bytes ──AES──▶ uuid in `/api/storage/<uuid>`
 *                          └── as hex: the name of the bytes in the store
 *
 * Who knows an id must not thereby be able to download the file, and who knows the uuid must. So the uuid is the id's inner bytes, encrypted
 * with the deployment's secret: nothing has to be stored or looked up, and an invented uuid leads to an id that nothing has.
 *
 * A token is the time at which it ends, signed. It is not bound to one upload, as on Convex.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { decodeId } from "@narrowcast/values";

/** Bytes of the secret. */
export const FILE_SECRET_BYTES = 32;
/** One block is all that is ever encrypted, so the mode has nothing to chain. */
const CIPHER = "aes-256-ecb";
const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/i;

/** See the module comment. */
export class FileAddresses {
  readonly #secret: Uint8Array;

  constructor(secret: Uint8Array) {
    if (secret.length !== FILE_SECRET_BYTES) {
      throw new RangeError(`Cannot use file secret: it has ${secret.length} bytes; should be ${FILE_SECRET_BYTES}`);
    }
    this.#secret = secret;
  }

  /** The secret name of the file with this id. */
  uuidOf(id: string): string {
    const cipher = createCipheriv(CIPHER, this.#secret, null).setAutoPadding(false);
    const hex = cipher.update(decodeId(id).internal).toString("hex");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  /** The inner bytes of the id behind a uuid; `undefined` for what does not look like one. */
  internalOf(uuid: string): Uint8Array | undefined {
    const parts = UUID.exec(uuid);
    if (parts === null) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#secret, null).setAutoPadding(false);
    return decipher.update(Buffer.from(parts.slice(1).join(""), "hex"));
  }

  /** A token that is good until `untilMs`. */
  tokenUntil(untilMs: number): string {
    const end = untilMs.toString(36);
    return `${end}.${this.#sign(end).toString("base64url")}`;
  }

  /** Whether a token is ours and good at `nowMs`. */
  checkToken(token: string, nowMs: number): "good" | "invalid" | "expired" {
    const [end = "", signature = ""] = token.split(".");
    const given = Buffer.from(signature, "base64url");
    const wanted = this.#sign(end);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return "invalid";
    return nowMs > Number.parseInt(end, 36) ? "expired" : "good";
  }

  #sign(end: string): Buffer {
    return createHmac("sha256", this.#secret).update(`upload|${end}`).digest();
  }
}

/** The name of a file's bytes in the store. */
export function fileNameOf(id: string): string {
  return Buffer.from(decodeId(id).internal).toString("hex");
}

/** `<deployment>/api/storage/<uuid>`. */
export function downloadUrl(cloudUrl: string, uuid: string): string {
  return `${cloudUrl.replace(/\/$/, "")}/api/storage/${uuid}`;
}

/** `<deployment>/api/storage/upload?token=…`. */
export function uploadUrl(cloudUrl: string, token: string): string {
  return `${cloudUrl.replace(/\/$/, "")}/api/storage/upload?token=${encodeURIComponent(token)}`;
}
