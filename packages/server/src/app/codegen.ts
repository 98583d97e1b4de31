/**
 * Writes the `_generated` files that an app's source imports: function references, the data model's types and typed builders.
 *
 * The exports are those of the official code generator, so that apps type-check the same whichever wrote them. The schema is not evaluated: its
 * types are inferred from `schema.ts` by TypeScript, as the official default does.
 *
 * They import only what the app's version of `convex` exports.
 *
 * Files that say the same already are left alone, whoever wrote them: watchers and type checkers are not woken, and what the official command wrote and the app
 * keeps in its repository does not change.
 *
 * Not here: the texts (`codegen-templates.ts`).
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { findModules } from "./bundle-files.ts";
import {
  apiDeclarations,
  apiModule,
  dataModelDeclarations,
  serverDeclarations,
  serverModule,
} from "./codegen-templates.ts";
import type { ConvexFeatures } from "./codegen-templates.ts";

/** Minor versions of `convex` 1 from which on it exports `componentsGeneric` and `SystemTableNames`. */
const COMPONENTS_SINCE = 16;
const SYSTEM_TABLE_NAMES_SINCE = 4;

/** Modules that are no part of the function API. */
const NOT_API = ["schema.js", "auth.config.js"];

/**
 * Brings `<convexDir>/_generated` up to date.
 *
 * @param convexDir The functions folder.
 * @returns Absolute paths of the files that were written; empty if all were up to date.
 */
export async function writeGenerated(convexDir: string): Promise<string[]> {
  const dir = path.join(path.resolve(convexDir), "_generated");
  await mkdir(dir, { recursive: true });
  const written: string[] = [];
  for (const [name, text] of Object.entries(generatedFiles(convexDir))) {
    const file = path.join(dir, name);
    const present = await readIfThere(file);
    if (present !== undefined && saysTheSame(present, text)) continue;
    await writeFile(file, text);
    written.push(file);
  }
  return written;
}

/** Texts of the generated files by name. */
export function generatedFiles(convexDir: string): { readonly [name: string]: string } {
  const paths = findModules(path.resolve(convexDir)).map((module) => module.modulePath);
  const modules = paths.filter((modulePath) => !NOT_API.includes(modulePath));
  const features = convexFeatures(convexDir);
  return {
    "api.d.ts": apiDeclarations(modules, features),
    "api.js": apiModule(features),
    "dataModel.d.ts": dataModelDeclarations(paths.includes("schema.js"), features),
    "server.d.ts": serverDeclarations(),
    "server.js": serverModule(),
  };
}

/** The version of `convex` that the app resolves decides; the newest features if it is not found. */
function convexFeatures(convexDir: string): ConvexFeatures {
  const [major = 1, minor = Infinity] = convexVersion(path.resolve(convexDir)) ?? [];
  const since = (wanted: number) => major > 1 || minor >= wanted;
  return { components: since(COMPONENTS_SINCE), systemTableNames: since(SYSTEM_TABLE_NAMES_SINCE) };
}

function convexVersion(dir: string): readonly number[] | undefined {
  for (let at = dir; ; at = path.dirname(at)) {
    const file = path.join(at, "node_modules", "convex", "package.json");
    if (existsSync(file))
      return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version.split(".").map(Number);
    if (path.dirname(at) === at) return undefined;
  }
}

/** Whether two texts of one generated file differ in wording at most: they export the same, and import the same of the app's and, at run time, of `convex`. */
function saysTheSame(present: string, text: string): boolean {
  if (present === text) return true;
  const facts = (source: string) => {
    const code = source.replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, "");
    const found = (pattern: RegExp) => [...code.matchAll(pattern)].map(([, one = ""]) => one.replace(/\s+|,\s*$/g, ""));
    return [
      ...found(/export\s+(?:declare\s+)?(?:const|type|interface)\s+(\w+)/g).filter((name) => name !== "Env"),
      ...found(/from\s+["'](\.[^"']+)["']/g),
      ...found(/import\s*\{([^}]*)\}/g).flatMap((names) => names.split(",").filter((name) => name !== "")),
    ].toSorted();
  };
  return facts(present).join("\n") === facts(text).join("\n");
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
