/**
 * Goal: user code is written in one language, whatever Node runs it and wherever the machine stands.
 *
 * The expected values follow from the standard; what Convex's engine has is in the cases of its documentation.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { beforeAll, expect, test } from "vitest";
import { openTexts } from "../testing/app-harness.ts";
import type { TestApp } from "../testing/app-harness.ts";

const SOURCE = `
import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
export const groups = query(() => [
  { ...Object.groupBy([1, 2, 3], (n) => n % 2 ? "odd" : "even") },
  [...Map.groupBy([1, 2, 3], (n) => n > 1)].map(([key, list]) => [key, list.length]),
]);
export const promises = query(async () => {
  const { promise, resolve } = Promise.withResolvers();
  resolve(7);
  async function* letters() { yield "a"; yield "b"; }
  return [await promise, await Promise.try(() => 8), await Array.fromAsync(letters()), await Array.fromAsync([1, 2], (n) => n * 2)];
});
export const sets = query(() => {
  const [a, b] = [new Set([1, 2]), new Set([2, 3])];
  return [
    [...a.union(b)], [...a.intersection(b)], [...a.difference(b)], [...a.symmetricDifference(b)],
    a.isSubsetOf(new Set([1, 2, 3])), a.isSupersetOf(new Set([1])), a.isDisjointFrom(new Set([9])), a.union(b) instanceof Set,
  ];
});
export const iterators = query(() => {
  function* numbers() { for (let n = 1; ; n++) yield n; }
  return [
    numbers().filter((n) => n % 2 === 0).map((n) => n * 10).drop(1).take(2).toArray(),
    new Map([["k", 1]]).keys().toArray(), [1, 2].values().flatMap((n) => [n, n]).toArray(),
    numbers().some((n) => n > 5), numbers().find((n) => n > 5), numbers().take(3).every((n) => n < 4), numbers().take(3).reduce((a, b) => a + b),
    Iterator.from([5]).next().value, numbers() instanceof Iterator,
  ];
});
export const rows = mutation(async (ctx) => {
  for (const n of [1, 2, 3]) await ctx.db.insert("things", { n });
  const found = await ctx.db.query("things").collect();
  return [Object.groupBy(found, ({ n }) => String(n > 1)).true.map(({ n }) => n), (await Array.fromAsync(ctx.db.query("things"))).length];
});
export const buffers = query(() => {
  const buffer = new Uint8Array([1, 2, 3]).buffer;
  const moved = buffer.transfer(2);
  return [buffer.byteLength, [...new Uint8Array(moved)]];
});
`;

let app: TestApp;
beforeAll(async () => {
  app = await openTexts({ "language.js": SOURCE });
});

test.each([
  [
    "groups",
    [
      { odd: [1, 3], even: [2] },
      [
        [false, 1],
        [true, 2],
      ],
    ],
  ],
  ["promises", [7, 8, ["a", "b"], [2, 4]]],
  ["sets", [[1, 2, 3], [2], [1], [1, 3], true, true, true, true]],
  ["iterators", [[40, 60], ["k"], [1, 1, 2, 2], true, 6, true, 6, 5, true]],
  ["buffers", [0, [1, 2]]],
])("what newer engines have is there: %s", async (name, expected) => {
  const { value, error } = await app.query(`language:${name}`);
  expect(error).toBeUndefined();
  expect(value).toEqual(expected);
});

test("rows can be grouped, and queries be gathered", async () => {
  const { value, error } = await app.mutation("language:rows");
  expect(error).toBeUndefined();
  expect(value).toEqual([[2, 3], 3]);
});

const LOCAL = `[
  (1234.5).toLocaleString(), 1234n.toLocaleString(), [1234.5].toLocaleString(), new Float64Array([1234.5]).toLocaleString(),
  new Date(0).toLocaleString(), new Date(0).toLocaleDateString(), new Date(0).toLocaleTimeString(),
  "i".toLocaleUpperCase(), "I".toLocaleLowerCase(), ["z", "ä", "a"].sort((a, b) => a.localeCompare(b)).join(""),
  new Intl.NumberFormat().format(0.5), Intl.NumberFormat().format(0.5), new Intl.DateTimeFormat().format(0),
  new Intl.ListFormat().format(["a", "b"]), new Intl.RelativeTimeFormat().format(1, "day"), new Intl.PluralRules(undefined, { type: "ordinal" }).select(2),
  new (class extends Intl.Collator {})().resolvedOptions().locale, new Intl.NumberFormat() instanceof Intl.NumberFormat,
  new Intl.NumberFormat().constructor === Intl.NumberFormat, (0.5).toLocaleString("de-DE"), new Intl.NumberFormat(["fr-FR"]).resolvedOptions().locale,
  Number.prototype.toLocaleString.name, new Date(0).toLocaleDateString(undefined, { month: "long", timeZone: "UTC" }),
]`;
const EXPECTED = [
  "1,234.5",
  "1,234",
  "1,234.5",
  "1,234.5",
  "1/1/1970, 12:00:00 AM",
  "1/1/1970",
  "12:00:00 AM",
  "I",
  "i",
  "aäz",
  "0.5",
  "0.5",
  "1/1/1970",
  "a and b",
  "in 1 day",
  "two",
  "en-US",
  true,
  true,
  "0,5",
  "fr-FR",
  "toLocaleString",
  "January",
];

test("the locale is en-US, whatever the machine's is", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "narrowcast-language-"));
  try {
    const outfile = path.join(directory, "child.cjs");
    const globals = fileURLToPath(new URL("user-globals.ts", import.meta.url));
    await build({
      stdin: {
        contents: `import { actionGlobals } from ${JSON.stringify(globals)}; import { compileFunction } from "node:vm";
          const globals = actionGlobals(() => { throw new Error("unused"); });
          const evaluate = compileFunction(${JSON.stringify(`return ${LOCAL}`)}, [...globals.keys()]);
          process.stdout.write(JSON.stringify(evaluate(...globals.values())));`,
        resolveDir: path.dirname(globals),
      },
      bundle: true,
      platform: "node",
      conditions: ["@narrowcast/source"],
      outfile,
    });
    for (const locale of ["de_DE.UTF-8", "tr_TR.UTF-8", "sv_SE.UTF-8", "C"]) {
      const env = { ...process.env, LC_ALL: locale, LANG: locale, TZ: "UTC" };
      const printed = JSON.parse(execFileSync(process.execPath, [outfile], { env, encoding: "utf8" })) as unknown[];
      // The narrow space before AM and PM differs from one release of the locale data to the next.
      const values = printed.map((value) => (typeof value === "string" ? value.replaceAll("\u202f", " ") : value));
      expect(values, locale).toEqual(EXPECTED);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
