/**
 * The table of routes: method and path to what answers.
 *
 * @module
 */
import {
  canonicalUrlsRoute,
  checkAdminKeyRoute,
  echoRoute,
  healthRoute,
  instanceNameRoute,
  listEnvironmentRoute,
  logsRoute,
  rootRoute,
  updateEnvironmentRoute,
  versionRoute,
} from "./admin-routes.ts";
import type { Route } from "./answer.ts";
import { backupRoute } from "./backup-route.ts";
import {
  actionRoute,
  functionRoute,
  mutationRoute,
  queryAtTsRoute,
  queryBatchRoute,
  queryByGetRoute,
  queryRoute,
  queryTsRoute,
  runRoute,
} from "./function-routes.ts";
import { ledgerRoute, metricsRoute } from "./meter-routes.ts";
import { mainHttpActionRoute } from "./http-action-route.ts";
import {
  configHashesRoute,
  evaluatePushRoute,
  finishPushRoute,
  reportPushRoute,
  startPushRoute,
  waitForSchemaRoute,
} from "./push-routes.ts";
import { RequestError } from "./request-error.ts";
import { downloadRoute, uploadRoute } from "./storage-routes.ts";

type Methods = { readonly [method: string]: Route };

/** Paths that are matched whole. */
export const ROUTES: { readonly [path: string]: Methods } = Object.freeze({
  "/": { GET: rootRoute },
  "/version": { GET: versionRoute },
  "/instance_version": { GET: versionRoute },
  "/instance_name": { GET: instanceNameRoute },
  "/health": { GET: healthRoute },
  "/echo": { POST: echoRoute },
  "/api/query": { POST: queryRoute, GET: queryByGetRoute },
  "/api/query_ts": { POST: queryTsRoute },
  "/api/query_at_ts": { POST: queryAtTsRoute },
  "/api/query_batch": { POST: queryBatchRoute },
  "/api/mutation": { POST: mutationRoute },
  "/api/action": { POST: actionRoute },
  "/api/function": { POST: functionRoute },
  "/api/check_admin_key": { GET: checkAdminKeyRoute },
  "/api/list_environment_variables": { GET: listEnvironmentRoute },
  "/api/update_environment_variables": { POST: updateEnvironmentRoute },
  "/api/v1/get_canonical_urls": { GET: canonicalUrlsRoute },
  "/api/stream_function_logs": { GET: logsRoute },
  "/api/get_config_hashes": { POST: configHashesRoute },
  "/api/deploy2/start_push": { POST: startPushRoute },
  "/api/deploy2/evaluate_push": { POST: evaluatePushRoute },
  "/api/deploy2/wait_for_schema": { POST: waitForSchemaRoute },
  "/api/deploy2/finish_push": { POST: finishPushRoute },
  "/api/deploy2/report_push_completed": { POST: reportPushRoute },
  "/api/storage/upload": { POST: uploadRoute },
  "/api/narrowcast/backup": { POST: backupRoute },
  "/api/narrowcast/ledger": { GET: ledgerRoute },
  "/metrics": { GET: metricsRoute },
});

const RUN_PATH = /^\/api\/run\/.+/;
/** What the official CLI asks for and is not there. It tries again for long after a 404, and shows the text of a 400 at once. */
const OFFICIAL_ONLY = /^\/api\/(get_config|push_config|export|import|perform_import)(?:[/_]|$)/;
const FILE_PATH = /^\/api\/storage\/[^/]+$/;
const HTTP_ACTION_PATH = /^\/http(?:\/|$)/;

/** Whether a path of the main port belongs to the app. */
export function isHttpActionPath(path: string): boolean {
  return HTTP_ACTION_PATH.test(path);
}

/** @throws {RequestError} 404 for an unknown path, 400 for one that only the official CLI knows, 405 for a known one with another method. */
export function routeFor(method: string, path: string): Route {
  if (isHttpActionPath(path)) return mainHttpActionRoute;
  const methods = methodsOf(path);
  const official = OFFICIAL_ONLY.exec(path)?.[1];
  if (official !== undefined && methods === undefined)
    throw new RequestError(400, "NotSupported", officialText(official));
  if (methods === undefined) {
    throw new RequestError(404, "NotFound", `Cannot answer "${path}": there is no such route`);
  }
  const route = methods[method === "HEAD" ? "GET" : method];
  if (route === undefined) {
    const allowed = Object.keys(methods).join(", ");
    throw new RequestError(405, "MethodNotAllowed", `Cannot ${method} "${path}": the methods are ${allowed}`);
  }
  return route;
}

function methodsOf(path: string): Methods | undefined {
  if (RUN_PATH.test(path)) return { POST: runRoute };
  return ROUTES[path] ?? (FILE_PATH.test(path) ? { GET: downloadRoute } : undefined);
}

function officialText(family: string): string {
  return /export|import/.test(family)
    ? `Cannot ${family.replace("perform_", "")} through the official CLI: Narrowcast has no exports and imports yet; "narrowcast data <table> --format jsonl" writes the documents of a table`
    : "Cannot push in the way of convex before 1.13: update the package, or push with `narrowcast dev`";
}
