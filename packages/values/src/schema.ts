/**
 * A schema as `defineSchema(…).export()` gives it, parsed strictly, and the rules its tables and indexes must keep.
 *
 * Search and vector indexes are parsed and kept, so that no part of a schema gets lost.
 *
 * @module
 */
import type { Limits } from "./limits.ts";
import { indexNameError, tableNameError } from "./name.ts";
import { parseValidator } from "./validator-json.ts";
import type { ValidatorJson } from "./validator-json.ts";
import { isPlainObject } from "./value.ts";

export interface DbIndexJson {
  readonly indexDescriptor: string;
  /** Dotted paths. `_creationTime` follows implicitly. */
  readonly fields: readonly string[];
}

export interface SearchIndexJson {
  readonly indexDescriptor: string;
  readonly searchField: string;
  readonly filterFields: readonly string[];
}

export interface VectorIndexJson {
  readonly indexDescriptor: string;
  readonly vectorField: string;
  readonly dimensions: number;
  readonly filterFields: readonly string[];
}

export interface TableSchemaJson {
  readonly tableName: string;
  readonly indexes: readonly DbIndexJson[];
  /** Built in the background, not to be queried. */
  readonly stagedDbIndexes: readonly DbIndexJson[];
  readonly searchIndexes: readonly SearchIndexJson[];
  readonly stagedSearchIndexes: readonly SearchIndexJson[];
  readonly vectorIndexes: readonly VectorIndexJson[];
  readonly stagedVectorIndexes: readonly VectorIndexJson[];
  /** Without `_id` and `_creationTime`; null when the table takes any document. */
  readonly documentType: ValidatorJson | null;
}

export interface SchemaJson {
  readonly tables: readonly TableSchemaJson[];
  /** Whether writes must match the tables' validators. */
  readonly schemaValidation: boolean;
}

/** Filter fields that a search or vector index may have. */
const FILTER_FIELDS_MAX = 16;

/**
 * Checks the form of a schema's JSON and returns a copy with nothing else in it.
 *
 * @throws {Error} That names what is wrong and where. Rules about names and indexes are {@linkcode checkSchema}'s.
 */
export function parseSchema(json: unknown): SchemaJson {
  const schema = object(json, "schema");
  return {
    tables: list(schema["tables"], "schema.tables", parseTable),
    schemaValidation: boolean(schema["schemaValidation"] ?? true, "schema.schemaValidation"),
  };
}

/**
 * What is wrong with a schema's tables and indexes, in Convex's words; `undefined` when nothing is.
 */
export function checkSchema(schema: SchemaJson, limits: Limits): string | undefined {
  if (schema.tables.length > limits.tablesMax) {
    return `Too many tables: ${schema.tables.length}. The maximum number of tables is ${limits.tablesMax}.`;
  }
  const names = new Set<string>();
  for (const table of schema.tables) {
    if (names.has(table.tableName)) return `Table "${table.tableName}" is defined more than once in the schema.`;
    names.add(table.tableName);
    const error = tableNameError(table.tableName, limits) ?? checkTable(table, limits);
    if (error !== undefined) return error;
  }
  return undefined;
}

function checkTable(table: TableSchemaJson, limits: Limits): string | undefined {
  return (
    checkTotal(table, limits) ??
    checkIndexNames(table, limits) ??
    checkDbIndexes(table, limits) ??
    checkFiltered(table, "search", table.searchIndexes, table.stagedSearchIndexes, (index) => index.searchField) ??
    checkFiltered(table, "vector", table.vectorIndexes, table.stagedVectorIndexes, (index) => index.vectorField)
  );
}

function checkTotal(table: TableSchemaJson, limits: Limits): string | undefined {
  const total = allIndexes(table).length;
  if (total <= limits.indexesPerTableMax) return undefined;
  return `Table "${table.tableName}" has ${total} indexes, but the maximum number of indexes per table is ${limits.indexesPerTableMax}.`;
}

