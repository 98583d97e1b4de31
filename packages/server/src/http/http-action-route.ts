/**
 * HTTP actions: any path of the site's port, and `/http/…` of the deployment's own.
 *
 * @module
 */
import type { Answer, Route, RouteRequest, RouteWorld } from "./answer.ts";
import { textAnswer } from "./answer.ts";
import { NO_IDENTITY, type Identity } from "../protocol/live-types.ts";
import { headerIdentity } from "./identity.ts";
import { newRequestId } from "../sync/request-id.ts";

const PREFIX = "/http";
const BODY_BYTES_MAX = 20 * 1024 * 1024;
const METHODS: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]);

/** On the deployment's port, below `/http`. */
export const mainHttpActionRoute: Route = async (request, world) => {
  const url = new URL(request.url);
  url.pathname = url.pathname.slice(PREFIX.length) || "/";
  return httpAction(request, url, world);
};

/** On the site's port, where every path is the app's. */
export const siteRoute: Route = async (request, world) => httpAction(request, request.url, world);

async function httpAction(request: RouteRequest, url: URL, world: RouteWorld): Promise<Answer> {
  if (!METHODS.has(request.method)) return textAnswer(`Method ${request.method} is not served by HTTP actions.`, 405);
  const scheme = forwardedScheme(request);
  const seen = new URL(url);
  if (scheme !== undefined) seen.protocol = scheme;
  const body = await request.body(BODY_BYTES_MAX);
  const identity = await identityOrUnknown(request, world);
  const response = await world.deployment.httpAction({
    method: request.method,
    url: seen.href,
    headers: headerList(request),
    body: body.length === 0 ? null : body,
    identity,
    requestId: newRequestId(),
    isRedacted: world.redacts && identity.kind !== "admin",
  });
  return { status: response.status, headers: response.headers, body: response.body };
}

/** A token that cannot be checked leaves the caller unknown; a function that asks who it is fails. */
async function identityOrUnknown(request: RouteRequest, world: RouteWorld): Promise<Identity> {
  try {
    return await headerIdentity(request, world);
  } catch (error) {
    const { message } = error as Error;
    return { ...NO_IDENTITY, key: `unknown:${message}`, error: message };
  }
}

function forwardedScheme(request: RouteRequest): string | undefined {
  const header = request.headers["x-forwarded-proto"];
  const scheme = (Array.isArray(header) ? header[0] : header)?.split(",")[0]?.trim();
  if (scheme === "http" || scheme === "https") return `${scheme}:`;
  const forwarded = /proto=(https?)/i.exec(request.headers.forwarded ?? "")?.[1];
  return forwarded === undefined ? undefined : `${forwarded.toLowerCase()}:`;
}

function headerList(request: RouteRequest): readonly (readonly [string, string])[] {
  return Object.entries(request.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value] as const],
  );
}
