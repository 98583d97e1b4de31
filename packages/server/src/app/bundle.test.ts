/**
 * Bundling: which files are modules, what the errors say, what stays outside.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { hasDirective } from "./bundle-files.ts";
import { BundleError, bundleApp, functionsDir } from "./bundle.ts";
import { openApp } from "../testing/app-harness.ts";
import { bundleTexts, writeApp } from "../kit/text-app.ts";

test("modules are those of the official CLI", async () => {
  const code = await bundleTexts({
    "schema.ts": `export default 1;`,
    "auth.config.ts": `export default { providers: [] };`,
    "convex.config.ts": `export default 1;`,
    "messages.ts": `export const a = 1;`,
    "deep/schema.ts": `throw new Error("not a module");`,
    "deep/er/schema.js": `throw new Error("not a module");`,
    "deep/er/x.tsx": `export const a = <p />;\nimport { jsx } from "react/jsx-runtime"; void jsx;`,
    "old.mjs": `export const a = 1;`,
    "plain.js": `module.exports = { a: 1 };`,
    "messages.test.ts": `throw new Error("not a module");`,
    "types.d.ts": `export declare const a: number;`,
    "empty.ts": `// Nothing here.`,
    "notes.md": `# notes`,
    ".hidden.ts": `export const a = 1;`,
    "with space.ts": `export const a = 1;`,
    "_generated/api.js": `throw new Error("not a module");`,
    "component/convex.config.ts": `export default 1;`,
    "component/inner.ts": `export const a = 1;`,
    "heavy.ts": `"use node";\nimport fs from "node:fs";\nexport const a = fs.constants;`,
  });
  expect(code.isolate.modules).toEqual([
    "auth.config.js",
    "deep/er/x.js",
    "messages.js",
    "old.js",
    "plain.js",
    "schema.js",
  ]);
  expect(code.node?.modules).toEqual(["heavy.js"]);
  expect(code.nodeResolveDir).toBeNull();
});

test.each([
  [`"use node";`, true],
  [`'use node'\nimport x from "y";`, true],
  [`// comment\n/* more\n lines */ "use strict"; "use node";`, true],
  [`#!/usr/bin/env node\n"use node";`, true],
  [`import x from "y";\n"use node";`, false],
  [`// "use node"\nexport {};`, false],
  [`const text = "use node";`, false],
  ["", false],
])("hasDirective(%j) is %s", (source, expected) => {
  expect(hasDirective(source, "use node")).toBe(expected);
});

/** Bundles and gives the error. */
async function failure(files: { readonly [name: string]: string }): Promise<BundleError> {
  const app = writeApp(files);
  try {
    await bundleApp(app.dir);
  } catch (error) {
    if (error instanceof BundleError) return error;
    throw error;
  } finally {
    app.remove();
  }
  throw new Error("bundling succeeded");
}

test("a syntax error names file, line, column and text", async () => {
  const error = await failure({ "a.ts": `export const a = 1;`, "b.ts": `export const b = 1;\nexport const = 2;` });
  expect(error.message).toBe(`convex/b.ts:2:14: Expected identifier but found "="\n    export const = 2;`);
  expect(error.problems).toEqual([
    { file: "convex/b.ts", line: 2, column: 14, text: expect.stringContaining("Expected identifier") },
  ]);
  expect(error.inputs.map((file) => path.basename(file))).toEqual(["a.ts", "b.ts"]);
});

test("an import that cannot be resolved is named", async () => {
  const error = await failure({ "a.ts": `import { x } from "./missing";\nexport const a = x;` });
  expect(error.message).toContain(`convex/a.ts:1:19: Could not resolve "./missing"`);
});

test(`a Node module outside of "use node" gets Convex's hint`, async () => {
  const error = await failure({ "a.ts": `import fs from "fs";\nexport const a = fs;` });
  expect(error.message).toContain(
    `It looks like you are using Node APIs from a file without the "use node" directive.`,
  );
});

test.each([
  [{ "http.ts": `"use node";\nexport default 1;` }, `"use node" directive is not allowed for http.ts.`],
  [{ "a.ts": `export {};`, "a.js": `export {};` }, `"a.js" has the same module path; keep one`],
  [{ "_deps/a.ts": `export {};` }, `the folder "_deps" is reserved for dependencies`],
])("rules of the folder: %j", async (files, says) => {
  expect((await failure(files)).message).toContain(says);
});

