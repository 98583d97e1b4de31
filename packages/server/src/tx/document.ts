/**
 * Documents on their way in: what a function passed becomes a private, checked, storable document.
 *
 * Stored documents have their fields sorted, system fields included, as they come back from Convex; nothing in them is
 * shared with the caller.
 *
 * @module
 */
import { canonicalValue, checkDocument, isPlainObject, setField, tableNameError } from "@narrowcast/values";
import type { Doc, Limits, Value } from "@narrowcast/values";
import { UserError } from "./types.ts";

/** What a function passes. */
export type Fields = { readonly [field: string]: Value | undefined };

const SYSTEM_FIELDS = ["_id", "_creationTime"] as const;

/** @throws {UserError} If no user table may have this name. */
export function checkTableName(name: string, limits: Limits): void {
  const problem = tableNameError(name, limits);
  if (problem !== undefined) throw new UserError("InvalidTableName", problem);
}

/** A new document from user fields. Without limits only its form is checked. @throws {UserError} */
export function newDocument(id: string, creationTime: number, value: Fields, limits: Limits | undefined): Doc {
  checkObject("insert", value);
  for (const field of SYSTEM_FIELDS) {
    if (value[field] === undefined) continue;
    throw new UserError(
      "SystemFieldError",
      `Cannot insert document: it has the system field \`${field}\`; should be left to the database`,
    );
  }
  return checked(storable({ ...value, _id: id, _creationTime: creationTime }) as Doc, limits);
}

/** `before` with all its user fields replaced. Matching system fields are accepted and ignored. @throws {UserError} */
export function replacedDocument(before: Doc, value: Fields, limits: Limits | undefined): Doc {
  checkObject("replace", value);
  checkSystemFields("replace", before, value);
  const { _id, _creationTime } = before;
  return checked(storable({ ...value, _id, _creationTime }) as Doc, limits);
}

/** `before` with top-level fields set; a field given as `undefined` is removed. @throws {UserError} */
export function patchedDocument(before: Doc, value: Fields, limits: Limits | undefined): Doc {
  checkObject("patch", value);
  checkSystemFields("patch", before, value);
  const merged: { [field: string]: Value } = { ...before };
  for (const field of Object.keys(value)) if (value[field] === undefined && !isSystemField(field)) delete merged[field];
  const patch = storable(value);
  for (const field of Object.keys(patch)) setField(merged, field, patch[field] as Value);
  return checked(sortFields(merged) as Doc, limits);
}

function isSystemField(field: string): boolean {
  return field === "_id" || field === "_creationTime";
}

function checkObject(act: string, value: Fields): void {
  if (isPlainObject(value)) return;
  throw new UserError("InvalidValue", `Cannot ${act} document: the value is not an object; should be an object`);
}

function checkSystemFields(act: string, before: Doc, value: Fields): void {
  for (const field of SYSTEM_FIELDS) {
    const given = value[field];
    if (given === undefined || given === before[field]) continue;
    throw new UserError(
      "SystemFieldError",
      `Cannot ${act} document "${before._id}": its system field \`${field}\` cannot be changed`,
    );
  }
}

/** A private copy in storable form: sorted, undefined fields dropped. */
function storable(value: Fields): { [field: string]: Value } {
  try {
    return canonicalValue(value) as { [field: string]: Value };
  } catch (error) {
    throw new UserError("InvalidValue", error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function sortFields(value: { readonly [field: string]: Value }): { [field: string]: Value } {
  const sorted: { [field: string]: Value } = {};
  for (const field of Object.keys(value).sort()) setField(sorted, field, value[field] as Value);
  return sorted;
}

function checked(document: Doc, limits: Limits | undefined): Doc {
  const problem = limits === undefined ? undefined : checkDocument(document, limits);
  if (problem !== undefined) throw new UserError("InvalidDocument", problem);
  return document;
}
