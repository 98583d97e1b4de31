/**
 * Bodies of JSON, plain or compressed, held to their limits before anything is parsed.
 *
 * @module
 */
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { excessOf, type Limits } from "@narrowcast/values";
import type { RouteRequest } from "./answer.ts";
import { RequestError } from "./request-error.ts";

type Decompress = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const CODINGS: ReadonlyMap<string, Decompress> = new Map<string, Decompress>([
  ["br", promisify(brotliDecompress) as Decompress],
  ["gzip", promisify(gunzip) as Decompress],
  ["x-gzip", promisify(gunzip) as Decompress],
  ["deflate", promisify(inflate) as Decompress],
]);

/**
 * Reads a JSON object body.
 *
 * @throws {RequestError} 400 when it is none or has too much in it, 413 when it is too long, compressed or not, 415 for an unknown coding.
 */
export async function jsonBody(request: RouteRequest, limits: Limits): Promise<{ readonly [field: string]: unknown }> {
  const decompress = codingOf(request.headers["content-encoding"]);
  const bytes = await request.body(limits.httpBodyBytesMax);
  const whole = decompress === undefined ? bytes : await decompressed(bytes, decompress, limits.httpBodyBytesMax);
  const value = parseJson(whole.toString("utf8"), limits, "BadJsonBody", "Failed to parse the request body as JSON");
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RequestError(400, "BadJsonBody", "Failed to read the request body: it is not a JSON object");
  }
  return value as { readonly [field: string]: unknown };
}

/** @throws {RequestError} 400 with `code` when `text` is not JSON, or has too much in it. */
export function parseJson(text: string, limits: Limits, code: string, failed: string): unknown {
  const excess = excessOf(text, limits);
  if (excess !== undefined) throw new RequestError(400, code, `${failed}: ${excess}`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RequestError(400, code, `${failed}: ${(cause as Error).message}`, { cause });
  }
}

function codingOf(header: string | undefined): Decompress | undefined {
  const coding = header?.trim().toLowerCase() ?? "identity";
  if (coding === "identity" || coding === "") return undefined;
  const known = CODINGS.get(coding);
  if (known !== undefined) return known;
  const names = [...CODINGS.keys()].join(", ");
  throw new RequestError(
    415,
    "UnsupportedMediaType",
    `Cannot read a body with Content-Encoding "${coding}": known are ${names}`,
  );
}

async function decompressed(bytes: Buffer, decompress: Decompress, maxOutputLength: number): Promise<Buffer> {
  try {
    return await decompress(bytes, { maxOutputLength });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      const message = `Request body is too large (limit: ${maxOutputLength} bytes, decompressed)`;
      throw new RequestError(413, "RequestTooLarge", message, { cause });
    }
    throw new RequestError(400, "BadBody", `Failed to decompress the request body: ${(cause as Error).message}`, {
      cause,
    });
  }
}
