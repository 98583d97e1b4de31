/**
 * Page cursors: opaque texts that name a position in one particular query.
 *
 *   text = base64url( tag(16) ‖ AES-256-CTR(query fingerprint(16) ‖ kind(1) ‖ index key) )      tag = IV = HMAC(body)
 *
 * Encrypted, because an index key holds field values of a row that a filter may have kept from the caller. The initial value
 * is derived from the content, so equal positions of equal queries have equal texts for everybody and results can be shared.
 * The key belongs to the store: cursors of another deployment do not decode.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, timingSafeEqual } from "node:crypto";
import { encodeKey } from "@narrowcast/values";
import type { Key } from "../engine/types.ts";
import { UserError } from "./types.ts";
import type { FilterExpression, QueryPlan } from "./query-plan.ts";

/** After the row with this index key, or after the last row there is. */
export type Position = { readonly kind: "after"; readonly key: Key } | { readonly kind: "end" };

/** Bytes of the secret that a {@linkcode CursorCodec} needs. */
export const CURSOR_SECRET_BYTES = 32;
const TAG_BYTES = 16;
const FINGERPRINT_BYTES = 16;
const AFTER = 0;
const END = 1;

export class CursorCodec {
  readonly #cipherKey: Buffer;
  readonly #tagKey: Buffer;

  /** @param secret {@linkcode CURSOR_SECRET_BYTES} random bytes of this store. */
  constructor(secret: Uint8Array) {
    this.#cipherKey = createHmac("sha256", secret).update("cursor cipher").digest();
    this.#tagKey = createHmac("sha256", secret).update("cursor tag").digest();
  }

  encode(fingerprint: Buffer, position: Position): string {
    const key = Buffer.from(position.kind === "after" ? position.key : "", "latin1");
    const body = Buffer.concat([fingerprint, Buffer.of(position.kind === "after" ? AFTER : END), key]);
    const tag = this.#tag(body);
    const cipher = createCipheriv("aes-256-ctr", this.#cipherKey, tag);
    return Buffer.concat([tag, cipher.update(body), cipher.final()]).toString("base64url");
  }

  /** @throws {UserError} `InvalidCursor` if the text is no cursor of this store or belongs to another query. */
  decode(text: string, fingerprint: Buffer): Position {
    const body = this.#open(text);
    if (body === undefined || !body.subarray(0, FINGERPRINT_BYTES).equals(fingerprint)) throw invalidCursor(text);
    if (body[FINGERPRINT_BYTES] === END) return { kind: "end" };
    return { kind: "after", key: body.toString("latin1", FINGERPRINT_BYTES + 1) };
  }

  #open(text: string): Buffer | undefined {
    const bytes = Buffer.from(text, "base64url");
    if (bytes.length <= TAG_BYTES + FINGERPRINT_BYTES || bytes.toString("base64url") !== text) return undefined;
    const tag = bytes.subarray(0, TAG_BYTES);
    const decipher = createDecipheriv("aes-256-ctr", this.#cipherKey, tag);
    const body = Buffer.concat([decipher.update(bytes.subarray(TAG_BYTES)), decipher.final()]);
    return timingSafeEqual(tag, this.#tag(body)) ? body : undefined;
  }

  #tag(body: Buffer): Buffer {
    return createHmac("sha256", this.#tagKey).update(body).digest().subarray(0, TAG_BYTES);
  }
}

/** Identifies a query: table, index with its fields, range, order and operators. */
export function planFingerprint(plan: QueryPlan, indexFields: readonly string[]): Buffer {
  const text = JSON.stringify([
    plan.table,
    plan.index,
    indexFields,
    plan.order,
    plan.range.map(({ type, fieldPath, value }) => [type, fieldPath, encodeKey([value])]),
    plan.operators.map((operator) => ("limit" in operator ? operator.limit : describe(operator.filter))),
  ]);
  return createHash("sha256").update(text).digest().subarray(0, FINGERPRINT_BYTES);
}

function describe(expression: FilterExpression): unknown {
  switch (expression.op) {
    case "literal":
      return ["literal", encodeKey([expression.value])];
    case "field":
      return ["field", ...expression.path];
    case "and":
    case "or":
      return [expression.op, ...expression.operands.map(describe)];
    case "not":
    case "neg":
      return [expression.op, describe(expression.operand)];
    default:
      return [expression.op, describe(expression.left), describe(expression.right)];
  }
}

function invalidCursor(text: string): UserError {
  return new UserError(
    "InvalidCursor",
    `InvalidCursor: Tried to run a query starting from a cursor, but it looks like this cursor is from a different query: ${JSON.stringify(text.slice(0, 40))}`,
  );
}
