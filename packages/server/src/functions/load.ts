/**
 * Loads an app's code into this thread: evaluates its isolate script once, reads what it defines, and gives an executor over it.
 *
 * "use node" modules are evaluated by action threads only (`action-code.ts`), which tell the core what they define.
 *
 * Modules are evaluated once; those that hold state, again for each function that is called (`evaluated-script.ts`).
 *
 * Not here: bundling (`bundle.ts`), running (`execute.ts`), actions (`action-runner.ts`).
 *
 * @module
 */
import { compileFunction } from "node:vm";
import { AnalysisError, analyzeCrons, analyzeFunctions, analyzeRouter, analyzeSchema } from "../isolate/analyze.ts";
import { analyzeAuth } from "../isolate/analyze-auth.ts";
import type { LoadedFunction, ModuleTable, RegisteredFunction } from "../isolate/analyze.ts";
import type { RefusedCrons } from "../isolate/analyze-crons.ts";
import { EvaluatedScript } from "./evaluated-script.ts";
import { Executor } from "./execute.ts";
import { ImportActivity } from "../isolate/import-activity.ts";
import type { ImportSettings } from "../isolate/import-activity.ts";
import { guardRejections } from "../isolate/rejection-guard.ts";
import { BUNDLE_FILES, StackMapper } from "../isolate/source-maps.ts";
import type {
  Analysis,
  CodePackage,
  FunctionInfo,
  ModuleEnvironment,
  ModuleSource,
  NodeAnalysis,
} from "../app/types.ts";
import type { UserCode } from "./execute-types.ts";
import { describeError } from "../isolate/user-error.ts";
import { untracked } from "../tx/tracked-document.ts";
import { deterministicGlobals, nodeGlobals } from "../isolate/user-globals.ts";
import type { Activity, UserGlobals } from "../isolate/user-globals.ts";

/** In stack traces, as the developer knows the file. */
const AUTH_CONFIG_FRAME = /\/auth\.config\.[jt]s:/;

/** What a thread of queries and mutations needs of an app. */
export interface CoreCode {
  readonly isolate: ModuleSource;
  /** What the "use node" modules define, as an action thread reported it. */
  readonly nodeFunctions: readonly FunctionInfo[];
}

/** How code is loaded. */
export interface LoadOptions extends ImportSettings {
  /** Evaluates every module once, also those that hold state: for measuring what the others cost. */
  readonly keepsModules?: boolean | undefined;
  /** Functions beside the app's own. */
  readonly extra?: readonly LoadedFunction[] | undefined;
  /** Crons whose schedule is not valid: `throw` by default. */
  readonly refusedCrons?: RefusedCrons | undefined;
}

/** Loaded code, and which environment variables its modules looked at while being imported. */
export interface LoadedUserCode extends UserCode {
  /** When one of these changes, the code must be loaded again; `*` stands for all. */
  readonly environmentRead: ReadonlySet<string>;
  /** How often modules that hold state were evaluated again. */
  readonly evaluations: number;
}

/**
 * Loads `code` for queries and mutations.
 *
 * @throws {AnalysisError} If a module throws while it is imported, or an export breaks a rule. The message is for the developer.
 */