function allIndexes(table: TableSchemaJson): readonly { readonly indexDescriptor: string }[] {
  return [
    ...table.indexes,
    ...table.stagedDbIndexes,
    ...table.searchIndexes,
    ...table.stagedSearchIndexes,
    ...table.vectorIndexes,
    ...table.stagedVectorIndexes,
  ];
}

function checkIndexNames(table: TableSchemaJson, limits: Limits): string | undefined {
  const seen = new Set<string>();
  for (const { indexDescriptor } of allIndexes(table)) {
    const error = indexNameError(indexDescriptor, limits);
    if (error !== undefined) return `In table "${table.tableName}": ${error}`;
    if (seen.has(indexDescriptor)) {
      return `Table "${table.tableName}" has two or more definitions of index "${indexDescriptor}".`;
    }
    seen.add(indexDescriptor);
  }
  return undefined;
}

function checkDbIndexes(table: TableSchemaJson, limits: Limits): string | undefined {
  const byFields = new Map<string, string>();
  for (const { indexDescriptor, fields } of [...table.indexes, ...table.stagedDbIndexes]) {
    const place = `index "${table.tableName}.${indexDescriptor}"`;
    if (fields.length === 0) return `In ${place}: index must have at least one field.`;
    if (fields.length > limits.fieldsPerIndexMax) {
      return `In ${place}: index has ${fields.length} fields, but the maximum number of fields per index is ${limits.fieldsPerIndexMax}.`;
    }
    const error =
      firstError(fields, (field) => checkIndexField(place, field, limits)) ?? checkDuplicates(place, fields);
    if (error !== undefined) return error;
    const same = byFields.get(fields.join("\n"));
    if (same !== undefined) {
      return `In table "${table.tableName}": index "${indexDescriptor}" and index "${same}" have the same fields. Each index must be unique.`;
    }
    byFields.set(fields.join("\n"), indexDescriptor);
  }
  return undefined;
}

function checkIndexField(place: string, path: string, limits: Limits): string | undefined {
  if (path === "_creationTime") {
    return `In ${place}: "_creationTime" is automatically added to the end of each index. Please remove it from the index's fields.`;
  }
  if (path === "_id")
    return `In ${place}: "_id" cannot be used as an index field. Use the built-in index "by_id" instead.`;
  for (const name of path.split(".")) {
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || name.length > limits.fieldNameCharsMax) {
      return `In ${place}: "${path}" is not a valid index field.`;
    }
  }
  return undefined;
}

function checkDuplicates(place: string, fields: readonly string[]): string | undefined {
  const twice = fields.find((field, at) => fields.indexOf(field) !== at);
  return twice === undefined
    ? undefined
    : `In ${place}: field "${twice}" appears more than once. Index fields must be unique.`;
}

function checkFiltered<I extends SearchIndexJson | VectorIndexJson>(
  table: TableSchemaJson,
  kind: "search" | "vector",
  indexes: readonly I[],
  staged: readonly I[],
  fieldOf: (index: I) => string,
): string | undefined {
  const byField = new Map<string, string>();
  for (const index of [...indexes, ...staged]) {
    const place = `${kind} index "${table.tableName}.${index.indexDescriptor}"`;
    if (index.filterFields.length > FILTER_FIELDS_MAX) {
      return `In ${place}: index has ${index.filterFields.length} filter fields, but the maximum is ${FILTER_FIELDS_MAX}.`;
    }
    const error = checkDuplicates(place, index.filterFields);
    if (error !== undefined) return error;
    const same = byField.get(fieldOf(index));
    if (same !== undefined) {
      return `In table "${table.tableName}": ${kind} index "${index.indexDescriptor}" and ${kind} index "${same}" have the same ${kind} field "${fieldOf(index)}".`;
    }
    byField.set(fieldOf(index), index.indexDescriptor);
  }
  return undefined;
}

