/**
 * HTTP requests of tests: through `fetch` for what clients do, through a bare connection for what they should not.
 *
 * @module
 */
import { connect } from "node:net";

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, or undefined. */
  readonly json: unknown;
}

/** One request. An object as `body` is sent as JSON. */
export async function request(url: string, init: Omit<RequestInit, "body"> & { body?: unknown } = {}): Promise<Reply> {
  const { body, ...rest } = init;
  const isRaw = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const response = await fetch(url, {
    method: body === undefined ? "GET" : "POST",
    ...rest,
    ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Sends bytes as they are and resolves with everything that came back until the connection ended; `later` is sent a moment after. */
export function raw(
  url: string,
  bytes: string | Uint8Array,
  { waitMs = 2_000, later }: { readonly waitMs?: number; readonly later?: string } = {},
): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => {
      socket.write(bytes);
      if (later !== undefined) setTimeout(() => socket.write(later), 50);
    });
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
    socket.setTimeout(waitMs, () => socket.destroy());
  });
}
