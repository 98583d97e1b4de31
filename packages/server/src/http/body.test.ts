/**
 * Bodies pass through: what was written is not kept until the end.
 */
import { createServer, get, request as clientRequest, type ClientRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test, vi } from "vitest";
import { UnfinishedBytes } from "../sync/unfinished-bytes.ts";
import { readBody, writeBody } from "./body.ts";
import { RequestError } from "./request-error.ts";

const PIECES = 200;
const PIECE_BYTES = 50_000;

/** Node's collector, which is callable only with a flag. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

test("pieces that the client has are let go of, while the body goes on", async () => {
  const collect = collector();
  const pieces: WeakRef<Uint8Array>[] = [];
  let alive = 0;
  async function* body(): AsyncGenerator<Uint8Array> {
    for (let n = 0; n < PIECES; n += 1) {
      const piece = new Uint8Array(PIECE_BYTES);
      pieces.push(new WeakRef(piece));
      yield piece;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
    alive = pieces.filter((piece) => piece.deref() !== undefined).length;
  }
  const server = createServer((_request, response) => void writeBody(response, body()));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const bytes = await new Promise<number>((resolve) => {
    get({ port: (server.address() as AddressInfo).port }, (response) => {
      let count = 0;
      response.on("data", (chunk: Buffer) => (count += chunk.length)).on("end", () => resolve(count));
    });
  });
  server.close();
  expect(bytes).toBe(PIECES * PIECE_BYTES);
  expect(alive).toBeLessThan(PIECES / 4);
});

test("when the bodies that have not come whole are too long together, the longest is refused", async () => {
  const unfinished = new UnfinishedBytes(100_000);
  const server = createServer((incoming, response) => {
    readBody(incoming, 80_000, unfinished).then(
      (body) => response.end(String(body.length)),
      (error: unknown) => response.writeHead(error instanceof RequestError ? error.status : 500).end(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const send = (): { readonly sent: ClientRequest; readonly status: Promise<number | undefined> } => {
    const sent = clientRequest({ port, method: "POST" });
    const status = new Promise<number | undefined>((resolve) => {
      sent.on("response", (response) => resolve(response.resume().statusCode));
    });
    return { sent, status };
  };
  const [small, large] = [send(), send()];
  small.sent.write(Buffer.alloc(30_000));
  large.sent.write(Buffer.alloc(60_000));
  await vi.waitFor(() => expect(unfinished.total).toBe(90_000));
  small.sent.write(Buffer.alloc(20_000));
  expect(await large.status).toBe(503);
  small.sent.end();
  expect(await small.status).toBe(200);
  expect(unfinished.total).toBe(0);
  large.sent.destroy();
  server.close();
});
