/**
 * Apps given as texts: for tests and measurements that need a small app of their own.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { bundleApp } from "../app/bundle.ts";
import type { CodePackage } from "../app/types.ts";

/** Writes an app's files into a new folder, from which the repository's packages resolve. */
export function writeApp(files: { readonly [name: string]: string }): { readonly dir: string; remove(): void } {
  const root = mkdtempSync(path.join(tmpdir(), "narrowcast-app-"));
  const packages = createRequire(import.meta.url).resolve("convex/package.json");
  symlinkSync(path.dirname(path.dirname(packages)), path.join(root, "node_modules"));
  const dir = path.join(root, "convex");
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(dir, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return { dir, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** Bundles an app given as texts. */
export async function bundleTexts(files: { readonly [name: string]: string }): Promise<CodePackage> {
  const app = writeApp(files);
  try {
    return (await bundleApp(app.dir)).code;
  } finally {
    app.remove();
  }
}
