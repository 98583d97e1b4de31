/**
 * Generated files: apps compile against them, with and without a schema, and nothing is rewritten in vain.
 */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { generatedFiles, writeGenerated } from "./codegen.ts";
import { FIXTURE_DIR } from "../testing/app-harness.ts";
import { writeApp } from "../kit/text-app.ts";

const run = promisify(execFile);

/** Type-checks an app as bundler-style projects do; gives the compiler's output. */
async function typeCheck(dir: string): Promise<string> {
  writeFileSync(
    path.join(dir, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        target: "ESNext",
        module: "ESNext",
        moduleResolution: "bundler",
        lib: ["ES2023", "DOM"],
        types: [],
      },
      include: ["**/*.ts"],
    }),
  );
  const compiler = path.join(
    path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
    "bin/tsc",
  );
  try {
    await run(process.execPath, [compiler, "-p", dir, "--pretty", "false"]);
    return "";
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  }
}

const MESSAGES = `
import { api, internal } from "./_generated/api";
import { action, internalQuery, query, env, type QueryCtx } from "./_generated/server";
import type { Doc, Id } from "./_generated/dataModel";
import { v } from "convex/values";
export const list = query({ args: { id: v.id("rooms") }, handler: async (ctx, { id }) => find(ctx, id) });
export const count = internalQuery({ args: {}, handler: async (): Promise<number> => 1 });
async function find(ctx: QueryCtx, id: Id<"rooms">) { return ctx.db.get(id); }
export const all = action({ args: {}, handler: async (ctx): Promise<number> => ctx.runQuery(internal.messages.count, {}) });
export const url: string = env.CONVEX_SITE_URL;
void api.messages.list;
`;

test("an app with a schema compiles, and mistakes are found", async () => {
  const app = writeApp({
    "schema.ts": `import { defineSchema, defineTable } from "convex/server";
      import { v } from "convex/values";
      export default defineSchema({ rooms: defineTable({ name: v.string() }).index("by_name", ["name"]) });`,
    "messages.ts": `${MESSAGES}export const name = (room: Doc<"rooms">): string => room.name;`,
    "deep/delete.ts": `import { query } from "../_generated/server";\nexport const one = query(async () => 1);`,
    "with_line.ts": `import { query } from "./_generated/server";\nexport const one = query(async () => 1);`,
  });
  await writeGenerated(app.dir);
  expect(await typeCheck(app.dir)).toBe("");
  writeFileSync(
    path.join(app.dir, "wrong.ts"),
    `import { api, internal } from "./_generated/api";
    import type { Doc } from "./_generated/dataModel";
    void api.messages.count; void internal.messages.list; void api.deep.delete.one; void api.with_line.one;
    export const n = (room: Doc<"rooms">) => room.missing;`,
  );
  const output = await typeCheck(app.dir);
  expect(output.match(/wrong\.ts.*error TS\d+: Property '\w+'/g)?.map((line) => line.split("Property ")[1])).toEqual([
    "'count'",
    "'list'",
    "'missing'",
  ]);
  app.remove();
});

test("an app without a schema compiles", async () => {
  const app = writeApp({ "messages.ts": `${MESSAGES}export const name = (room: Doc) => room.anything;` });
  await writeGenerated(app.dir);
  expect(await typeCheck(app.dir)).toBe("");
  app.remove();
});

test("unchanged files are not written again", async () => {
  const app = writeApp({ "a.ts": `export const a = 1;` });
  expect((await writeGenerated(app.dir)).map((file) => path.basename(file))).toEqual([
    "api.d.ts",
    "api.js",
    "dataModel.d.ts",
    "server.d.ts",
    "server.js",
  ]);
  const before = statSync(path.join(app.dir, "_generated/api.js")).mtimeMs;
  expect(await writeGenerated(app.dir)).toEqual([]);
  writeFileSync(path.join(app.dir, "b.ts"), `export const b = 1;`);
  expect((await writeGenerated(app.dir)).map((file) => path.basename(file))).toEqual(["api.d.ts"]);
  expect(statSync(path.join(app.dir, "_generated/api.js")).mtimeMs).toBe(before);
  app.remove();
});

test("the fixture app's generated files are up to date", () => {
  for (const [name, text] of Object.entries(generatedFiles(FIXTURE_DIR))) {
    expect(readFileSync(path.join(FIXTURE_DIR, "_generated", name), "utf8")).toBe(text);
  }
});

/** Puts a package called `convex` of this version beside an app's functions. */
function installConvex(dir: string, version: string): void {
  const folder = path.join(path.dirname(dir), "node_modules");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, "convex"), { recursive: true });
  writeFileSync(path.join(folder, "convex/package.json"), JSON.stringify({ name: "convex", version }));
}

test.each([
  ["1.48.0", true, true],
  ["1.16.0", true, true],
  ["1.15.0", false, true],
  ["1.4.1", false, true],
  ["1.3.1", false, false],
  ["1.0.3", false, false],
  ["2.0.0", true, true],
])("files import only what convex %s exports", (version, components, systemTableNames) => {
  const app = writeApp({ "schema.ts": `export const a = 1;` });
  installConvex(app.dir, version);
  const files = generatedFiles(app.dir);
  expect(files["api.js"]?.includes("componentsGeneric")).toBe(components);
  expect(files["api.js"]?.includes("export const components")).toBe(components);
  expect(files["api.d.ts"]?.includes("components")).toBe(components);
  expect(files["dataModel.d.ts"]?.includes("SystemTableNames")).toBe(systemTableNames);
  app.remove();
});

test("a file that differs in wording only stays, one that says something else does not", async () => {
  const app = writeApp({ "a.ts": `export const a = 1;` });
  await writeGenerated(app.dir);
  const file = path.join(app.dir, "_generated/api.js");
  const official = `/* eslint-disable */
/** Generated \`api\` utility. */
import { anyApi, componentsGeneric } from 'convex/server'

export const api = anyApi // as the official command writes it
export const internal = anyApi
export const components = componentsGeneric()
`;
  writeFileSync(file, official);
  expect(await writeGenerated(app.dir)).toEqual([]);
  expect(readFileSync(file, "utf8")).toBe(official);
  writeFileSync(file, official.replace("export const internal = anyApi\n", ""));
  expect(await writeGenerated(app.dir)).toEqual([file]);
  // A version of the package that does not export what the file imports.
  installConvex(app.dir, "1.15.0");
  writeFileSync(file, official);
  expect(await writeGenerated(app.dir)).toContain(file);
  app.remove();
});
