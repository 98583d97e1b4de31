/**
 * What is not a function call: facts about the deployment, environment variables, logs.
 *
 * @module
 */
import { once } from "node:events";
import type { Deployment } from "../protocol/deployment-types.ts";
import { jsonAnswer, textAnswer, type Route } from "./answer.ts";
import { requireAdmin } from "./identity.ts";
import { jsonBody } from "./json-body.ts";
import { streamedEntry } from "./log-entry.ts";
import { RequestError } from "./request-error.ts";
import { SURFACE_VERSION } from "./surface-version.ts";

const LOG_WAIT_MS = 60_000;

export const rootRoute: Route = async () =>
  textAnswer("This Convex deployment is running. See https://docs.convex.dev/.");

export const versionRoute: Route = async () => textAnswer(SURFACE_VERSION);

export const instanceNameRoute: Route = async (_request, { adminKeys }) => textAnswer(adminKeys.instanceName);

/** Answers once the core answers. A deployment without functions is not healthy: nobody could call anything. One whose disk
 * takes nothing goes on with reads, and says so: to take it away would end them. */
export const healthRoute: Route = async (_request, { deployment }) => {
  const obstacle = await deployment.obstacle();
  const { functions } = await deployment.analysis();
  if (functions.length === 0) return jsonAnswer({ status: "no functions" }, 503);
  return jsonAnswer(obstacle === null ? { status: "ok" } : { status: "read-only", reason: obstacle });
};

export const echoRoute: Route = async (request, { limits }) => ({
  status: 200,
  headers: [["Content-Type", request.headers["content-type"] ?? "application/octet-stream"]],
  body: await request.body(limits.httpBodyBytesMax),
});

export const checkAdminKeyRoute: Route = async (request, world) => {
  requireAdmin(request, world);
  return jsonAnswer({ success: true, allowedOps: null, isReadOnly: false });
};

export const listEnvironmentRoute: Route = async (request, world) => {
  requireAdmin(request, world);
  const variables = await world.deployment.environment();
  return jsonAnswer({ environmentVariables: Object.fromEntries(variables.map(({ name, value }) => [name, value])) });
};

export const updateEnvironmentRoute: Route = async (request, world) => {
  requireAdmin(request, world);
  const { changes } = await jsonBody(request, world.limits);
  if (!Array.isArray(changes) || !changes.every(isChange)) {
    throw new RequestError(
      400,
      "BadRequest",
      "Invalid request: `changes` is not an array of {name, value: text or null}",
    );
  }
  try {
    await world.deployment.setEnvironment(changes.map(({ name, value }) => ({ name, value: value ?? null })));
  } catch (cause) {
    throw new RequestError(400, "InvalidEnvironmentVariable", (cause as Error).message, { cause });
  }
  return { status: 200, headers: [], body: null };
};

function isChange(change: unknown): change is { readonly name: string; readonly value?: string | null } {
  if (typeof change !== "object" || change === null) return false;
  const { name, value } = change as { name?: unknown; value?: unknown };
  return typeof name === "string" && (value === null || value === undefined || typeof value === "string");
}

export const canonicalUrlsRoute: Route = async (_request, { deployment }) =>
  jsonAnswer({ convexCloudUrl: deployment.cloudUrl, convexSiteUrl: deployment.siteUrl });

/** Long poll: answers as soon as there is an entry after `cursor`, or with none after a minute or when the server stops. */
export const logsRoute: Route = async (request, world) => {
  requireAdmin(request, world);
  const cursor = Number(request.url.searchParams.get("cursor") ?? "0");
  if (!Number.isFinite(cursor) || cursor < 0) {
    throw new RequestError(400, "BadRequest", "Invalid request: `cursor` is not a number from 0");
  }
  const ended = AbortSignal.any([request.signal, world.stopping]);
  const page = await Promise.race([world.deployment.logs(cursor, LOG_WAIT_MS), noEntries(cursor, ended)]);
  return jsonAnswer({ entries: page.entries.map(streamedEntry), newCursor: page.cursor });
};

async function noEntries(cursor: number, ended: AbortSignal): Promise<Awaited<ReturnType<Deployment["logs"]>>> {
  if (!ended.aborted) await once(ended, "abort");
  return { entries: [], cursor };
}
