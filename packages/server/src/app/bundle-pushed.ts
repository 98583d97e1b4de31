/**
 * Makes a `CodePackage` of the modules that the official CLI pushes: ES modules that it has bundled already, with shared chunks.
 *
 * They become the same two scripts as an app's own folder (`bundle.ts`). Their source maps are followed, so places are the developer's.
 *
 * Not here: the protocol of the push (`http/push-routes.ts`).
 *
 * @module
 */
import path from "node:path";
import * as esbuild from "esbuild";
import { HOST_EXPORTS } from "./bundle-plugins.ts";
import { ENTRY, entryText, scriptOptions } from "./script-options.ts";
import type { Bundle, CodePackage, ModuleEnvironment } from "./types.ts";

/** One module as it is pushed. */
export interface PushedModule {
  /** `messages.js`; of a shared chunk `_deps/4FJ2K.js`. */
  readonly path: string;
  /** An ES module. */
  readonly source: string;
  /** Source map JSON text. */
  readonly sourceMap: string | null;
  readonly environment: ModuleEnvironment;
}

/** Where the modules are put, in names only. */
const ROOT = "/app";
const FOLDER = "/app/convex";
const CHUNKS = "_deps/";
const NAMESPACE = "pushed";

/** @throws {Error} If a module does not parse, or imports what was not pushed; all problems are in the text. */
export async function bundlePushed(modules: readonly PushedModule[]): Promise<CodePackage> {
  const of = (environment: ModuleEnvironment): readonly PushedModule[] =>
    modules.filter((module) => module.environment === environment);
  const node = of("node");
  return {
    isolate: await bundle(of("isolate"), "isolate"),
    node: node.length === 0 ? null : await bundle(node, "node"),
    nodeResolveDir: null,
  };
}

async function bundle(modules: readonly PushedModule[], environment: ModuleEnvironment): Promise<Bundle> {
  const named = modules.filter((module) => !module.path.startsWith(CHUNKS)).map((module) => module.path);
  const entry = named.toSorted().map((modulePath) => ({ modulePath, specifier: `./${modulePath}` }));
  const files = new Map(modules.map((module) => [path.posix.join(FOLDER, module.path), module]));
  try {
    const result = await esbuild.build({
      ...scriptOptions(entry, environment, ROOT),
      absWorkingDir: "/",
      stdin: { contents: entryText(entry), resolveDir: FOLDER, sourcefile: ENTRY, loader: "js" },
      plugins: [pushedPlugin(files)],
    });
    const source = result.outputFiles.find((file) => file.path.endsWith(".js"))?.text ?? "";
    const sourceMap = result.outputFiles.find((file) => file.path.endsWith(".map"))?.text ?? null;
    return {
      source,
      sourceMap: sourceMap === null ? null : asDeveloperSees(sourceMap),
      modules: entry.map((one) => one.modulePath),
    };
  } catch (error) {
    if (typeof error !== "object" || error === null || !("errors" in error)) throw error;
    const { errors } = error as esbuild.BuildFailure;
    throw new Error(errors.map(problemText).join("\n"), { cause: error });
  }
}

function problemText({ text, location }: esbuild.Message): string {
  return location === null ? text : `${location.file.replace(`${NAMESPACE}:${FOLDER}/`, "")}:${location.line}: ${text}`;
}

/** Modules come from what was pushed; nothing is read from this machine. */
function pushedPlugin(files: ReadonlyMap<string, PushedModule>): esbuild.Plugin {
  return {
    name: "pushed",
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${HOST_EXPORTS}$`) }, () => ({ path: HOST_EXPORTS, namespace: "host" }));
      build.onLoad({ filter: /.*/, namespace: "host" }, () => ({ contents: "export {};", loader: "js" }));
      build.onResolve({ filter: /^\.{1,2}\// }, ({ path: specifier, importer }) => {
        const from = importer === ENTRY || importer === "" ? FOLDER : path.posix.dirname(importer);
        const file = path.posix.join(from, specifier);
        if (files.has(file)) return { path: file, namespace: NAMESPACE };
        return { errors: [{ text: `Module "${specifier}" is imported and was not pushed` }] };
      });
      build.onResolve({ filter: /.*/ }, ({ path: specifier, kind }) => {
        // What the platform has is required when the script runs.
        if (kind === "entry-point") return undefined;
        return { path: specifier, external: true };
      });
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path: file }) => {
        const module = files.get(file);
        return {
          contents: module === undefined ? "" : withMap(module),
          loader: "js",
          resolveDir: path.posix.dirname(file),
        };
      });
    },
  };
}

function withMap({ source, sourceMap }: PushedModule): string {
  if (sourceMap === null) return source;
  const encoded = Buffer.from(sourceMap).toString("base64");
  return `${source.replace(/\n\/\/# sourceMappingURL=.*\s*$/u, "")}\n//# sourceMappingURL=data:application/json;base64,${encoded}`;
}

/** Places as developers know them, from `../convex/` on, however the maps of the modules name them. */
function asDeveloperSees(sourceMap: string): string {
  const map = JSON.parse(sourceMap) as { sources: string[] };
  map.sources = map.sources.map((source) => {
    const plain = source.replace(new RegExp(`^${NAMESPACE}:`), "");
    const at = plain.lastIndexOf("/convex/");
    return at < 0 ? plain : `..${plain.slice(at)}`;
  });
  return JSON.stringify(map);
}