test("inputs are the app's own files, imported ones included", async () => {
  const app = writeApp({ "a.ts": `import { v } from "convex/values";\nexport { x } from "../common/x";\nvoid v;` });
  const common = path.join(path.dirname(app.dir), "common", "x.ts");
  mkdirSync(path.dirname(common));
  writeFileSync(common, `export const x = 1;`);
  const { inputs } = await bundleApp(app.dir);
  app.remove();
  expect(inputs).toEqual([common, path.join(app.dir, "a.ts")]);
});

test("convex.json moves the functions folder and keeps packages outside", async () => {
  const app = writeApp({});
  const root = path.dirname(app.dir);
  const dir = path.join(root, "src", "backend");
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    path.join(root, "convex.json"),
    JSON.stringify({ functions: "src/backend/", node: { externalPackages: ["esbuild"] } }),
  );
  writeFileSync(
    path.join(dir, "a.ts"),
    `"use node";\nimport { actionGeneric as action } from "convex/server";
    import * as esbuild from "esbuild";\nexport const version = action(() => esbuild.version);`,
  );
  expect(functionsDir(root)).toBe(dir);
  const { code, inputs } = await bundleApp(functionsDir(root));
  expect(code.nodeResolveDir).toBe(root);
  expect(inputs).toEqual([path.join(root, "convex.json"), path.join(dir, "a.ts")]);
  const loaded = await openApp(code);
  expect(loaded.user.analysis.functions.map(({ path }) => path)).toEqual(["a:version"]);
  app.remove();
});

test("packages that cannot be bundled stay outside by themselves", async () => {
  const app = writeApp({
    "a.ts": `"use node";\nimport * as lmdb from "lmdb";\nexport const a = Object.keys(lmdb).length;`,
  });
  const { code } = await bundleApp(app.dir);
  expect(code.nodeResolveDir).toBe(path.dirname(app.dir));
  expect(code.node?.source).toContain(`require("lmdb")`);
  app.remove();
});

test.each([
  [`export const q = query(() => 1);`, "`q` defined in `a.js` is a query. Only actions can be defined in Node.js."],
  [`export const h = httpAction(() => 1);`, "`h` defined in `a.js` is an HTTP action. Only actions can be defined"],
])("a node module may only define actions: %s", async (source, says) => {
  const code = await bundleTexts({
    "a.ts": `"use node";\nimport { queryGeneric as query, httpActionGeneric as httpAction } from "convex/server";\n${source}`,
  });
  await expect(openApp(code)).rejects.toThrow(says);
});

const SERVER = `import { queryGeneric as query, mutationGeneric as mutation, cronJobs, makeFunctionReference } from "convex/server";\n`;

test.each([
  ["schema.ts", `export default 1;`, "Cannot read schema.js: its default export is not a schema"],
  ["http.ts", `export const x = 1;`, "Cannot read http.js: its default export is not a router"],
  ["crons.ts", `export default {};`, "Cannot read crons.js: its default export is not a cron table"],
  [
    "crons.ts",
    `${SERVER}const crons = cronJobs(); crons.interval("tick", { seconds: 1 }, makeFunctionReference("a:b")); export default crons;`,
    `Cannot schedule cron job "tick" on a:b: there is no such function; it should be a mutation or an action`,
  ],
  [
    "f.ts",
    `${SERVER}export const broken = query({ args: { a: undefined }, handler: () => 1 });`,
    "Cannot read f:broken: ",
  ],
  [
    "f.ts",
    `throw new TypeError("at import");\nexport const x = 1;`,
    "Failed to import the app's modules: Uncaught TypeError: at import\n    at <anonymous> (../convex/f.ts:1:7)\n",
  ],
])("%s: %s fails", async (file, source, says) => {
  await expect(openApp(await bundleTexts({ [file]: source }))).rejects.toThrow(says);
});

test("the trace of a module that throws ends with the app's own frames", async () => {
  const source = `import "./lib/g";\nfunction deep() { throw new Error("no"); }\ndeep();\nexport const x = 1;`;
  const code = await bundleTexts({ "f.ts": source, "lib/g.ts": "export const g = 1;" });
  await expect(openApp(code)).rejects.toThrow(
    /at deep \(\.\.\/convex\/f\.ts:2:25\)\n {4}at <anonymous> \(\.\.\/convex\/f\.ts:3:1\)\n$/u,
  );
});

test("a file whose name cannot be part of a function's path is refused", async () => {
  await expect(bundleTexts({ "dir/my-file.ts": "export const x = 1;" })).rejects.toThrow(
    "dir/my-file.js is not a valid path to a Convex module. Path component my-file.js can only contain alphanumeric characters, underscores, or periods.",
  );
});
