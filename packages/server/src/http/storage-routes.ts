/**
 * File storage over HTTP: uploads to a URL with a token, downloads from a URL with a secret name.
 *
 * Both are for pages of any origin, and neither needs a key: the URL is the right. Bytes pass in pieces, whatever the size of the file.
 *
 * @module
 */
import type { Download, UploadOutcome } from "../protocol/deployment-types.ts";
import { jsonAnswer, type Answer, type Route, type RouteRequest } from "./answer.ts";
import { byteRange } from "./byte-range.ts";
import { RequestError } from "./request-error.ts";

const PREFIX = "/api/storage/";
/** A file never changes under its name. Only browsers may keep it: it is not for everybody. */
const CACHE_CONTROL = "private, max-age=2592000";
const SHA256_BYTES = 32;
const HIDDEN_DAMAGE = "Cannot read the file: its bytes are not those that were stored";

const STATUS: Record<Extract<UploadOutcome, { ok: false }>["code"], number> = {
  StorageTokenInvalid: 401,
  StorageTokenExpired: 401,
  FileTooLarge: 413,
  Sha256Mismatch: 400,
};

/** `POST /api/storage/upload?token=…` → `{storageId}`. */
export const uploadRoute: Route = async (request, { deployment }) => {
  const sha256 = announcedSha256(request);
  const outcome = await deployment.files.upload({
    token: request.url.searchParams.get("token") ?? "",
    contentType: request.headers["content-type"] ?? null,
    sha256,
    size: Number(request.headers["content-length"] ?? "0"),
    bytes: request.pieces(),
  });
  if (outcome.ok) return jsonAnswer({ storageId: outcome.storageId });
  throw new RequestError(STATUS[outcome.code], outcome.code, outcome.message);
};

/** `GET /api/storage/<uuid>`. */
export const downloadRoute: Route = async (request, { deployment, redacts }) => {
  const uuid = request.url.pathname.slice(PREFIX.length);
  const file = await deployment.files.download(uuid);
  if (file === null) throw new RequestError(404, "FileNotFound", `File ${uuid} not found`);
  const tag = `"${Buffer.from(file.sha256, "base64").toString("hex")}"`;
  const about: readonly (readonly [string, string])[] = [
    ["Accept-Ranges", "bytes"],
    ["Cache-Control", CACHE_CONTROL],
    ["ETag", tag],
  ];
  if (hasTag(request.headers["if-none-match"], tag)) return { status: 304, headers: about, body: null };
  const type = file.contentType === null ? [] : [["Content-Type", file.contentType] as const];
  try {
    return await send(request, file, tag, [...about, ...type, ["Digest", `sha-256=${file.sha256}`]]);
  } catch (error) {
    throw damaged(error, redacts);
  }
};

async function send(
  request: RouteRequest,
  file: Download,
  tag: string,
  about: readonly (readonly [string, string])[],
): Promise<Answer> {
  const { "if-range": ifRange, range: wanted } = request.headers;
  const range = ifRange === undefined || ifRange === tag ? byteRange(wanted, file.size) : undefined;
  if (range === "unsatisfiable") {
    const headers = [["Content-Range", `bytes */${file.size}`] as const, ["Accept-Ranges", "bytes"] as const];
    return { status: 416, headers, body: null };
  }
  const { start, end } = range ?? { start: 0, end: file.size };
  const headers = [
    ...about,
    ["Content-Length", String(end - start)] as const,
    ...(range === undefined ? [] : [["Content-Range", `bytes ${start}-${end - 1}/${file.size}`] as const]),
  ];
  const body = request.method === "HEAD" ? null : await file.read(start, end);
  return { status: range === undefined ? 200 : 206, headers, body };
}

/** For a file that is not the one that was stored: 500 with the reason. Where failures are hidden, only the server's log has the reason. */
function damaged(cause: unknown, redacts: boolean): unknown {
  if (!(cause instanceof Error && cause.name === "FileDamagedError")) return cause;
  if (redacts) console.error(cause.message);
  return new RequestError(500, "FileDamaged", redacts ? HIDDEN_DAMAGE : cause.message, { cause });
}

function hasTag(header: string | undefined, tag: string): boolean {
  return header !== undefined && header.split(",").some((one) => [tag, `W/${tag}`, "*"].includes(one.trim()));
}

/** @throws {RequestError} 400 when `Digest` names a SHA-256 that is none. */
function announcedSha256({ headers }: RouteRequest): Uint8Array | null {
  const digest = headers["digest"];
  const text = Array.isArray(digest) ? digest.join(",") : (digest ?? "");
  const given = text.split(",").map((part) => /^\s*sha-256=(.*?)\s*$/i.exec(part)?.[1]);
  const base64 = given.find((one) => one !== undefined);
  if (base64 === undefined) return null;
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length === SHA256_BYTES) return bytes;
  throw new RequestError(400, "InvalidDigest", "Invalid Digest header: `sha-256` is not the base64 of 32 bytes");
}
