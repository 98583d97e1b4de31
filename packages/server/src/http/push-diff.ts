/**
 * What a push changes, in the shapes that the official CLI prints.
 *
 * @module
 */
import type { DbIndexJson, SchemaJson } from "@narrowcast/values";
import type { Analysis, AuthProvider } from "../protocol/deployment-types.ts";

/** One index, named `table.index`. */
interface IndexConfig {
  readonly name: string;
  readonly type: "database";
  readonly fields: readonly string[];
  readonly staged: boolean;
}

/** Indexes that come, go, and are (or are no longer) open to queries. */
export interface IndexDiff {
  readonly added_indexes: readonly IndexConfig[];
  readonly removed_indexes: readonly IndexConfig[];
  readonly enabled_indexes: readonly IndexConfig[];
  readonly disabled_indexes: readonly IndexConfig[];
}

export function indexDiff(before: SchemaJson | null, after: SchemaJson | null): IndexDiff {
  const [old, next] = [indexesOf(before), indexesOf(after)];
  const added: IndexConfig[] = [];
  const [enabled, disabled]: [IndexConfig[], IndexConfig[]] = [[], []];
  for (const [name, index] of next) {
    const former = old.get(name);
    if (former === undefined || !isSameIndex(former, index)) added.push(index);
    else if (former.staged !== index.staged) (index.staged ? disabled : enabled).push(index);
  }
  const removed = [...old.values()].filter((index) => {
    const now = next.get(index.name);
    return now === undefined || !isSameIndex(now, index);
  });
  return { added_indexes: added, removed_indexes: removed, enabled_indexes: enabled, disabled_indexes: disabled };
}

function indexesOf(schema: SchemaJson | null): ReadonlyMap<string, IndexConfig> {
  const found = new Map<string, IndexConfig>();
  for (const { tableName, indexes, stagedDbIndexes } of schema?.tables ?? []) {
    const add = ({ indexDescriptor, fields }: DbIndexJson, staged: boolean): void => {
      const name = `${tableName}.${indexDescriptor}`;
      found.set(name, { name, type: "database", fields, staged });
    };
    for (const index of indexes) add(index, false);
    for (const index of stagedDbIndexes) add(index, true);
  }
  return found;
}

function isSameIndex(one: IndexConfig, other: IndexConfig): boolean {
  return JSON.stringify(one.fields) === JSON.stringify(other.fields);
}

/** Answer of the push's last step. */
export function finishedDiff(before: Analysis, after: Analysis): object {
  const [old, next] = [before.authProviders ?? [], after.authProviders ?? []].map((providers) =>
    providers.map((provider) => JSON.stringify(authInfo(provider))),
  ) as [string[], string[]];
  return {
    authDiff: { added: without(next, old), removed: without(old, next) },
    definitionDiffs: {},
    componentDiffs: {
      "": {
        diffType: { type: "modify" },
        moduleDiff: {
          added: without(modulesOf(after), modulesOf(before)),
          removed: without(modulesOf(before), modulesOf(after)),
        },
        udfConfigDiff: null,
        cronDiff: cronDiff(before, after),
        indexDiff: indexDiff(before.schema, after.schema),
        schemaDiff: null,
      },
    },
  };
}

/** A provider as the CLI knows it. */
export function authInfo(provider: AuthProvider): object {
  if (provider.type === "oidc") return { domain: provider.domain, applicationID: provider.applicationID };
  return provider;
}

function cronDiff(before: Analysis, after: Analysis): object {
  const old = new Map(before.crons.map((cron) => [cron.name, JSON.stringify(cron)]));
  const next = new Map(after.crons.map((cron) => [cron.name, JSON.stringify(cron)]));
  return {
    added: without([...next.keys()], [...old.keys()]),
    updated: [...next.keys()].filter((name) => old.has(name) && old.get(name) !== next.get(name)),
    deleted: without([...old.keys()], [...next.keys()]),
  };
}

function modulesOf({ functions }: Analysis): readonly string[] {
  return [...new Set(functions.map(({ path }) => `${path.slice(0, path.lastIndexOf(":"))}.js`))];
}

function without(names: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return names.filter((name) => !known.has(name));
}
