/**
 * What the server found in pushed modules, in the shapes that the official CLI checks.
 *
 * @module
 */
import type { SchemaJson, TableSchemaJson } from "@narrowcast/values";
import type { Analysis } from "../protocol/deployment-types.ts";

const KINDS: { readonly [kind: string]: string } = { query: "Query", mutation: "Mutation", action: "Action" };

/** The app: functions by module, schema. */
export function analysisAnswer(analysis: Analysis, serverVersion: string): object {
  return {
    "": {
      definition: {
        path: "",
        definitionType: { type: "app" },
        childComponents: [],
        httpMounts: {},
        exports: { type: "branch", branch: [] },
      },
      schema: analysis.schema === null ? null : schemaAnswer(analysis.schema),
      functions: functionsAnswer(analysis),
      udfConfig: { serverVersion, importPhaseRngSeed: null, importPhaseUnixTimestamp: null },
    },
  };
}

/** The tree of components, of which there is one. */
export function appAnswer({ httpRoutes }: Analysis): object {
  return {
    definitionPath: "",
    componentPath: "",
    args: {},
    childComponents: {},
    httpRoutes: { httpModuleRoutes: httpRoutes.length === 0 ? null : httpRoutes, mounts: [] },
    exports: {},
  };
}

function functionsAnswer({ functions }: Analysis): object {
  const modules = new Map<string, object[]>();
  for (const { path, kind, visibility, args, returns } of functions) {
    const at = path.lastIndexOf(":");
    const module = `${path.slice(0, at)}.js`;
    const known = modules.get(module) ?? [];
    known.push({
      name: path.slice(at + 1),
      pos: null,
      udfType: KINDS[kind],
      visibility: { kind: visibility },
      args: JSON.stringify(args),
      returns: returns === null ? null : JSON.stringify(returns),
    });
    modules.set(module, known);
  }
  const answer = (found: readonly object[]): object => ({
    functions: found,
    httpRoutes: null,
    cronSpecs: null,
    sourceMapped: null,
  });
  return Object.fromEntries([...modules].map(([module, found]) => [module, answer(found)]));
}

function schemaAnswer({ tables, schemaValidation }: SchemaJson): object {
  return {
    tables: tables.map(({ tableName, indexes, documentType }) => ({
      tableName,
      indexes,
      searchIndexes: [],
      vectorIndexes: [],
      documentType: documentType ?? { type: "any" },
    })),
    schemaValidation,
  };
}

/** What a schema asks for and is not there, by table and name. */
export function missingIndexes(schema: SchemaJson | null): readonly string[] {
  const of = (table: TableSchemaJson): string[] => [
    ...[...table.searchIndexes, ...table.stagedSearchIndexes].map(
      ({ indexDescriptor }) => `text search index "${indexDescriptor}" of table "${table.tableName}"`,
    ),
    ...[...table.vectorIndexes, ...table.stagedVectorIndexes].map(
      ({ indexDescriptor }) => `vector index "${indexDescriptor}" of table "${table.tableName}"`,
    ),
  ];
  return (schema?.tables ?? []).flatMap(of);
}
