/**
 * Bodies of requests and answers as bytes over time, with a bound on the one side and back-pressure on the other.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { UnfinishedBytes, UnfinishedPart } from "../sync/unfinished-bytes.ts";
import { RequestError } from "./request-error.ts";

/**
 * The whole body.
 *
 * @param unfinished Of all bodies that are being read.
 * @throws {RequestError} 413 when it is longer than `bytesMax`, as soon as that is known; 503 when all unfinished bodies together are too long and this is
 *   the longest; 408 when the client goes away.
 */
export function readBody(incoming: IncomingMessage, bytesMax: number, unfinished: UnfinishedBytes): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    const refuse = (error: RequestError): void => {
      chunks = [];
      // What is still coming is thrown away until the connection ends with the answer.
      incoming.removeAllListeners("data").resume();
      reject(error);
    };
    const tooLarge = (): void =>
      refuse(new RequestError(413, "RequestTooLarge", `Request body is too large (limit: ${bytesMax} bytes)`));
    const part: UnfinishedPart = { bytes: 0, end: () => refuse(tooMany()) };
    incoming.once("close", () => unfinished.done(part));
    if (Number(incoming.headers["content-length"] ?? "0") > bytesMax) {
      tooLarge();
      return;
    }
    let bytes = 0;
    incoming.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) return tooLarge();
      chunks.push(chunk);
      unfinished.add(part, chunk.length);
    });
    const gone = (): void => {
      if (!incoming.complete) reject(new RequestError(408, "ClientDisconnect", "The client went away"));
    };
    incoming.on("end", () => {
      unfinished.done(part);
      resolve(Buffer.concat(chunks));
    });
    incoming.on("error", gone);
    incoming.on("close", gone);
  });
}

function tooMany(): RequestError {
  const text = "Too many bytes of requests that have not come whole, back off and try again";
  return new RequestError(503, "TooManyUnfinishedBytes", text);
}

/**
 * The body piece by piece, as fast as it is taken. What is left when the taker stops is thrown away, so that the client gets the answer.
 *
 * @throws {RequestError} 408 when the client goes away.
 */
export async function* bodyPieces(incoming: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of incoming.iterator({ destroyOnReturn: false })) yield piece as Uint8Array;
  } catch (cause) {
    throw new RequestError(408, "ClientDisconnect", "The client went away", { cause });
  } finally {
    incoming.resume();
  }
}

/** Writes `body` as fast as the client reads it. When the client goes away, the source is told and left. */
export async function writeBody(response: ServerResponse, body: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  const closing = new Closing(response);
  try {
    for (;;) {
      const step = await closing.orClosed(iterator.next());
      if (step === undefined || response.destroyed) return;
      if (step.done === true) break;
      if (!response.write(step.value)) await closing.orClosed(drainOf(response));
    }
    response.end();
  } finally {
    // Not waited for: a source that is asleep answers only when it wakes.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

/**
 * Waits for one thing after the other, but not beyond the end of a response.
 *
 * No `Promise.race` with one promise for the end: it would hold on to what every round gave until the end comes, which is the whole body.
 */
class Closing {
  #isClosed: boolean;
  #giveUp = (): void => {};

  constructor(response: ServerResponse) {
    this.#isClosed = response.destroyed;
    response.once("close", () => {
      this.#isClosed = true;
      this.#giveUp();
    });
  }

  /** What `work` gives; `undefined` when the response is closed before. */
  orClosed<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#giveUp = () => resolve(undefined);
      work.then(resolve, reject);
      if (this.#isClosed) this.#giveUp();
    });
  }
}

/** Unlike `events.once` this does not fail on an error: a response that failed is closed too. */
function drainOf(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", () => resolve());
  });
}
