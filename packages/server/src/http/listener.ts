/**
 * `node:http` around routes: bodies with a bound, CORS, errors as `{code, message}`, streaming answers.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { once } from "node:events";
import type { Answer, Route, RouteRequest, RouteWorld } from "./answer.ts";
import { jsonAnswer } from "./answer.ts";
import { RequestError } from "./request-error.ts";

export interface ListenerOptions {
  readonly world: RouteWorld;
  readonly route: (method: string, path: string) => Route;
  /** Answers pre-flight requests and adds headers; HTTP actions do their own. */
  readonly cors: boolean;
}

const REQUESTS_MAX = 1_024;
const PREFLIGHT_SECONDS = 86_400;
/** Requests that are meant to wait; they do not use up the places of others. */
const LONG_POLLS: ReadonlySet<string> = new Set(["/api/stream_function_logs"]);

/** A listener for `http.createServer`. */
export function createListener(options: ListenerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  let running = 0;
  return (incoming, response) => {
    const isCounted = !LONG_POLLS.has(pathOf(incoming));
    const isFull = isCounted && running >= REQUESTS_MAX;
    if (isCounted) running += 1;
    const answer = isFull ? Promise.resolve(OVERLOADED) : answerFor(incoming, options);
    answer
      .then((result) => write(incoming, response, result, options.cors))
      // The client is gone, or a streaming handler failed after its headers: nothing can be said any more.
      .catch(() => response.destroy())
      .finally(() => {
        if (isCounted) running -= 1;
      });
  };
}

const OVERLOADED = jsonAnswer(
  { code: "TooManyConcurrentRequests", message: "Too many concurrent requests, back off and try again" },
  503,
);

async function answerFor(incoming: IncomingMessage, options: ListenerOptions): Promise<Answer> {
  const method = incoming.method ?? "GET";
  if (options.cors && method === "OPTIONS" && !pathOf(incoming).startsWith("/http/")) return preflight(incoming);
  try {
    return await options.route(method, pathOf(incoming))(routeRequest(incoming), options.world);
  } catch (error) {
    if (error instanceof RequestError) {
      return jsonAnswer({ code: error.code, message: error.message }, error.status);
    }
    const message = "Your request couldn't be completed. Try again later.";
    return jsonAnswer({ code: "InternalServerError", message }, 500);
  }
}

function pathOf(incoming: IncomingMessage): string {
  return (incoming.url ?? "/").split("?")[0] ?? "/";
}

function routeRequest(incoming: IncomingMessage): RouteRequest {
  const aborted = new AbortController();
  incoming.on("close", () => incoming.complete || aborted.abort());
  return {
    method: incoming.method ?? "GET",
    url: parseUrl(incoming),
    headers: incoming.headers,
    client: { ip: incoming.socket.remoteAddress ?? null, userAgent: incoming.headers["user-agent"] ?? null },
    signal: aborted.signal,
    body: (bytesMax) => readBody(incoming, bytesMax),
  };
}

function parseUrl(incoming: IncomingMessage): URL {
  try {
    return new URL(`http://${incoming.headers.host ?? "localhost"}${incoming.url ?? "/"}`);
  } catch (cause) {
    throw new RequestError(400, "BadRequest", "Invalid request: the address cannot be read", { cause });
  }
}

async function readBody(incoming: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const declared = Number(incoming.headers["content-length"] ?? "0");
  const chunks: Buffer[] = [];
  let bytes = 0;
  if (declared <= bytesMax) {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) break;
      chunks.push(chunk);
    }
  }
  if (declared > bytesMax || bytes > bytesMax) {
    throw new RequestError(413, "RequestTooLarge", `Request body is too large (limit: ${bytesMax} bytes)`);
  }
  return Buffer.concat(chunks);
}

/** Mirrors the origin: the key or token in the header is what protects, not the page's address. */
function corsHeaders(incoming: IncomingMessage): readonly (readonly [string, string])[] {
  const { origin } = incoming.headers;
  if (origin === undefined) return [];
  return [
    ["Access-Control-Allow-Origin", origin],
    ["Access-Control-Allow-Credentials", "true"],
    ["Vary", "Origin"],
  ];
}

function preflight(incoming: IncomingMessage): Answer {
  const headers = incoming.headers["access-control-request-headers"];
  return {
    status: 200,
    headers: [
      ["Access-Control-Allow-Methods", incoming.headers["access-control-request-method"] ?? "GET, POST"],
      ...(headers === undefined ? [] : [["Access-Control-Allow-Headers", headers] as const]),
      ["Access-Control-Max-Age", String(PREFLIGHT_SECONDS)],
    ],
    body: null,
  };
}

async function write(
  incoming: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  cors: boolean,
): Promise<void> {
  const headers = cors ? [...answer.headers, ...corsHeaders(incoming)] : answer.headers;
  for (const [name, value] of headers) response.appendHeader(name, value);
  // What is left of a body nobody read would be taken for the next request.
  if (!incoming.complete) response.setHeader("Connection", "close");
  response.statusCode = answer.status;
  if (answer.body === null || incoming.method === "HEAD") {
    response.end();
    return;
  }
  if (typeof answer.body === "string" || answer.body instanceof Uint8Array) {
    response.end(answer.body);
    return;
  }
  for await (const chunk of answer.body) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  response.end();
}
