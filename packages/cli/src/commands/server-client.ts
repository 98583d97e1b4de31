/**
 * Calls of a running deployment over its HTTP API with the admin key, for the commands that look at or change one.
 *
 * @module
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { CommandError } from "./context.ts";

/** What a function call gives; user errors are values. */
export type FunctionResult =
  | { readonly status: "success"; readonly value: unknown; readonly logLines?: readonly string[] }
  | {
      readonly status: "error";
      readonly errorMessage: string;
      readonly errorData?: unknown;
      readonly logLines?: readonly string[];
    };

export interface FunctionCall {
  readonly path: string;
  /** Convex JSON of the arguments object. */
  readonly args: unknown;
  /** `json` shows int64 and bytes as text. */
  readonly format: "json" | "convex_encoded_json";
  /** Claims to act as, or undefined for the admin alone. */
  readonly identity?: object | undefined;
}

/** Nobody answers, or somebody who is just going. */
export class UnreachableError extends CommandError {}

const TLS_CODE = /^(?:ERR_SSL|ERR_TLS|CERT_|EPROTO$|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH)/;

/** The end of the sentence: why there is no answer, and what to do. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: NodeJS.ErrnoException };
  const code = cause?.code ?? "";
  if (TLS_CODE.test(code)) {
    const advice = "use the name that the certificate is for, or http:// where there is no TLS";
    return `TLS failed (${code}: ${(cause?.message ?? "").split("\n")[0]?.trim()}); ${advice}`;
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "there is no machine of that name; check --url";
  return 'no answer; start it with "narrowcast dev" or "narrowcast start"';
}

/** A deployment reached over HTTP. */
export class ServerClient {
  readonly #url: string;
  readonly #adminKey: string;

  constructor(url: string, adminKey: string) {
    this.#url = url;
    this.#adminKey = adminKey;
  }

  /** Calls any function, also internal ones. */
  async call(call: FunctionCall): Promise<FunctionResult> {
    const { identity, ...body } = call;
    return (await this.#request("POST", "/api/function", body, identity)) as FunctionResult;
  }

  /** Runs a query and gives its value. */
  async query(path: string, args: unknown): Promise<unknown> {
    const result = (await this.#request("POST", "/api/query", {
      path,
      args,
      format: "convex_encoded_json",
    })) as FunctionResult;
    if (result.status === "error") throw new CommandError(result.errorMessage);
    return result.value;
  }

  async get(path: string, signal?: AbortSignal): Promise<unknown> {
    return this.#request("GET", path, undefined, undefined, signal);
  }

  async post(path: string, body: unknown): Promise<unknown> {
    return this.#request("POST", path, body);
  }

  /** Posts and gives the answer's lines of JSON as they come. */
  async *lines(path: string, body: unknown): AsyncGenerator {
    const response = await this.#fetch("POST", path, body);
    if (!response.ok) {
      const text = await response.text();
      throw new CommandError(messageOf(text) ?? `The deployment answered ${response.status}: ${text}`);
    }
    const bytes = Readable.fromWeb(response.body as ReadableStream);
    try {
      for await (const line of createInterface({ input: bytes })) yield JSON.parse(line);
    } catch (cause) {
      throw new UnreachableError(`The deployment at "${this.#url}" broke off its answer`, { cause });
    }
  }

  async #request(
    method: string,
    path: string,
    body?: unknown,
    identity?: object,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const response = await this.#fetch(method, path, body, identity, signal);
    const text = await response.text();
    if (response.status === 503) throw new UnreachableError(messageOf(text) ?? `The deployment answered 503: ${text}`);
    if (!response.ok) throw new CommandError(messageOf(text) ?? `The deployment answered ${response.status}: ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  async #fetch(
    method: string,
    path: string,
    body?: unknown,
    identity?: object,
    signal?: AbortSignal,
  ): Promise<Response> {
    const acting = identity === undefined ? "" : `:${Buffer.from(JSON.stringify(identity)).toString("base64")}`;
    return await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        Authorization: `Convex ${this.#adminKey}${acting}`,
        "Convex-Client": "narrowcast-cli",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((cause: unknown) => {
      if (signal?.aborted === true) throw cause;
      throw new UnreachableError(`Cannot reach the deployment at "${this.#url}": ${reasonOf(cause)}`, { cause });
    });
  }
}

function messageOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { message?: string }).message;
  } catch {
    return undefined;
  }
}
