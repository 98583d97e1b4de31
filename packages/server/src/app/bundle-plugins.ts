/**
 * esbuild plugins for user code: stand-ins for special imports, WebAssembly, and packages that stay outside.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import path from "node:path";
import type { OnResolveArgs, Plugin } from "esbuild";

/** Packages whose presence among the dependencies says: this package loads a native add-on. */
const NATIVE_HELPERS = [
  "bindings",
  "node-gyp-build",
  "node-addon-api",
  "prebuild-install",
  "@mapbox/node-pre-gyp",
  "nan",
];

/** Key, in the table that a bundle returns, of what the host itself takes from the app's packages. */
export const HOST_EXPORTS = "narrowcast:host";

/** Provides `ConvexError` of the app's own `convex` package under `HOST_EXPORTS`; nothing if the app has none. */
export function hostPlugin(dir: string): Plugin {
  return {
    name: "host",
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${HOST_EXPORTS}$`) }, (args) => ({ path: args.path, namespace: "host" }));
      build.onLoad({ filter: /.*/, namespace: "host" }, async () => {
        const found = await build.resolve("convex/values", { resolveDir: dir, kind: "import-statement" });
        const contents = found.errors.length === 0 ? `export { ConvexError } from "convex/values";` : "export {};";
        return { contents, resolveDir: dir, loader: "js" };
      });
    },
  };
}

/**
 * `server-only` becomes empty; `async_hooks` in isolate modules becomes the globals that the runtime gives.
 *
 * @param isIsolate False for "use node" modules, which have the real `async_hooks`.
 */
export function shimsPlugin(isIsolate: boolean): Plugin {
  return {
    name: "shims",
    setup(build) {
      build.onResolve({ filter: /^server-only$/ }, (args) => ({ path: args.path, namespace: "server-only-stub" }));
      build.onLoad({ filter: /.*/, namespace: "server-only-stub" }, () => ({ contents: "", loader: "js" }));
      if (!isIsolate) return;
      build.onResolve({ filter: /^(node:)?async_hooks$/ }, (args) => ({
        path: args.path,
        namespace: "async-hooks-shim",
      }));
      build.onLoad({ filter: /.*/, namespace: "async-hooks-shim" }, () => ({
        contents: `export const { AsyncLocalStorage, AsyncResource } = globalThis;
          export default { AsyncLocalStorage, AsyncResource };`,
        loader: "js",
      }));
    },
  };
}

/** `import module from "./x.wasm"` gives a `WebAssembly.Module`, compiled when the bundle is evaluated. */
export function wasmPlugin(): Plugin {
  return {
    name: "wasm",
    setup(build) {
      build.onResolve({ filter: /\.wasm$/ }, (args) => {
        if (args.namespace === "wasm-stub") return { path: args.path, namespace: "wasm-binary" };
        if (args.resolveDir === "") return undefined;
        return { path: path.resolve(args.resolveDir, args.path), namespace: "wasm-stub" };
      });
      build.onLoad({ filter: /.*/, namespace: "wasm-stub" }, (args) => ({
        contents: `import bytes from ${JSON.stringify(args.path)};\nexport default new WebAssembly.Module(bytes);`,
      }));
      build.onLoad({ filter: /.*/, namespace: "wasm-binary" }, async (args) => ({
        contents: await readFile(args.path),
        loader: "binary",
        watchFiles: [args.path],
      }));
    },
  };
}

/**
 * Keeps packages out of a node bundle: those of `allowed` (`*` for all), native ones, and those already in `external`.
 *
 * @param external Receives the names of the packages kept out.
 */
export function externalPackagesPlugin(allowed: readonly string[], external: Set<string>): Plugin {
  return {
    name: "external-packages",
    setup(build) {
      build.onResolve({ filter: /\.node$/ }, (args) => ({ path: args.path, external: true }));
      build.onResolve({ filter: /^[^./]/ }, (args) => {
        const name = packageName(args);
        if (name === undefined) return undefined;
        // `convex` must be bundled: its functions find the host through globals that only the script sees.
        const wanted = name !== "convex" && (allowed.includes("*") || allowed.includes(name));
        if (!wanted && !external.has(name) && !isNative(args.resolveDir, name)) return undefined;
        external.add(name);
        return { path: args.path, external: true };
      });
    },
  };
}

function packageName(args: OnResolveArgs): string | undefined {
  if (args.kind === "entry-point" || path.isAbsolute(args.path) || args.path.startsWith("node:")) return undefined;
  const parts = args.path.split("/");
  const name = args.path.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]!;
  return builtinModules.includes(name) ? undefined : name;
}

function isNative(resolveDir: string, name: string): boolean {
  for (let at = resolveDir; at !== ""; at = path.dirname(at)) {
    const dir = path.join(at, "node_modules", name);
    if (existsSync(path.join(dir, "package.json"))) return looksNative(dir);
    if (path.dirname(at) === at) return false;
  }
  return false;
}

function looksNative(dir: string): boolean {
  if (existsSync(path.join(dir, "binding.gyp"))) return true;
  const json = JSON.parse(readFileSync(path.join(dir, "package.json"), "utf8")) as {
    gypfile?: unknown;
    binary?: unknown;
    dependencies?: { readonly [name: string]: string };
  };
  return (
    json.gypfile === true ||
    json.binary !== undefined ||
    Object.keys(json.dependencies ?? {}).some((name) => NATIVE_HELPERS.includes(name))
  );
}
