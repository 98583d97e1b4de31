/* eslint-disable */
/**
 * Types of this app's documents, inferred from schema.ts.
 *
 * Generated file: do not edit, it is written anew when the app's functions change.
 *
 * @module
 */

import type {
  DataModelFromSchemaDefinition,
  DocumentByName,
  SystemTableNames,
  TableNamesInDataModel,
} from "convex/server";
import type { GenericId } from "convex/values";
import schema from "../schema.js";

/** Names of all tables. */
export type TableNames = TableNamesInDataModel<DataModel>;

/** A document of a table, with `_id` and `_creationTime`. */
export type Doc<TableName extends TableNames> = DocumentByName<DataModel, TableName>;

/** The id of a document: a string at run time, and a type of its own for each table. */
export type Id<TableName extends TableNames | SystemTableNames> = GenericId<TableName>;

/** Tables, documents and indexes, for the builders in `server`. */
export type DataModel = DataModelFromSchemaDefinition<typeof schema>;
