/**
 * `node:http` around routes: a bound on concurrency, CORS, errors as `{code, message}`, streaming answers.
 *
 * Whatever a request is, it gets one answer, and a failure of ours is told to `onError`, never to the client.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { OnError } from "../sync/error-report.ts";
import type { UnfinishedBytes } from "../sync/unfinished-bytes.ts";
import { jsonAnswer, type Answer, type Route, type RouteRequest, type RouteWorld } from "./answer.ts";
import { bodyPieces, readBody, writeBody } from "./body.ts";
import { corsHeaders, preflight } from "./cors.ts";
import { RequestError } from "./request-error.ts";

export interface ListenerOptions {
  readonly world: RouteWorld;
  readonly route: (method: string, path: string) => Route;
  /** Whether a path gets CORS headers and answered pre-flight requests; HTTP actions do their own. */
  readonly cors: (path: string) => boolean;
  readonly requestsMax: number;
  /** Requests being answered, and bodies being read, of all listeners of a server. */
  readonly running: { requests: number; readonly bodies: UnfinishedBytes };
  readonly onError: OnError;
}

/** Requests that are meant to wait; they do not use up the places of others. */
const LONG_POLLS: ReadonlySet<string> = new Set(["/api/stream_function_logs"]);
/** Headers of an HTTP action's answer that belong to the connection, which is ours. */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade"]);
/** What a `Host` may look like; anything else would change how the rest of the address is read. */
const HOST = /^(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/;

const OVERLOADED = errorAnswer(
  new RequestError(503, "TooManyConcurrentRequests", "Too many concurrent requests, back off and try again"),
);
const STOPPING = errorAnswer(
  new RequestError(503, "ServerStopping", "The server is stopping and did not finish this; try again in a moment"),
);
const INTERNAL = errorAnswer(
  new RequestError(500, "InternalServerError", "Your request couldn't be completed. Try again later."),
);

/** A listener for `http.createServer`. */
export function createListener(options: ListenerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { running } = options;
  return (incoming, response) => {
    const url = urlOf(incoming);
    const isCounted = url === undefined || !LONG_POLLS.has(url.pathname);
    const isFull = isCounted && running.requests >= options.requestsMax;
    if (isCounted) running.requests += 1;
    const during = `answer ${incoming.method ?? ""} ${url?.pathname ?? ""}`;
    respond(incoming, response, url, isFull, options)
      .catch((error: unknown) => {
        // A body that broke off after its head was sent: ending the connection is the only sign left.
        options.onError(error, during);
        response.destroy();
      })
      .finally(() => {
        if (isCounted) running.requests -= 1;
      });
  };
}

async function respond(
  incoming: IncomingMessage,
  response: ServerResponse,
  url: URL | undefined,
  isFull: boolean,
  options: ListenerOptions,
): Promise<void> {
  const { stopping } = options.world;
  const answer = stopping.aborted ? STOPPING : isFull ? OVERLOADED : await answerTo(incoming, response, url, options);
  const cors = url === undefined || options.cors(url.pathname) ? corsHeaders(incoming.headers) : [];
  await write(incoming, response, { ...answer, headers: [...answer.headers, ...cors] }, stopping.aborted);
}

async function answerTo(
  incoming: IncomingMessage,
  response: ServerResponse,
  url: URL | undefined,
  options: ListenerOptions,
): Promise<Answer> {
  const method = incoming.method ?? "GET";
  try {
    if (url === undefined) throw new RequestError(400, "BadRequest", "Invalid request: the address cannot be read");
    if (method === "OPTIONS" && options.cors(url.pathname)) return preflight(incoming.headers);
    return await options.route(method, url.pathname)(
      routeRequest(incoming, response, url, options.running.bodies),
      options.world,
    );
  } catch (error) {
    if (error instanceof RequestError) return errorAnswer(error);
    if (options.world.stopping.aborted) return STOPPING;
    options.onError(error, `answer ${method} ${url?.pathname ?? ""}`);
    return INTERNAL;
  }
}

function errorAnswer({ code, message, status }: RequestError): Answer {
  return jsonAnswer({ code, message }, status);
}

/** The address, also of a request that names the whole of it; undefined when it cannot be read. */
function urlOf(incoming: IncomingMessage): URL | undefined {
  const { host = "localhost" } = incoming.headers;
  const target = incoming.url ?? "/";
  const text = target.startsWith("/") ? `http://${host}${target}` : target;
  return (target.startsWith("/") && !HOST.test(host)) || !URL.canParse(text) ? undefined : new URL(text);
}

function routeRequest(
  incoming: IncomingMessage,
  response: ServerResponse,
  url: URL,
  bodies: UnfinishedBytes,
): RouteRequest {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  return {
    method: incoming.method ?? "GET",
    url,
    headers: incoming.headers,
    client: { ip: incoming.socket.remoteAddress ?? null, userAgent: incoming.headers["user-agent"] ?? null },
    signal: gone.signal,
    body: (bytesMax) => readBody(incoming, bytesMax, bodies),
    pieces: () => bodyPieces(incoming),
  };
}

async function write(
  incoming: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  isStopping: boolean,
): Promise<void> {
  for (const [name, value] of answer.headers) {
    if (!CONNECTION_HEADERS.has(name.toLowerCase())) response.appendHeader(name, value);
  }
  // The next request is for the next server. What is left of a body nobody read would be taken for the next request.
  if (!incoming.complete || isStopping) response.setHeader("Connection", "close");
  response.statusCode = answer.status;
  const { body } = answer;
  if (body === null || typeof body === "string" || body instanceof Uint8Array) {
    response.end(body ?? undefined);
    return;
  }
  // The client sees the head at once, however long the first piece takes.
  response.flushHeaders();
  await writeBody(response, body);
}
