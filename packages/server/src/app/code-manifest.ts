/**
 * Code by hash: a push is a list of scripts, each named by the SHA-256 of what it says, so what is known is neither sent nor stored again.
 *
 * The hash is over the source and its source map, as Convex's push protocol defines it.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { CodeManifest, CodePackage, ModuleEnvironment, ModuleRef, ModuleSource } from "./types.ts";

/** SHA-256 of a script with its source map, as 64 hex digits. */
export function hashOf({ source, sourceMap }: ModuleSource): string {
  return createHash("sha256")
    .update(source)
    .update(sourceMap ?? "")
    .digest("hex");
}

/** A package taken apart: the list of its scripts, and their texts by hash. */
export function takeApart(code: CodePackage): {
  readonly manifest: CodeManifest;
  readonly sources: ReadonlyMap<string, ModuleSource>;
} {
  const sources = new Map<string, ModuleSource>();
  const modules: ModuleRef[] = [];
  for (const environment of ["isolate", "node"] as const) {
    const bundle = code[environment];
    if (bundle === null) continue;
    const { source, sourceMap } = bundle;
    const hash = hashOf(bundle);
    sources.set(hash, { source, sourceMap });
    modules.push({ path: `_bundle/${environment}.js`, environment, hash });
  }
  return { manifest: { modules, nodeResolveDir: code.nodeResolveDir }, sources };
}

/** Hashes of a list, each once. */
export function hashesOf({ modules }: CodeManifest): readonly string[] {
  return [...new Set(modules.map(({ hash }) => hash))];
}

/** The script of one environment; undefined when the app has none. */
export function scriptRef(manifest: CodeManifest, environment: ModuleEnvironment): ModuleRef | undefined {
  return manifest.modules.find((module) => module.environment === environment);
}

/** Whether both name the same code. */
export function isSameCode(one: CodeManifest | null, other: CodeManifest | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