function firstError(names: readonly string[], check: (name: string) => string | undefined): string | undefined {
  for (const name of names) {
    const error = check(name);
    if (error !== undefined) return error;
  }
  return undefined;
}

function parseTable(json: unknown, place: string): TableSchemaJson {
  const table = object(json, place);
  const documentType = table["documentType"] ?? null;
  return {
    tableName: text(table["tableName"], `${place}.tableName`),
    indexes: list(table["indexes"], `${place}.indexes`, parseDbIndex),
    stagedDbIndexes: list(table["stagedDbIndexes"] ?? [], `${place}.stagedDbIndexes`, parseDbIndex),
    searchIndexes: list(table["searchIndexes"] ?? [], `${place}.searchIndexes`, parseSearchIndex),
    stagedSearchIndexes: list(table["stagedSearchIndexes"] ?? [], `${place}.stagedSearchIndexes`, parseSearchIndex),
    vectorIndexes: list(table["vectorIndexes"] ?? [], `${place}.vectorIndexes`, parseVectorIndex),
    stagedVectorIndexes: list(table["stagedVectorIndexes"] ?? [], `${place}.stagedVectorIndexes`, parseVectorIndex),
    documentType: documentType === null ? null : parseDocumentType(documentType, `${place}.documentType`),
  };
}

/** Documents are objects: only `any`, an object or a union of such can describe them. */
function parseDocumentType(json: unknown, place: string): ValidatorJson {
  const validator = parseValidator(json);
  if (!describesDocuments(validator)) {
    throw new Error(`Cannot parse ${place}: should be v.any(), v.object(…) or a v.union(…) of these`);
  }
  return validator;
}

function describesDocuments(validator: ValidatorJson): boolean {
  if (validator.type === "union") return validator.value.every(describesDocuments);
  return validator.type === "object" || validator.type === "any" || validator.type === "record";
}

function parseDbIndex(json: unknown, place: string): DbIndexJson {
  const index = object(json, place);
  return {
    indexDescriptor: text(index["indexDescriptor"], `${place}.indexDescriptor`),
    fields: list(index["fields"], `${place}.fields`, text),
  };
}

function parseSearchIndex(json: unknown, place: string): SearchIndexJson {
  const index = object(json, place);
  return {
    indexDescriptor: text(index["indexDescriptor"], `${place}.indexDescriptor`),
    searchField: text(index["searchField"], `${place}.searchField`),
    filterFields: list(index["filterFields"] ?? [], `${place}.filterFields`, text),
  };
}

function parseVectorIndex(json: unknown, place: string): VectorIndexJson {
  const index = object(json, place);
  const { dimensions } = index;
  if (typeof dimensions !== "number" || !Number.isInteger(dimensions) || dimensions < 2 || dimensions > 4096) {
    throw new Error(`Cannot parse ${place}.dimensions: should be an integer from 2 to 4096`);
  }
  return {
    indexDescriptor: text(index["indexDescriptor"], `${place}.indexDescriptor`),
    vectorField: text(index["vectorField"], `${place}.vectorField`),
    dimensions,
    filterFields: list(index["filterFields"] ?? [], `${place}.filterFields`, text),
  };
}

function object(json: unknown, place: string): { [key: string]: unknown } {
  if (!isPlainObject(json)) throw new Error(`Cannot parse ${place}: should be an object`);
  return json;
}

function list<T>(json: unknown, place: string, parse: (item: unknown, place: string) => T): T[] {
  if (!Array.isArray(json)) throw new Error(`Cannot parse ${place}: should be an array`);
  return json.map((item, at) => parse(item, `${place}[${at}]`));
}

function text(json: unknown, place: string): string {
  if (typeof json !== "string") throw new Error(`Cannot parse ${place}: should be a string`);
  return json;
}

function boolean(json: unknown, place: string): boolean {
  if (typeof json !== "boolean") throw new Error(`Cannot parse ${place}: should be a boolean`);
  return json;
}
