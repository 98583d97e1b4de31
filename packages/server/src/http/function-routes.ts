/**
 * `/api/query`, `/api/mutation`, `/api/action` and their kin.
 *
 * @module
 */
import { tsFromWire, tsToWire } from "@narrowcast/values";
import type { CallOutcome, CallRequest, Deployment } from "../protocol/deployment-types.ts";
import { jsonAnswer, jsonTextAnswer, type Route, type RouteRequest, type RouteWorld } from "./answer.ts";
import { outcomeAnswer, outcomeText, parseCall, type FormattedCall } from "./function-call.ts";
import { requestIdentity, requireAdmin } from "./identity.ts";
import { jsonBody, parseJson } from "./json-body.ts";
import { RequestError } from "./request-error.ts";

type Method = (deployment: Deployment, call: CallRequest) => Promise<CallOutcome>;

const RUN_PREFIX = "/api/run/";
const QUERIES_PER_BATCH_MAX = 1_000;

/** A route that makes one call out of its JSON body. */
function callRoute(method: Method): Route {
  return async (request, world) => {
    const formatted = await bodyCall(request, world);
    return outcomeAnswer(await method(world.deployment, formatted.call), formatted, world);
  };
}

export const queryRoute = callRoute((deployment, call) => deployment.query(call));
export const mutationRoute = callRoute((deployment, call) => deployment.mutation(call));
export const actionRoute = callRoute((deployment, call) => deployment.action(call));

/** `GET /api/query?path=…&args=…&format=…` */
export const queryByGetRoute: Route = async (request, world) => {
  const { searchParams } = request.url;
  const fields = {
    path: searchParams.get("path") ?? undefined,
    args: parseJson(
      searchParams.get("args") ?? "{}",
      world.limits,
      "InvalidArguments",
      "Invalid request: `args` is not JSON",
    ),
    format: searchParams.get("format") ?? undefined,
  };
  const formatted = parseCall(fields, await requestIdentity(request, world), request);
  return outcomeAnswer(await world.deployment.query(formatted.call), formatted, world);
};

/** Any kind of function, also internal ones; admins only. */
export const functionRoute: Route = async (request, world) => {
  requireAdmin(request, world);
  const formatted = await bodyCall(request, world);
  return outcomeAnswer(await world.deployment.any(formatted.call), formatted, world);
};

/** `POST /api/run/<module/path>/<function>` */
export const runRoute: Route = async (request, world) => {
  const parts = decodedPath(request.url.pathname.slice(RUN_PREFIX.length)).split("/");
  const name = parts.pop() ?? "";
  const body = await jsonBody(request, world.limits);
  const fields = { ...body, path: `${parts.join("/")}:${name}` };
  const formatted = parseCall(fields, await requestIdentity(request, world), request, "clean");
  return outcomeAnswer(await world.deployment.any(formatted.call), formatted, world);
};

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new RequestError(400, "BadRequest", "Invalid request: the path is not percent-encoded text", { cause });
  }
}

/** All answers hold at one timestamp. */
export const queryBatchRoute: Route = async (request, world) => {
  const { queries } = await jsonBody(request, world.limits);
  if (!Array.isArray(queries) || queries.length > QUERIES_PER_BATCH_MAX) {
    throw new RequestError(
      400,
      "BadRequest",
      `Invalid request: \`queries\` is not an array of at most ${QUERIES_PER_BATCH_MAX}`,
    );
  }
  const identity = await requestIdentity(request, world);
  const calls = queries.map((fields: unknown) => parseCall((fields ?? {}) as FormattedFields, identity, request));
  const outcomes = await world.deployment.queryBatch(calls.map(({ call }) => call));
  const texts = outcomes.map((outcome, index) => outcomeText(outcome, calls[index] as FormattedCall, world));
  return jsonTextAnswer(`{"results":[${texts.join(",")}]}`);
};

type FormattedFields = { readonly [field: string]: unknown };

export const queryTsRoute: Route = async (_request, { deployment }) =>
  jsonAnswer({ ts: tsToWire(await deployment.head(true)) });

/**
 * A query at a timestamp that `/api/query_ts` gave, for 30 s (`core/past.ts`); after that it fails, and the client asks for a new one.
 */
export const queryAtTsRoute: Route = async (request, world) => {
  const body = await jsonBody(request, world.limits);
  if (typeof body["ts"] !== "string")
    throw new RequestError(400, "BadRequest", "Invalid request: `ts` is not a string");
  let ts: number;
  try {
    ts = tsFromWire(body["ts"]);
  } catch (cause) {
    throw new RequestError(400, "BadRequest", "Invalid request: `ts` is not a timestamp", { cause });
  }
  const formatted = parseCall(body, await requestIdentity(request, world), request);
  const outcome = await world.deployment.query(formatted.call, ts);
  if (!outcome.ok && outcome.code !== undefined) throw new RequestError(503, outcome.code, outcome.errorMessage);
  return outcomeAnswer(outcome, formatted, world);
};

async function bodyCall(request: RouteRequest, world: RouteWorld): Promise<FormattedCall> {
  const fields = await jsonBody(request, world.limits);
  return parseCall(fields, await requestIdentity(request, world), request);
}
