/**
 * How a bundle's script is made, wherever its modules come from.
 *
 * @module
 */
import path from "node:path";
import type { BuildOptions } from "esbuild";
import { HOST_EXPORTS } from "./bundle-plugins.ts";
import type { ModuleEnvironment } from "./types.ts";

/** Name of the virtual entry; no file can be called so by accident. */
export const ENTRY = "<modules>";

/** A module of the table that a script returns. */
export interface EntryModule {
  /** Its key there: `messages.js`. */
  readonly modulePath: string;
  /** How the entry imports it. */
  readonly specifier: string;
}

/** The entry: all modules under names of their own. */
export function entryText(modules: readonly EntryModule[]): string {
  const imports = modules.map(({ specifier }, index) => `export * as m${index} from ${JSON.stringify(specifier)};`);
  // The host needs the app's own error class: what an action catches must be an instance of it.
  imports.push(`export * as host from "${HOST_EXPORTS}";`);
  return imports.join("\n");
}

/** Options for a script that returns the exports of `modules`. @param root Sources appear relative to a folder in it. */
export function scriptOptions(
  modules: readonly EntryModule[],
  environment: ModuleEnvironment,
  root: string,
): BuildOptions & { readonly write: false } {
  const table = modules.map(({ modulePath }, index) => `${JSON.stringify(modulePath)}: __modules.m${index}`);
  table.push(`"${HOST_EXPORTS}": __modules.host`);
  return {
    absWorkingDir: root,
    // Nothing is written. The place makes sources appear as `../convex/x.ts`, as developers know them from Convex.
    outfile: path.join(root, "out", `${environment}.js`),
    write: false,
    bundle: true,
    format: "iife",
    globalName: "__modules",
    banner: { js: `"use strict";` },
    footer: { js: `return { ${table.join(", ")} };` },
    platform: environment === "node" ? "node" : "browser",
    target: "node20",
    jsx: "automatic",
    conditions: ["convex", "module"],
    // A script has no loader for `import()`; with this, dynamic imports of outside packages become `require`.
    supported: { "dynamic-import": false },
    define: { "process.env.NODE_ENV": `"production"` },
    sourcemap: "external",
    sourcesContent: false,
    treeShaking: true,
    metafile: true,
    logLevel: "silent",
    logOverride: { "empty-import-meta": "silent" },
  };
}
