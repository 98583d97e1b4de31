/**
 * Turns an app's functions folder into a `CodePackage`: one script for all isolate modules and one for all "use node" modules.
 *
 * Each script is the body of a function whose parameters shadow the globals (`load.ts` calls it) and which returns the table
 * `module path → exports`. One script rather than one file a module keeps shared code shared and gives one source map.
 *
 *   convex/messages.ts ─┐                     "use strict"; var __modules = (() => { … })();
 *   convex/schema.ts   ─┼─ virtual entry ──▶  return { "messages.js": __modules.m0, "schema.js": __modules.m1 };
 *   convex/dir/mod.ts  ─┘
 *
 * Packages that a "use node" module imports and that cannot live in a script (native add-ons, names in `convex.json`
 * `node.externalPackages`) stay outside and are required at run time from the app's folder.
 *
 * Not here: evaluation, analysis, type checking, generated files (`codegen.ts`).
 *
 * @module
 */
import { existsSync } from "node:fs";
import path from "node:path";
import * as esbuild from "esbuild";
import { ENTRY, entryText, scriptOptions } from "./script-options.ts";
import { externalPackagesPlugin, hostPlugin, shimsPlugin, wasmPlugin } from "./bundle-plugins.ts";
import { findModules, readProjectConfig } from "./bundle-files.ts";
import type { ModuleFile, ProjectConfig } from "./bundle-files.ts";
import type { Bundle, CodePackage, ModuleEnvironment } from "./types.ts";
import { findUnsupported } from "./unsupported.ts";
import type { Unsupported } from "./unsupported.ts";

export { functionsDir } from "./bundle-files.ts";

/** What went wrong in one place of the app's source. `line` and `column` count from 1. */
export interface BundleProblem {
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly text: string;
}

/** The app's source cannot be bundled. The message lists all problems, ready to show. */
export class BundleError extends Error {
  override readonly name: string = "BundleError";
  readonly problems: readonly BundleProblem[];
  /** Files to watch for the next try; absolute. */
  readonly inputs: readonly string[];
  constructor(problems: readonly BundleProblem[], inputs: readonly string[], hint = "") {
    super(problems.map(formatProblem).join("\n") + hint);
    this.problems = problems;
    this.inputs = inputs;
  }
}

/** A bundled app and the files that went into it. */
export interface BundledApp {
  readonly code: CodePackage;
  /** Absolute paths of all sources outside of `node_modules`, and `convex.json`; new files in the folder are the watcher's business. */
  readonly inputs: string[];
  /** What the app uses that does not work here yet. */
  readonly unsupported: readonly Unsupported[];
}

/** Retries of a node bundle, each with one more package outside. */
const EXTERNAL_RETRIES_MAX = 20;

const USE_NODE_HINT =
  `\nIt looks like you are using Node APIs from a file without the "use node" directive.\n` +
  `Split out actions using Node.js APIs like this into a new file only containing actions that uses "use node" ` +
  `so these actions will run in a Node.js environment.\n` +
  `For more information see https://docs.convex.dev/functions/runtimes#nodejs-runtime`;

/**
 * Bundles the functions folder `convexDir`.
 *
 * @throws {BundleError} If a file cannot be parsed, an import cannot be resolved or the folder breaks a rule.
 */
export async function bundleApp(convexDir: string): Promise<BundledApp> {
  const dir = path.resolve(convexDir);
  let config: ProjectConfig;
  let modules: ModuleFile[];
  try {
    config = readProjectConfig(dir);
    modules = findModules(dir);
  } catch (error) {
    throw new BundleError([{ file: null, line: null, column: null, text: (error as Error).message }], [dir]);
  }
  const inputs = new Set(modules.map((module) => module.file));
  if (config.file !== null) inputs.add(config.file);
  const external = new Set<string>();
  const build = (environment: ModuleEnvironment) =>
    buildBundle({
      dir,
      config,
      environment,
      modules: modules.filter((module) => module.environment === environment),
      inputs,
      external,
    });
  const isolate = await build("isolate");
  const hasNode = modules.some((module) => module.environment === "node");
  const node = hasNode ? await build("node") : null;
  const configs = ["ts", "js"]
    .map((ending) => path.join(dir, `convex.config.${ending}`))
    .filter((file) => existsSync(file));
  for (const file of configs) inputs.add(file);
  const sorted = [...inputs].sort();
  return {
    code: { isolate, node, nodeResolveDir: external.size === 0 ? null : config.root },
    inputs: sorted,
    unsupported: findUnsupported(config.root, sorted),
  };
}

