/**
 * Bodies of HTTP actions' responses.
 */
import { expect, test } from "vitest";
import { ResponseBody } from "./response-body.ts";

function open() {
  const calls: string[] = [];
  const body = new ResponseBody(
    () => calls.push("pull"),
    () => calls.push("cancel"),
  );
  return { body, calls };
}

test("chunks come in order and each consumed one is pulled for", async () => {
  const { body, calls } = open();
  const reading = (async () => {
    const bytes: number[] = [];
    for await (const chunk of body) bytes.push(...chunk);
    return bytes;
  })();
  body.push(Uint8Array.of(1, 2));
  await new Promise((resolve) => setImmediate(resolve));
  body.push(Uint8Array.of(3));
  body.end(null);
  expect(await reading).toEqual([1, 2, 3]);
  expect(calls).toEqual(["pull", "pull"]);
});

test("a body that breaks off throws after what came before", async () => {
  const { body } = open();
  body.push(Uint8Array.of(1));
  body.end("broke");
  const got: number[] = [];
  const reading = (async () => {
    for await (const chunk of body) got.push(...chunk);
  })();
  await expect(reading).rejects.toThrow("broke");
  expect(got).toEqual([1]);
});

test("a reader that goes away cancels the action", async () => {
  const { body, calls } = open();
  body.push(Uint8Array.of(1));
  body.push(Uint8Array.of(2));
  for await (const chunk of body) if (chunk.length > 0) break;
  expect(calls).toEqual(["pull", "cancel"]);
});

test("a reader that goes away while it waits for a chunk cancels at once", async () => {
  const { body, calls } = open();
  const iterator = body[Symbol.asyncIterator]();
  const waiting = iterator.next();
  await iterator.return?.();
  expect(calls).toEqual(["cancel"]);
  expect(await waiting).toEqual({ value: undefined, done: true });
});
