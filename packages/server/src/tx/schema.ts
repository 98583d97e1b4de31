/**
 * The active schema, prepared for checking documents on every write.
 *
 * A table's `documentType` does not name `_id` and `_creationTime`; they are added here, so whole stored documents
 * can be checked.
 *
 * @module
 */
import { validateValue } from "@narrowcast/values";
import type { Doc, SchemaJson, TableNames, ValidatorJson } from "@narrowcast/values";
import { UserError } from "./types.ts";

export class ActiveSchema {
  readonly json: SchemaJson;
  readonly #validators = new Map<string, ValidatorJson>();

  constructor(json: SchemaJson) {
    this.json = json;
    if (!json.schemaValidation) return;
    for (const table of json.tables) {
      if (table.documentType === null || table.documentType === undefined) continue;
      this.#validators.set(table.tableName, withSystemFields(table.documentType, table.tableName));
    }
  }

  /** Whether documents of `table` are checked at all. */
  checks(table: string): boolean {
    return this.#validators.has(table);
  }

  /** What is wrong with `document`, in Convex's words, or `undefined`. */
  failure(table: string, document: Doc, tables: TableNames): string | undefined {
    const validator = this.#validators.get(table);
    if (validator === undefined) return undefined;
    return validateValue(validator, document, tables)?.message;
  }

  /** @throws {UserError} If `document` does not fit. */
  enforce(table: string, document: Doc, tables: TableNames): void {
    const failure = this.failure(table, document, tables);
    if (failure === undefined) return;
    throw new UserError(
      "SchemaEnforcementError",
      `Failed to insert or update a document in table "${table}" because it does not match the schema: ${failure}`,
    );
  }
}

function withSystemFields(validator: ValidatorJson, table: string): ValidatorJson {
  if (validator.type === "union") {
    return { type: "union", value: validator.value.map((member) => withSystemFields(member, table)) };
  }
  if (validator.type !== "object") return validator;
  return {
    type: "object",
    value: {
      ...validator.value,
      _id: { fieldType: { type: "id", tableName: table }, optional: false },
      _creationTime: { fieldType: { type: "number" }, optional: false },
    },
  };
}
