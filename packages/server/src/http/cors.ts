/**
 * Cross-origin rules: every origin may call. The key or token in the header is what protects, not the page's address.
 *
 * @module
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Answer } from "./answer.ts";

const PREFLIGHT_SECONDS = 86_400;

type Headers = readonly (readonly [string, string])[];

/** Headers for any answer to a page. */
export function corsHeaders({ origin }: IncomingHttpHeaders): Headers {
  if (origin === undefined) return [];
  return [
    ["Access-Control-Allow-Origin", origin],
    ["Access-Control-Allow-Credentials", "true"],
    ["Vary", "Origin"],
  ];
}

/** What a page is told that asks whether it may: all methods, and the headers it named. */
export function preflight(request: IncomingHttpHeaders): Answer {
  const headers = request["access-control-request-headers"];
  return {
    status: 200,
    headers: [
      ["Access-Control-Allow-Methods", request["access-control-request-method"] ?? "GET, POST"],
      ...(headers === undefined ? [] : [["Access-Control-Allow-Headers", headers] as const]),
      ["Access-Control-Max-Age", String(PREFLIGHT_SECONDS)],
    ],
    body: null,
  };
}
