/**
 * Goal: what functions log and how they fail shows the developer's places, and nothing of the server's.
 *
 * Expected texts are those of Convex.
 */
import { beforeAll, expect, test } from "vitest";
import { openTexts } from "../testing/app-harness.ts";
import type { TestApp } from "../testing/app-harness.ts";

const SOURCE = `import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";

function inner(): never {
  throw new Error("inner");
}
async function outer(): Promise<void> {
  await Promise.resolve();
  inner();
}
async function caught(): Promise<Error> {
  try { await outer(); } catch (error) { return error as Error; }
  throw new Error("nothing was thrown");
}

export const plain = query(async () => { console.error("failed", await caught()); });
export const withFields = query(async () => { console.error(Object.assign(await caught(), { code: 7 }), "end"); });
export const withCause = query(async () => { console.error(new Error("outside", { cause: await caught() })); });
export const many = query(async () => { console.error([await caught(), new AggregateError([await caught()], "all")]); });
export const stackText = query(async () => { console.log((await caught()).stack); });
export const stackField = query(async () => { const { stack, message } = await caught(); console.log({ message, stack }); });
export const ofServer = query(async (ctx) => {
  try { await ctx.db.query("things").withIndex("by_nothing").collect(); } catch (error) { console.warn(error); }
});
export const notAStack = query(async () => { console.log("look at a.ts:1:2", "first\\n    at the corner"); });
export const timers = query(async () => {
  console.time("a"); console.time("a"); console.timeEnd("a"); console.timeEnd("a");
});
export const fails = query(async () => { await outer(); });
export const failsAtOnce = query(() => inner());
export const failsInline = query(async () => { [1].forEach(() => { throw new TypeError("no"); }); });
export const catches = mutation(async (ctx) => {
  try { await ctx.runQuery("errors:fails" as never); } catch (error) { return (error as Error).message; }
});
`;

let app: TestApp;
beforeAll(async () => {
  app = await openTexts({ "errors.ts": SOURCE });
});

/** Where a text of the source is, the first time, as frames name it. */
function place(text: string, plus = 0): string {
  const at = SOURCE.indexOf(text) + plus;
  const before = SOURCE.slice(0, at).split("\n");
  return `../convex/errors.ts:${before.length}:${(before.at(-1) ?? "").length + 1}`;
}

const INNER = () => `at inner (${place(`new Error("inner")`)})`;

async function lines(name: string): Promise<readonly string[]> {
  const call = await app.query(`errors:${name}`);
  expect(call.error).toBeUndefined();
  for (const line of call.lines) expect(line, name).not.toMatch(/file:|node:|narrowcast-bundle|packages\/|dist\//);
  return call.lines;
}

test("a logged error has the developer's frames and no others", async () => {
  const [line = ""] = await lines("plain");
  const frames = line.split("\n    ");
  expect(frames[0]).toBe("[ERROR] 'failed' Error: inner");
  expect(frames[1]).toBe(INNER());
  expect(frames[2]).toMatch(/^at (?:async )?outer \(\.\.\/convex\/errors\.ts:8:3\)$/);
  expect(frames.at(-1)).toMatch(/^at async <anonymous> \(\.\.\/convex\/errors\.ts:15:\d+\)$/);
});

test("an error's own fields, its cause and the errors in lists keep their form", async () => {
  const [withFields = ""] = await lines("withFields");
  expect(withFields).toMatch(/errors\.ts:16:\d+\) \{\n {2}code: 7\n\} 'end'$/);
  const [withCause = ""] = await lines("withCause");
  expect(withCause).toMatch(
    /^\[ERROR\] Error: outside\n {4}at <anonymous> \(.*errors\.ts:17:\d+\) \{\n {2}\[cause\]: Error: inner\n {6}at inner \(/,
  );
  expect(withCause.endsWith("\n}")).toBe(true);
  const [many = ""] = await lines("many");
  expect(many).toContain(`Error: inner\n      ${INNER()}`);
  expect(many).toContain("AggregateError: all\n");
  expect(many.match(/at inner \(\.\.\/convex/g)?.length).toBe(2);
  expect(many.endsWith("]")).toBe(true);
});

test("a stack that is logged as a text has the developer's frames, too", async () => {
  const [text = ""] = await lines("stackText");
  expect(text).toContain(INNER());
  const [field = ""] = await lines("stackField");
  expect(field).toContain(INNER());
  expect(field).toContain("message: 'inner'");
});

test("an error that the server threw shows the developer's frame", async () => {
  const [line = ""] = await lines("ofServer");
  expect(line).toMatch(
    /^\[WARN\] [^]*Index things\.by_nothing not found\.[^]*\n {4}at .*\(\.\.\/convex\/errors\.ts:22:\d+\)/,
  );
});

test("texts that only look like frames stay", async () => {
  expect(await lines("notAStack")).toEqual(["[LOG] 'look at a.ts:1:2' 'first\\n    at the corner'"]);
});

test("a timer that runs goes on, with a warning", async () => {
  expect(await lines("timers")).toEqual([
    "[WARN] Timer 'a' already exists",
    "[LOG] a: 0ms",
    "[WARN] Timer 'a' does not exist",
  ]);
});

test("frames name functions, `<anonymous>` where there is no name, and end with a line break", async () => {
  const { error } = await app.query("errors:fails");
  expect(error).toMatch(/^\[Request ID: [0-9a-f]{16}\] Server Error\nUncaught Error: inner\n {4}at inner \(/);
  expect(error).toMatch(/\n {4}at async <anonymous> \(\.\.\/convex\/errors\.ts:28:\d+\)\n$/);
  const atOnce = (await app.query("errors:failsAtOnce")).error;
  expect(atOnce).toMatch(/at inner \(\S+\)\n {4}at <anonymous> \(\.\.\/convex\/errors\.ts:29:\d+\)\n$/);
  const inline = (await app.query("errors:failsInline")).error;
  expect(inline).toMatch(/Uncaught TypeError: no\n {4}at <anonymous> \(\.\.\/convex\/errors\.ts:30:\d+\)\n/);
  expect(inline).toContain("    at Array.forEach (<anonymous>)\n");
});

test("what a caller catches is the error's text with its frames", async () => {
  const { value } = await app.mutation("errors:catches");
  expect(value).toMatch(/^Uncaught Error: inner\n {4}at inner \([^]*\n$/);
});
