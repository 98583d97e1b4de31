/**
 * Convex values and what belongs to them: types, order, keys, bytes, JSON, ids, validators, schemas, wire messages.
 *
 * Runs anywhere JavaScript runs.
 *
 * @module
 */
export * from "./address.ts";
export * from "./base64.ts";
export * from "./check-value.ts";
export * from "./clone.ts";
export * from "./compare.ts";
export * from "./delta.ts";
export * from "./delta-apply.ts";
export * from "./document-codec.ts";
export * from "./id.ts";
export * from "./json.ts";
export * from "./json-bounds.ts";
export * from "./json-parts.ts";
export * from "./limits.ts";
export * from "./log-line.ts";
export * from "./name.ts";
export * from "./ordered-key.ts";
export * from "./print-value.ts";
export * from "./schema.ts";
export * from "./size.ts";
export * from "./timestamp.ts";
export { utf8Length } from "./utf8.ts";
export * from "./validate.ts";
export * from "./validator-json.ts";
export * from "./value.ts";
export * from "./wire.ts";
export * from "./wire-parse.ts";
