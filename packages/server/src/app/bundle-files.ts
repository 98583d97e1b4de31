/**
 * Which files of an app's functions folder are modules, and where each of them runs.
 *
 * The rules are those of the official CLI, so that an app has the same function names here and there: `_generated`, dot
 * files, names with several dots (`x.test.ts`, `x.config.ts`, `x.d.ts`), names with spaces and nested component folders are left
 * out; a file whose first statements include `"use node"` belongs to the node environment.
 *
 * Not here: bundling (`bundle.ts`).
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { ModuleEnvironment } from "./types.ts";

/** One module of an app. */
export interface ModuleFile {
  /** Absolute path of the source. */
  readonly file: string;
  /** Module path with forward slashes and `.js`, for example `dir/mod.js`. */
  readonly modulePath: string;
  readonly environment: ModuleEnvironment;
}

/** The parts of `convex.json` that matter for bundling. */
export interface ProjectConfig {
  /** Folder that holds `convex.json` or `package.json`; the parent of the functions folder if neither is found. */
  readonly root: string;
  /** `convex.json`, or null. */
  readonly file: string | null;
  /** Functions folder as `convex.json` names it, relative to `root`. */
  readonly functions: string;
  /** Packages of "use node" modules that stay outside of the bundle; `*` for all. */
  readonly externalPackages: readonly string[];
}

const EXTENSIONS = [".js", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".jsx"];
const ISOLATE_ONLY = ["http", "crons", "schema", "auth.config"];

/**
 * Reads the project that `dir` (a project folder, or a functions folder in one) belongs to.
 *
 * @throws {Error} If `convex.json` cannot be parsed.
 */
export function readProjectConfig(dir: string): ProjectConfig {
  const start = path.resolve(dir);
  let packageRoot: string | undefined;
  for (let at = start; ; at = path.dirname(at)) {
    const file = path.join(at, "convex.json");
    if (existsSync(file)) return parseProjectConfig(at, file);
    if (packageRoot === undefined && existsSync(path.join(at, "package.json"))) packageRoot = at;
    if (path.dirname(at) === at) break;
  }
  return { root: packageRoot ?? path.dirname(start), file: null, functions: "convex", externalPackages: [] };
}

function parseProjectConfig(root: string, file: string): ProjectConfig {
  let json: { functions?: unknown; node?: { externalPackages?: unknown } };
  try {
    json = JSON.parse(readFileSync(file, "utf8")) as typeof json;
  } catch (error) {
    throw new Error(`Cannot read "${file}": ${(error as Error).message}; it must be a JSON object`, { cause: error });
  }
  const external = json.node?.externalPackages;
  return {
    root,
    file,
    functions: typeof json.functions === "string" ? json.functions : "convex",
    externalPackages: Array.isArray(external) ? external.filter((name) => typeof name === "string") : [],
  };
}

/** The functions folder of the project at `projectDir`: what `convex.json` says, else `convex`. Absolute. */
export function functionsDir(projectDir: string): string {
  const config = readProjectConfig(projectDir);
  return path.resolve(config.file === null ? projectDir : config.root, config.functions);
}

/**
 * All modules of a functions folder, in a stable order. `schema` and `auth.config` are among them when they exist.
 *
 * @throws {Error} For `"use node"` where it is not allowed, two files for one module, a reserved folder, or a name that cannot be called.
 */
export function findModules(convexDir: string): ModuleFile[] {
  const found = new Map<string, ModuleFile>();
  for (const file of walk(convexDir)) {
    const relative = path.relative(convexDir, file).split(path.sep).join("/");
    if (!isModule(relative)) continue;
    const source = readFileSync(file, "utf8");
    if (/\.tsx?$/.test(relative) && !/^\s{0,100}(import|export)/m.test(source)) continue;
    const modulePath = relative.replace(/\.[^./]+$/, ".js");
    checkModulePath(modulePath);
    const other = found.get(modulePath);
    if (other !== undefined) {
      throw new Error(`Cannot bundle "${relative}": "${path.basename(other.file)}" has the same module path; keep one`);
    }
    found.set(modulePath, { file, modulePath, environment: environmentOf(relative, source) });
  }
  return [...found.values()];
}

function* walk(dir: string): Generator<string> {
  const entries = readdirSync(dir, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const file = path.join(dir, entry.name);
    if (entry.isDirectory()) {
      if (entry.name === "node_modules" || existsSync(path.join(file, "convex.config.ts"))) continue;
      yield* walk(file);
    } else if (entry.isFile()) {
      yield file;
    }
  }
}

function isModule(relative: string): boolean {
  const base = path.posix.basename(relative);
  if (relative.startsWith("_deps/")) {
    throw new Error(`Cannot bundle "${relative}": the folder "_deps" is reserved for dependencies; move the file`);
  }
  if (!EXTENSIONS.includes(path.posix.extname(relative)) || relative.startsWith("_generated/")) return false;
  if (base.startsWith(".") || base.startsWith("#") || relative.includes(" ")) return false;
  // The schema is the one at the top.
  if (relative.includes("/") && /^schema\.[jt]s$/.test(base)) return false;
  if (/^auth\.config\.[jt]s$/.test(relative)) return true;
  return base.split(".").length === 2;
}

function checkModulePath(modulePath: string): void {
  const refused = modulePath.split("/").find((component) => !/^[\w.]+$/.test(component));
  if (refused === undefined) return;
  throw new Error(
    `${modulePath} is not a valid path to a Convex module. Path component ${refused} can only contain alphanumeric characters, underscores, or periods.`,
  );
}

function environmentOf(relative: string, source: string): ModuleEnvironment {
  if (!source.includes("use node") || !hasDirective(source, "use node")) return "isolate";
  if (ISOLATE_ONLY.includes(relative.replace(/\.[^./]+$/, ""))) {
    throw new Error(`"use node" directive is not allowed for ${relative}.`);
  }
  return "node";
}

/** Whether the directive prologue of `source` (strings before the first other statement) contains `directive`. */
export function hasDirective(source: string, directive: string): boolean {
  const pattern = /\s+|\/\/[^\n]*|\/\*[^]*?\*\/|#![^\n]*|;|"([^"\n]*)"|'([^'\n]*)'/y;
  for (let at = 0; at < source.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match === null) return false;
    if ((match[1] ?? match[2]) === directive) return true;
  }
  return false;
}
