/**
 * Modules of the official CLI, ES modules with shared chunks, as one script: evaluated, and told of by the developer's places.
 */
import * as esbuild from "esbuild";
import { TraceMap, originalPositionFor } from "@jridgewell/trace-mapping";
import path from "node:path";
import { compileFunction } from "node:vm";
import { expect, test } from "vitest";
import { writeApp } from "../kit/text-app.ts";
import { bundlePushed, type PushedModule } from "./bundle-pushed.ts";

const module = (name: string, source: string, more: Partial<PushedModule> = {}): PushedModule => ({
  path: name,
  source,
  sourceMap: null,
  environment: "isolate",
  ...more,
});

type Exports = { readonly [name: string]: unknown };

function evaluate(source: string): { readonly [module: string]: Exports } {
  const run = compileFunction(source, ["require"]) as (require: (name: string) => unknown) => {
    [module: string]: Exports;
  };
  return run((name) => process.getBuiltinModule(name));
}

test("named modules are in the table, chunks are shared and not in it", async () => {
  const { isolate, node } = await bundlePushed([
    module("a.js", `import { box } from "./_deps/AB.js"; export const get = () => box.n;`),
    module("dir/b.js", `import { box } from "../_deps/AB.js"; export const add = () => { box.n += 1; };`),
    module("_deps/AB.js", `export const box = { n: 0 };`),
    module(
      "n.js",
      `import { join } from "node:path"; import { sep } from "./_deps/node/C.js"; export const at = join("a", sep);`,
      { environment: "node" },
    ),
    module("_deps/node/C.js", `export const sep = "b";`, { environment: "node" }),
  ]);
  expect(isolate.modules).toEqual(["a.js", "dir/b.js"]);
  const table = evaluate(isolate.source);
  (table["dir/b.js"]!["add"] as () => void)();
  expect((table["a.js"]!["get"] as () => number)()).toBe(1);
  expect(node?.modules).toEqual(["n.js"]);
  expect(evaluate(node!.source)["n.js"]).toEqual({ at: "a/b" });
});

test("without node modules there is no script of them", async () => {
  expect((await bundlePushed([module("a.js", "export const a = 1;")])).node).toBeNull();
});

test.each<[what: string, modules: readonly PushedModule[], text: string]>([
  ["does not parse", [module("a.js", "export const = 1;")], 'a.js:1: Expected identifier but found "="'],
  [
    "imports what was not pushed",
    [module("a.js", `import "./b.js";`)],
    `a.js:1: Module "./b.js" is imported and was not pushed`,
  ],
  [
    "imports a node chunk",
    [module("a.js", `import "./_deps/node/C.js";`), module("_deps/node/C.js", "", { environment: "node" })],
    "is imported and was not pushed",
  ],
])("a module that %s is an error with its place", async (_what, modules, text) => {
  await expect(bundlePushed(modules)).rejects.toThrow(text);
});

test("nothing is read from this machine", async () => {
  await expect(
    bundlePushed([module("a.js", `import x from "../../../../etc/hostname"; export { x };`)]),
  ).rejects.toThrow("was not pushed");
  // Names without a dot are the platform's: a query that needs one fails when it is loaded.
  const { isolate } = await bundlePushed([
    module("a.js", `import { readFileSync } from "node:fs"; export { readFileSync };`),
  ]);
  expect(isolate.source).toContain(`require("node:fs")`);
});

test("places are those of the developer's files, through the maps of the modules", async () => {
  const app = writeApp({
    "lib/far.ts": `export interface Unused { readonly a: string }\n\n\nexport const far = (): never => {\n  throw new Error("far");\n};\n`,
    "near.ts": `import { far } from "./lib/far";\nexport const near = () => far();\n`,
    "other.ts": `export { far } from "./lib/far";\n`,
  });
  const built = await esbuild.build({
    entryPoints: ["near.ts", "other.ts"].map((file) => path.join(app.dir, file)),
    bundle: true,
    splitting: true,
    format: "esm",
    write: false,
    outdir: "out",
    outbase: app.dir,
    chunkNames: "_deps/[hash]",
    sourcemap: true,
  });
  app.remove();
  const text = (file: string): string => built.outputFiles.find((one) => one.path.endsWith(file))!.text;
  const pushed = built.outputFiles
    .filter(({ path: file }) => file.endsWith(".js"))
    .map(({ path: file }) => {
      const name = file.slice(file.indexOf("/out/") + "/out/".length);
      return module(name, text(`/${name}`), { sourceMap: text(`/${name}.map`) });
    });
  expect(pushed.map((one) => one.path.replace(/_deps\/.*/, "_deps/x.js")).toSorted()).toEqual([
    "_deps/x.js",
    "near.js",
    "other.js",
  ]);
  const { isolate } = await bundlePushed(pushed);
  const lines = isolate.source.split("\n");
  const line = lines.findIndex((one) => one.includes(`new Error("far")`));
  const column = lines[line]!.indexOf("new Error");
  const found = originalPositionFor(new TraceMap(isolate.sourceMap!), { line: line + 1, column });
  expect(found).toMatchObject({ source: "../convex/lib/far.ts", line: 5, column: 8 });
});
