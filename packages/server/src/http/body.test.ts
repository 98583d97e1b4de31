/**
 * Bodies pass through: what was written is not kept until the end.
 */
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { writeBody } from "./body.ts";

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
