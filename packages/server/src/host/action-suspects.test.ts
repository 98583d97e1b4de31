/**
 * Who is a suspect, who is acquitted, and how many of them run at once.
 */
import { expect, test } from "vitest";
import { ActionSuspects, SUSPECTS_AT_ONCE, SUSPECTS_CALLED_MAX, SUSPECTS_WAITING_MAX } from "./action-suspects.ts";

test("one of several is acquitted when it comes to its end; the only one stays until new code", () => {
  const suspects = new ActionSuspects();
  suspects.accuse(["a:one", "a:two"]);
  suspects.accuse(["a:two", "a:two"]);
  suspects.acquit("a:one");
  suspects.acquit("a:two");
  expect([suspects.suspectOf("a:one"), suspects.suspectOf("a:two")]).toEqual([undefined, "a:two"]);
  suspects.accuse(["a:two", "a:three"]);
  suspects.acquit("a:two");
  expect(suspects.suspectOf("a:two")).toBe("a:two");
  suspects.clear();
  expect(suspects.suspectOf("a:two")).toBeUndefined();
});

test("a request is a suspect by the route that takes it", () => {
  const suspects = new ActionSuspects();
  suspects.accuse(["GET /files/*"]);
  expect(suspects.suspectOf("GET /files/a/b")).toBe("GET /files/*");
  expect(suspects.suspectOf("POST /files/a")).toBeUndefined();
  expect(suspects.suspectOf("GET /file")).toBeUndefined();
});

test("few run at once, a bounded number waits in order, more are refused", async () => {
  const suspects = new ActionSuspects();
  for (let count = 0; count < SUSPECTS_AT_ONCE; count += 1) await suspects.enter("a:x");
  const begun: number[] = [];
  const waiting = Array.from({ length: SUSPECTS_WAITING_MAX }, async (_, at) => {
    await suspects.enter("a:x");
    begun.push(at);
  });
  await expect(suspects.enter("a:x")).rejects.toThrow(`Cannot run "a:x": it held its thread`);
  expect(begun).toEqual([]);
  for (let count = 0; count < SUSPECTS_WAITING_MAX; count += 1) suspects.leave();
  await Promise.all(waiting);
  expect(begun).toEqual(begun.toSorted((a, b) => a - b));
});

test("one that a suspect calls does not wait for its caller's turn; a bounded number of them runs", async () => {
  const suspects = new ActionSuspects();
  for (let count = 0; count < SUSPECTS_AT_ONCE; count += 1) await suspects.enter("a:caller");
  for (let count = 0; count < SUSPECTS_CALLED_MAX; count += 1) await suspects.enter("a:called", true);
  await expect(suspects.enter("a:called", true)).rejects.toThrow("that others of its kind called run already");
  suspects.leave(true);
  await suspects.enter("a:called", true);
  let isBegun = false;
  const waiting = suspects.enter("a:other").then(() => {
    isBegun = true;
  });
  suspects.leave(true);
  await Promise.resolve();
  expect(isBegun).toBe(false);
  suspects.leave();
  await waiting;
});
