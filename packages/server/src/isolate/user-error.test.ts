import { CONVEX_LIMITS } from "@narrowcast/values";
import { expect, test } from "vitest";
import type { StackMapper } from "./source-maps.ts";
import { CallError, describeError } from "./user-error.ts";

const FRAMES = "\n    at handler (../convex/a.ts:1:1)";
const mapper = { frames: () => FRAMES } as unknown as StackMapper;
const MAX = CONVEX_LIMITS.errorMessageBytesMax;
const HEAD = "Uncaught Error: ";

test("a message at the limit is whole, a longer one is cut between characters, and its frames are there", () => {
  const most = "é".repeat((MAX - HEAD.length) / 2);
  expect(describeError(new Error(most), mapper)).toBe(`${HEAD}${most}${FRAMES}\n`);
  expect(describeError(new Error(`${most}x`), mapper)).toBe(`${HEAD}${most}${FRAMES}\n`);
  expect(describeError(new Error(`x${most}`), mapper)).toBe(`${HEAD}x${most.slice(0, -1)}${FRAMES}\n`);
});

test("whatever is thrown is bounded", () => {
  const long = "y".repeat(MAX * 2);
  for (const thrown of [new CallError(long), long, { long }]) {
    expect(Buffer.byteLength(describeError(thrown, mapper))).toBe(MAX);
  }
  const deep = { frames: () => long } as unknown as StackMapper;
  expect(describeError(new Error("z"), deep)).toHaveLength(MAX + HEAD.length + 2);
});
