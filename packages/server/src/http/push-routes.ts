/**
 * The push of the official CLI, as `npx convex dev` and `npx convex deploy` send it.
 *
 * Not here: what becomes of it (`official-pushes.ts`).
 *
 * @module
 */
import type { PushedModule } from "../protocol/deployment-types.ts";
import { jsonAnswer, type Route, type RouteRequest, type RouteWorld } from "./answer.ts";
import { requireAdmin } from "./identity.ts";
import { jsonBody } from "./json-body.ts";
import type { StartedPush } from "./official-pushes.ts";
import { analysisAnswer, appAnswer } from "./push-analysis.ts";
import { authInfo, finishedDiff, indexDiff } from "./push-diff.ts";
import { RequestError } from "./request-error.ts";
import { SURFACE_VERSION } from "./surface-version.ts";

/** Bytes of a push, decompressed. */
const PUSH_BYTES_MAX = 200 * 1024 * 1024;
const WAIT_MS_MAX = 60_000;

type Json = { readonly [field: string]: unknown };

/** Nothing is known to be unchanged, so every push is whole. */
export const configHashesRoute: Route = async (request, world) => {
  requireAdmin(request, world);
  const { authProviders = [] } = await world.deployment.analysis();
  return jsonAnswer({
    config: { functions: "convex/", authInfo: authProviders.map(authInfo) },
    moduleHashes: [],
    nodeDependencies: [],
    udfServerVersion: SURFACE_VERSION,
  });
};

export const startPushRoute: Route = async (request, world) => {
  const started = await start(request, world);
  const { after } = started;
  return jsonAnswer({
    environmentVariables: {},
    externalDepsId: null,
    componentDefinitionPackages: {},
    appAuth: (after.authProviders ?? []).map(authInfo),
    analysis: analysisAnswer(after, SURFACE_VERSION),
    app: appAnswer(after),
    schemaChange: schemaChange(started),
  });
};

/** What a push would do to indexes, before it is begun. */
export const evaluatePushRoute: Route = async (request, world) =>
  jsonAnswer({ schemaChange: schemaChange(await start(request, world)) });

function schemaChange({ name, before, after }: StartedPush): object {
  return {
    allocatedComponentIds: {},
    schemaIds: { "": name },
    indexDiffs: { "": indexDiff(before.schema, after.schema) },
  };
}

async function start(request: RouteRequest, world: RouteWorld): Promise<StartedPush> {
  const body = await pushBody(request, world);
  refuseComponents(body);
  refuseNodeDependencies(body);
  return world.pushes.start(modulesOf(body));
}

export const waitForSchemaRoute: Route = async (request, world) => {
  const body = await pushBody(request, world);
  const waitMs = Math.min(typeof body["timeoutMs"] === "number" ? body["timeoutMs"] : 0, WAIT_MS_MAX);
  const state = await world.pushes.wait(nameIn(body["schemaChange"]), waitMs, body["dryRun"] === true);
  switch (state.type) {
    case "inProgress":
      return jsonAnswer({
        type: "inProgress",
        components: { "": { schemaValidationComplete: false, indexesComplete: 0, indexesTotal: 0 } },
      });
    case "failed":
      return jsonAnswer({ type: "failed", error: state.error, componentPath: "", tableName: null });
    default:
      return jsonAnswer({ type: state.type });
  }
};

export const finishPushRoute: Route = async (request, world) => {
  const body = await pushBody(request, world);
  const { startPush } = body;
  const change = typeof startPush === "object" && startPush !== null ? (startPush as Json)["schemaChange"] : undefined;
  const { before, after } = await world.pushes.finish(nameIn(change), body["dryRun"] === true);
  return jsonAnswer(finishedDiff(before, after));
};

/** Times that the CLI took: nobody keeps them. */
export const reportPushRoute: Route = async (request, world) => {
  requireAdmin(request, world);
  return jsonAnswer(null);
};

async function pushBody(request: RouteRequest, world: RouteWorld): Promise<Json> {
  requireAdmin(request, world);
  return jsonBody(request, { ...world.limits, httpBodyBytesMax: PUSH_BYTES_MAX });
}

function nameIn(change: unknown): string {
  const ids = typeof change === "object" && change !== null ? (change as Json)["schemaIds"] : undefined;
  const name = typeof ids === "object" && ids !== null ? (ids as Json)[""] : undefined;
  if (typeof name === "string") return name;
  throw new RequestError(
    400,
    "BadRequest",
    "Invalid request: `schemaChange` does not come from a push that was started",
  );
}

function refuseComponents({ appDefinition, componentDefinitions }: Json): void {
  const { dependencies } = (appDefinition ?? {}) as Json;
  const uses = Array.isArray(dependencies) ? dependencies : [];
  const defined = Array.isArray(componentDefinitions) ? componentDefinitions : [];
  const [first] = [...uses, ...defined.map((one) => (one as Json)["definitionPath"])];
  if (first === undefined) return;
  throw new RequestError(
    400,
    "Unsupported",
    `Cannot push: this server has no components yet, and convex.config uses ${JSON.stringify(first)}`,
  );
}

function refuseNodeDependencies({ nodeDependencies }: Json): void {
  if (!Array.isArray(nodeDependencies) || nodeDependencies.length === 0) return;
  const names = nodeDependencies.map((one) => String((one as Json)["name"])).join(", ");
  throw new RequestError(
    400,
    "Unsupported",
    `Cannot push: packages outside of the bundle (${names}) cannot be installed on this server yet; take them out of \`node.externalPackages\` in convex.json`,
  );
}

function modulesOf({ appDefinition }: Json): readonly PushedModule[] {
  const { changedModules, unchangedModuleHashes, schema } = (appDefinition ?? {}) as Json;
  if (!Array.isArray(changedModules)) throw badModule("`appDefinition.changedModules` is not an array");
  if (Array.isArray(unchangedModuleHashes) && unchangedModuleHashes.length > 0) {
    throw badModule("modules are said to be unchanged that this server was not asked to keep; push all of them");
  }
  return [...changedModules, ...(schema === null || schema === undefined ? [] : [schema])].map(moduleOf);
}

function moduleOf(given: unknown): PushedModule {
  const { path, source, sourceMap, environment } = (given ?? {}) as Json;
  if (typeof path !== "string" || typeof source !== "string") throw badModule("a module has no path or no source");
  if (environment !== "isolate" && environment !== "node") {
    throw badModule(`module "${path}" has environment ${JSON.stringify(environment)}; should be "isolate" or "node"`);
  }
  return { path, source, sourceMap: typeof sourceMap === "string" ? sourceMap : null, environment };
}

function badModule(what: string): RequestError {
  return new RequestError(400, "InvalidModules", `Invalid request: ${what}`);
}
