/**
 * System queries: what the command lines and dashboards ask a deployment about itself, by paths that begin with `_system/`.
 *
 * They run like an app's queries, over the same transactions with the same read sets, so they can be subscribed to. Only
 * admins may call them; to everybody else they do not exist.
 *
 * @module
 */
import { jsonToValue, parseValue, stringifyValue } from "@narrowcast/values";
import type { Identity } from "../../reactive/types.ts";
import { UserError, type Transaction } from "../../tx/types.ts";
import { serverErrorText } from "../../protocol/core-protocol.ts";
import type { ExecuteOutcome } from "../../functions/execute-types.ts";
import { apiSpec } from "./api-spec.ts";
import { environmentVariable, environmentVariables } from "./environment-queries.ts";
import { queryTable, tableData, tables, tableSize } from "./table-queries.ts";
import type { SystemArgs, SystemContext, SystemQuery } from "./system-types.ts";

const QUERIES: ReadonlyMap<string, SystemQuery> = new Map<string, SystemQuery>([
  ["_system/cli/tables:default", tables],
  ["_system/cli/tableData:default", tableData],
  ["_system/cli/tableSize:default", tableSize],
  ["_system/cli/queryTable:default", queryTable],
  ["_system/cli/queryEnvironmentVariables:default", environmentVariables],
  ["_system/cli/queryEnvironmentVariables:get", environmentVariable],
  ["_system/cli/modules:apiSpec", apiSpec],
  ["_system/cli/convexUrl:cloudUrl", (_tx, _args, { cloudUrl }) => cloudUrl],
  ["_system/cli/convexUrl:siteUrl", (_tx, _args, { siteUrl }) => siteUrl],
  // There are no exports, imports or components: what a deployment without any answers.
  ["_system/cli/exports:getLatest", () => null],
  ["_system/cli/queryImport:list", () => []],
  ["_system/cli/queryImport:default", () => null],
  ["_system/frontend/components:list", () => []],
  ["_system/frontend/getSchemas:default", schemas],
]);

/** Runs a system query. Failures are outcomes, as for an app's queries. */
export function runSystemQuery(
  tx: Transaction,
  path: string,
  args: string,
  identity: Identity,
  requestId: string,
  context: SystemContext,
): ExecuteOutcome {
  const query = identity.kind === "admin" ? QUERIES.get(path) : undefined;
  const outcome = { logLines: [], journal: null, identityObserved: true, clockObserved: false, userMs: 0 };
  try {
    if (query === undefined) throw new UserError("FunctionNotFound", notFoundText(path));
    tx.readName("deployment");
    const value = stringifyValue(query(tx, parseValue(args) as SystemArgs, context));
    return { ...outcome, result: { ok: true, value } };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      ...outcome,
      result: { ok: false, errorMessage: serverErrorText(requestId, error.message), errorData: null },
    };
  }
}

function notFoundText(path: string): string {
  return `Could not find public function for '${path.replace(/:default$/, "")}'. Did you forget to run \`npx convex dev\`?`;
}

/** The active schema as JSON text, in the form that tools of the dashboard read. */
function schemas(_tx: Transaction, _args: SystemArgs, { analysis }: SystemContext): ReturnType<SystemQuery> {
  const schema = analysis?.schema ?? null;
  return jsonToValue({ active: schema === null ? null : JSON.stringify(schema), inProgress: null });
}
