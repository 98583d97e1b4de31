/**
 * Texts of the generated files. See `codegen.ts`.
 *
 * @module
 */

/** What the app's version of `convex` exports, as far as it differs. */
export interface ConvexFeatures {
  readonly components: boolean;
  readonly systemTableNames: boolean;
}

/** `api.d.ts`: references to all functions, typed by the modules that define them. */
export function apiDeclarations(modules: readonly string[], features: ConvexFeatures): string {
  const names = modules.map((modulePath) => modulePath.replace(/\.js$/, ""));
  const imports = names.map((name) => `import type * as ${identifier(name)} from ${JSON.stringify(`../${name}.js`)};`);
  const entries = names.map((name) => `  ${JSON.stringify(name)}: typeof ${identifier(name)};`);
  return `${header("References to this app's functions.")}
import type { ApiFromModules, FilterApi, FunctionReference } from "convex/server";
${imports.join("\n")}

declare const fullApi: ApiFromModules<{
${entries.join("\n")}
}>;

/** Public functions: \`api.myModule.myFunction\`. */
export declare const api: FilterApi<typeof fullApi, FunctionReference<any, "public">>;

/** Internal functions: \`internal.myModule.myFunction\`. */
export declare const internal: FilterApi<typeof fullApi, FunctionReference<any, "internal">>;
${features.components ? "\n/** Functions of components; this app uses none. */\nexport declare const components: {};\n" : ""}`;
}

/** `api.js`. */
export function apiModule({ components }: ConvexFeatures): string {
  return `${header("References to this app's functions.")}
import { anyApi${components ? ", componentsGeneric" : ""} } from "convex/server";

/** Public functions: \`api.myModule.myFunction\`. */
export const api = anyApi;

/** Internal functions: \`internal.myModule.myFunction\`. */
export const internal = anyApi;
${components ? "\n/** Functions of components. */\nexport const components = componentsGeneric();\n" : ""}`;
}

/** `dataModel.d.ts`: the types of documents and ids; permissive without a schema. */
export function dataModelDeclarations(hasSchema: boolean, features: ConvexFeatures): string {
  return hasSchema ? schemaDataModel(features) : anyDataModel();
}

/** Where the schema lies, seen from a generated file. */
const SCHEMA_MODULE = "../schema.js";

function schemaDataModel({ systemTableNames }: ConvexFeatures): string {
  return `${header("Types of this app's documents, inferred from schema.ts.")}
import type {
  DataModelFromSchemaDefinition,
  DocumentByName,${systemTableNames ? "\n  SystemTableNames," : ""}
  TableNamesInDataModel,
} from "convex/server";
import type { GenericId } from "convex/values";
import schema from "${SCHEMA_MODULE}";

/** Names of all tables. */
export type TableNames = TableNamesInDataModel<DataModel>;

/** A document of a table, with \`_id\` and \`_creationTime\`. */
export type Doc<TableName extends TableNames> = DocumentByName<DataModel, TableName>;

/** The id of a document: a string at run time, and a type of its own for each table. */
export type Id<TableName extends TableNames${systemTableNames ? " | SystemTableNames" : ""}> = GenericId<TableName>;

/** Tables, documents and indexes, for the builders in \`server\`. */
export type DataModel = DataModelFromSchemaDefinition<typeof schema>;
`;
}

function anyDataModel(): string {
  return `${header("Types of this app's documents. There is no schema.ts, so they admit everything.")}
import type { AnyDataModel } from "convex/server";
import type { GenericId } from "convex/values";

/** Names of all tables. */
export type TableNames = string;

/** A document. */
export type Doc = any;

/** The id of a document: a string at run time, and a type of its own for each table. */
export type Id<TableName extends TableNames = TableNames> = GenericId<TableName>;

/** Tables, documents and indexes, for the builders in \`server\`. */
export type DataModel = AnyDataModel;
`;
}

const BUILDERS = [
  {
    name: "query",
    type: `QueryBuilder<DataModel, "public">`,
    what: "Defines a query that clients may call: reads, and is kept up to date.",
  },
  {
    name: "internalQuery",
    type: `QueryBuilder<DataModel, "internal">`,
    what: "Defines a query that only other functions may call.",
  },
  {
    name: "mutation",
    type: `MutationBuilder<DataModel, "public">`,
    what: "Defines a mutation that clients may call: reads and writes in one transaction.",
  },
  {
    name: "internalMutation",
    type: `MutationBuilder<DataModel, "internal">`,
    what: "Defines a mutation that only other functions may call.",
  },
  {
    name: "action",
    type: `ActionBuilder<DataModel, "public">`,
    what: "Defines an action that clients may call: may use the network, and calls queries and mutations.",
  },
  {
    name: "internalAction",
    type: `ActionBuilder<DataModel, "internal">`,
    what: "Defines an action that only other functions may call.",
  },
  { name: "httpAction", type: "HttpActionBuilder", what: "Defines an HTTP action, to be routed in http.ts." },
];

const ENVIRONMENT = "Environment variables of the deployment.";

/** `server.d.ts`: builders and contexts, typed by the data model. */
export function serverDeclarations(): string {
  const builders = BUILDERS.map(({ name, type, what }) => `/** ${what} */\nexport declare const ${name}: ${type};`);
  return `${header("Builders of this app's functions.")}
import type {
  ActionBuilder,
  GenericActionCtx,
  GenericDatabaseReader,
  GenericDatabaseWriter,
  GenericMutationCtx,
  GenericQueryCtx,
  HttpActionBuilder,
  MutationBuilder,
  QueryBuilder,
} from "convex/server";
import type { DataModel } from "./dataModel.js";

${builders.join("\n\n")}

type Env = {
  readonly CONVEX_CLOUD_URL: string;
  readonly CONVEX_SITE_URL: string;
  readonly [name: string]: string | undefined;
};

/** ${ENVIRONMENT} */
export declare const env: Env;

/** What handlers of queries get first. */
export type QueryCtx = GenericQueryCtx<DataModel>;

/** What handlers of mutations get first. */
export type MutationCtx = GenericMutationCtx<DataModel>;

/** What handlers of actions and HTTP actions get first. */
export type ActionCtx = GenericActionCtx<DataModel>;

/** \`ctx.db\` of queries. */
export type DatabaseReader = GenericDatabaseReader<DataModel>;

/** \`ctx.db\` of mutations. */
export type DatabaseWriter = GenericDatabaseWriter<DataModel>;
`;
}

/** `server.js`. */
export function serverModule(): string {
  const imports = BUILDERS.map(({ name }) => `  ${name}Generic,`).sort();
  const builders = BUILDERS.map(({ name, what }) => `/** ${what} */\nexport const ${name} = ${name}Generic;`);
  return `${header("Builders of this app's functions.")}
import {
${imports.join("\n")}
} from "convex/server";

${builders.join("\n\n")}

/** ${ENVIRONMENT} */
export const env = process.env;
`;
}

function header(what: string): string {
  return `/* eslint-disable */
/**
 * ${what}
 *
 * Generated file: do not edit, it is written anew when the app's functions change.
 *
 * @module
 */
`;
}

/** A name for a module in the generated file. Different paths give different names, and none is a word of the language. */
function identifier(name: string): string {
  return `module_${name.replace(/[^A-Za-z0-9]/g, (char) => (char === "/" ? "_" : `$${char.charCodeAt(0).toString(16)}`))}`;
}