export async function loadUserCode(code: CoreCode, options: LoadOptions): Promise<LoadedUserCode> {
  guardRejections();
  const mapper = new StackMapper({ isolate: code.isolate, node: null });
  // Evaluations of later runs must see what this one sees.
  const settings = { ...options, environment: new Map(options.environment) };
  const importing = new ImportActivity(settings);
  const current: { activity: Activity } = { activity: importing };
  const script = new EvaluatedScript(
    code.isolate.source,
    () => deterministicGlobals(() => current.activity, untracked),
    mapper,
  );
  const { modules } = script;
  const isolate = [...analyzeFunctions(modules, "isolate"), ...(options.extra ?? [])];
  const infos = [...isolate.map((loaded) => loaded.info), ...code.nodeFunctions];
  const analysis: Analysis = {
    functions: infos,
    schema: analyzeSchema(modules),
    crons: analyzeCrons(modules, infos, options.refusedCrons),
    moduleState: script.state,
    authProviders: analyzeAuth(modules, unsetInAuthConfig(importing, mapper)),
    httpRoutes: (analyzeRouter(modules)?.getRoutes() ?? []).map(([path, method]) => ({ path, method })),
  };
  const freshPaths = new Set(
    isolate
      .map(({ info }) => info.path)
      .filter((path) => options.keepsModules !== true && script.isFresh(moduleAndExport(path)[0])),
  );
  const fresh = (loaded: LoadedFunction): RegisteredFunction => {
    if (!freshPaths.has(loaded.info.path)) return loaded.registered;
    const [modulePath, name] = moduleAndExport(loaded.info.path);
    const running = current.activity;
    current.activity = new ImportActivity(settings);
    try {
      return (script.evaluate()[modulePath]?.[name] as RegisteredFunction | undefined) ?? loaded.registered;
    } finally {
      current.activity = running;
    }
  };
  const executor = new Executor({ analysis, functions: functionTable(isolate), fresh, mapper, current });
  return {
    analysis,
    environmentRead: importing.environmentRead,
    get evaluations() {
      return script.evaluations;
    },
    find: (path) => executor.find(path),
    execute: (request) => executor.execute(request),
  };
}

/** Variables without a value that `auth.config` looked at; other modules may have a default for theirs. */
function unsetInAuthConfig({ unset }: ImportActivity, mapper: StackMapper): readonly string[] {
  return unset.filter(({ stack }) => AUTH_CONFIG_FRAME.test(mapper.frames(stack))).map(({ name }) => name);
}

/**
 * Evaluates a script.
 *
 * @returns Exports by module path.
 * @throws {AnalysisError} If the script does not compile or a module throws.
 */
export function evaluateBundle(
  script: ModuleSource,
  environment: ModuleEnvironment,
  globals: UserGlobals,
  mapper: StackMapper,
): ModuleTable {
  try {
    const evaluate = compileFunction(script.source, [...globals.keys()], { filename: BUNDLE_FILES[environment] }) as (
      ...values: readonly unknown[]
    ) => ModuleTable;
    return evaluate(...globals.values());
  } catch (error) {
    throw new AnalysisError(`Failed to import the app's modules: ${describeError(error, mapper)}`, { cause: error });
  }
}

/** Where a function is exported: `["dir/mod.js", "fn"]` of `dir/mod:fn`. */
export function moduleAndExport(path: string): readonly [modulePath: string, name: string] {
  const colon = path.lastIndexOf(":");
  return [`${path.slice(0, colon)}.js`, path.slice(colon + 1)];
}

/** Functions by canonical path. */
export function functionTable(functions: readonly LoadedFunction[]): ReadonlyMap<string, LoadedFunction> {
  return new Map(functions.map((loaded) => [loaded.info.path, loaded]));
}

/**
 * Evaluates "use node" modules to find out what they define. For whoever has no action thread at hand; a core has.
 *
 * @throws {AnalysisError} As {@linkcode loadUserCode}.
 */
export function analyzeNodeModules(
  { isolate, node, nodeResolveDir }: Pick<CodePackage, "isolate" | "node" | "nodeResolveDir">,
  settings: ImportSettings,
): NodeAnalysis {
  if (node === null) return { functions: [], environmentRead: [] };
  const importing = new ImportActivity(settings);
  const mapper = new StackMapper({ isolate, node });
  const modules = evaluateBundle(
    node,
    "node",
    nodeGlobals(() => importing, nodeResolveDir),
    mapper,
  );
  const functions = analyzeFunctions(modules, "node").map((loaded) => loaded.info);
  return { functions, environmentRead: [...importing.environmentRead] };
}