interface BuildJob {
  readonly dir: string;
  readonly config: ProjectConfig;
  readonly environment: ModuleEnvironment;
  readonly modules: readonly ModuleFile[];
  /** Receives the files that were read. */
  readonly inputs: Set<string>;
  /** Receives the packages that stay outside. */
  readonly external: Set<string>;
}

async function buildBundle(job: BuildJob): Promise<Bundle> {
  for (let attempt = 0; ; attempt++) {
    try {
      const result = await esbuild.build(buildOptions(job));
      recordInputs(job, Object.keys(result.metafile?.inputs ?? {}));
      const source = result.outputFiles?.find((file) => file.path.endsWith(".js"))?.text ?? "";
      const sourceMap = result.outputFiles?.find((file) => file.path.endsWith(".map"))?.text ?? null;
      return { source, sourceMap, modules: job.modules.map((module) => module.modulePath) };
    } catch (error) {
      if (!isBuildFailure(error)) throw error;
      const culprit = job.environment === "node" ? unbundlablePackage(error, job.external) : undefined;
      if (culprit === undefined || attempt >= EXTERNAL_RETRIES_MAX) throw bundleError(job, error);
      job.external.add(culprit);
    }
  }
}

function buildOptions(job: BuildJob): esbuild.BuildOptions {
  const isNode = job.environment === "node";
  const entry = job.modules.map(({ modulePath, file }) => {
    const relative = path.relative(job.dir, file).split(path.sep).join("/");
    return { modulePath, specifier: `./${relative}` };
  });
  return {
    ...scriptOptions(entry, job.environment, job.config.root),
    stdin: { contents: entryText(entry), resolveDir: job.dir, sourcefile: ENTRY, loader: "js" },
    plugins: isNode
      ? [
          hostPlugin(job.dir),
          shimsPlugin(false),
          externalPackagesPlugin(job.config.externalPackages, job.external),
          wasmPlugin(),
        ]
      : [hostPlugin(job.dir), shimsPlugin(true), wasmPlugin()],
  };
}

function recordInputs(job: BuildJob, names: readonly string[]): void {
  for (const name of names) {
    // Virtual modules have a namespace prefix; what lies in node_modules does not change while one works.
    if (name.endsWith(ENTRY) || /^[a-z-]+:/.test(name) || name.includes("node_modules/")) continue;
    job.inputs.add(path.resolve(job.config.root, name));
  }
}

function isBuildFailure(error: unknown): error is esbuild.BuildFailure {
  return typeof error === "object" && error !== null && "errors" in error && Array.isArray(error.errors);
}

/** The package whose own file failed to bundle: it goes outside and the bundle is tried again. */
function unbundlablePackage(failure: esbuild.BuildFailure, external: ReadonlySet<string>): string | undefined {
  for (const { location } of failure.errors) {
    const match = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(location?.file ?? "");
    if (match !== null && !external.has(match[1]!)) return match[1];
  }
  return undefined;
}

function bundleError(job: BuildJob, failure: esbuild.BuildFailure): BundleError {
  const problems = failure.errors.map(({ location, text }) => ({
    file: location === null ? null : path.resolve(job.config.root, location.file),
    line: location?.line ?? null,
    column: location === null ? null : location.column + 1,
    text: location === null ? text : `${text}\n    ${location.lineText.trim()}`,
  }));
  for (const { file } of problems) if (file !== null) job.inputs.add(file);
  const wantsNode =
    job.environment === "isolate" &&
    failure.errors.some((error) => error.notes.some((note) => note.text.includes("bundle for node")));
  const shown = problems.map((problem) => ({
    ...problem,
    file: problem.file === null ? null : path.relative(job.config.root, problem.file).split(path.sep).join("/"),
  }));
  return new BundleError(shown, [...job.inputs], wantsNode ? USE_NODE_HINT : "");
}

function formatProblem(problem: BundleProblem): string {
  const place = problem.file === null ? "" : `${problem.file}:${problem.line}:${problem.column}: `;
  return `${place}${problem.text}`;
}
