/**
 * HTTP actions: from a message to a `Request`, through the app's router, and the `Response` back in chunks.
 *
 * Failures are responses too: 404 where nothing is routed, 500 with Convex's JSON where a handler throws. A body that breaks after
 * its head was sent ends early, with the error in `end`.
 *
 * @module
 */
import { ROOT_COMPONENT } from "@narrowcast/values";
import type { ActionCode } from "./action-code.ts";
import { CHUNKS_AHEAD } from "../protocol/action-protocol.ts";
import type { ActionWorkerData, FromWorker, RunHttpMessage } from "../protocol/action-protocol.ts";
import type { ActionRun } from "./action-run.ts";
import { handlerOf } from "../isolate/analyze.ts";
import { createActionCtx } from "./ctx-action.ts";
import { convexErrorData, describeError } from "../isolate/user-error.ts";

/** Largest piece of a body in one message. */
const CHUNK_BYTES_MAX = 65_536;

/** What `runHttp` works with. */
export interface HttpParts {
  readonly code: ActionCode;
  readonly data: ActionWorkerData;
  send(message: FromWorker): void;
  /** Resolves when the host has consumed one more chunk. */
  pulled(): Promise<void>;
}

/** Answers one request completely. Never rejects. */
export async function runHttp(run: ActionRun, message: RunHttpMessage, parts: HttpParts): Promise<void> {
  const end = (error: string | null, isBroken = false) => {
    run.finish();
    parts.send({ type: "end", id: message.id, error, isBroken, userMs: performance.now() - run.startedMs });
  };
  const router = parts.code.routerForRun();
  const { pathname } = new URL(message.url);
  const route = router?.lookup(pathname, message.method) ?? null;
  if (route === null) {
    const text =
      router === null
        ? "This Convex deployment does not have HTTP actions enabled."
        : `No HttpAction routed for ${pathname}`;
    await sendResponse(run, message, new Response(text, { status: 404 }), null, parts);
    end(null);
    return;
  }
  const [registered, , pattern] = route;
  const component = ROOT_COMPONENT;
  run.begin(
    { message, component, path: `${message.method} ${pattern}`, visibility: "public", cloudUrl: parts.data.cloudUrl },
    parts.data.limits.actionTimeMs,
  );
  parts.send({ type: "routed", id: message.id, route: `${message.method} ${pattern}` });
  let response: Response;
  let error: string | null = null;
  try {
    const facts = { message, component, path: pattern, visibility: "public" as const, cloudUrl: parts.data.cloudUrl };
    const handler = handlerOf(registered);
    const handle = async (): Promise<unknown> => {
      const answered = await handler(createActionCtx(facts, run), toRequest(message));
      await run.leaveBehind();
      return answered;
    };
    const returned = await run.orEnd(handle());
    if (!(returned instanceof Response)) throw new Error("The HTTP action did not return a Response");
    response = returned;
  } catch (thrown) {
    error = describeError(thrown, parts.code.mapper);
    response = failureResponse(thrown, message, error);
  }
  try {
    await run.orEnd(sendResponse(run, message, response, pattern, parts));
  } catch (thrown) {
    end(describeError(thrown, parts.code.mapper), true);
    return;
  }
  end(error);
}

function toRequest(message: RunHttpMessage): Request {
  const hasBody = message.method !== "GET" && message.method !== "HEAD" && message.body !== null;
  return new Request(message.url, {
    method: message.method,
    headers: message.headers.map(([name, value]): [string, string] => [name, value]),
    body: hasBody ? message.body : null,
  });
}

function failureResponse(thrown: unknown, message: RunHttpMessage, trace: string): Response {
  const [firstLine = ""] = trace.split("\n    at ");
  const data = convexErrorData(thrown);
  const code = `[Request ID: ${message.requestId}] Server Error`;
  return Response.json(
    {
      ...(message.isRedacted === true ? { code, trace: "" } : { code: `${code}: ${firstLine}`, trace }),
      ...(data === null ? {} : { data: JSON.parse(data) as unknown }),
    },
    { status: 500 },
  );
}

async function sendResponse(
  run: ActionRun,
  message: RunHttpMessage,
  response: Response,
  route: string | null,
  parts: HttpParts,
): Promise<void> {
  const { id } = message;
  const hasBody = response.body !== null && message.method !== "HEAD";
  parts.send({ type: "head", id, status: response.status, headers: [...response.headers], hasBody, route });
  if (!hasBody) {
    await response.body?.cancel();
    return;
  }
  let sent = 0;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { value, done } = await run.orEnd(reader.read());
      if (done) return;
      for (let at = 0; at < value.length; at += CHUNK_BYTES_MAX) {
        if (sent++ >= CHUNKS_AHEAD) await run.orEnd(parts.pulled());
        parts.send({ type: "chunk", id, bytes: value.slice(at, at + CHUNK_BYTES_MAX) });
      }
    }
  } finally {
    // Tells the source that nobody listens any more; a finished one does not mind.
    reader.cancel().catch(() => {});
  }
}
