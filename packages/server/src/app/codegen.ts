/**
 * Writes the `_generated` files that an app's source imports: function references, the data model's types and typed builders.
 *
 * The exports are those of the official code generator, so that apps type-check the same whichever wrote them. The schema is not evaluated: its
 * types are inferred from `schema.ts` by TypeScript, as the official default does.
 *
 * Files whose text would not change are left alone, so that watchers and type checkers are not woken.
 *
 * Not here: the texts (`codegen-templates.ts`).
 *
 * @module
 */
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
    if ((await readIfThere(file)) === text) continue;
    await writeFile(file, text);
    written.push(file);
  }
  return written;
}

/** Texts of the generated files by name. */
export function generatedFiles(convexDir: string): { readonly [name: string]: string } {
  const paths = findModules(path.resolve(convexDir)).map((module) => module.modulePath);
  const modules = paths.filter((modulePath) => !NOT_API.includes(modulePath));
  return {
    "api.d.ts": apiDeclarations(modules),
    "api.js": apiModule(),
    "dataModel.d.ts": dataModelDeclarations(paths.includes("schema.js")),
    "server.d.ts": serverDeclarations(),
    "server.js": serverModule(),
  };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
