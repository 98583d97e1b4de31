/**
 * Loads an app's code into this thread: evaluates its isolate script once, reads what it defines, and gives an executor over it.
 *
 * "use node" modules are evaluated by action threads only (`action-code.ts`), which tell the core what they define.
 *
 * Modules are evaluated once and live as long as the loaded code. Unlike on Convex, module-level variables therefore keep their
 * values between executions; functions must not rely on either.
 *
 * Not here: bundling (`bundle.ts`), running (`execute.ts`), actions (`action-runner.ts`).
 *
 * @module
 */
import { compileFunction } from "node:vm";
import { AnalysisError, analyzeCrons, analyzeFunctions, analyzeRouter, analyzeSchema } from "../isolate/analyze.ts";
import type { LoadedFunction, ModuleTable } from "../isolate/analyze.ts";
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

/** What a thread of queries and mutations needs of an app. */
export interface CoreCode {
  readonly isolate: ModuleSource;
  /** What the "use node" modules define, as an action thread reported it. */
  readonly nodeFunctions: readonly FunctionInfo[];
}

/** How code is loaded. */
export interface LoadOptions extends ImportSettings {
  /** Functions beside the app's own. */
  readonly extra?: readonly LoadedFunction[] | undefined;
}

/** Loaded code, and which environment variables its modules looked at while being imported. */
export interface LoadedUserCode extends UserCode {
  /** When one of these changes, the code must be loaded again; `*` stands for all. */
  readonly environmentRead: ReadonlySet<string>;
}

/**
 * Loads `code` for queries and mutations.
 *
 * @throws {AnalysisError} If a module throws while it is imported, or an export breaks a rule. The message is for the developer.
 */
export async function loadUserCode(code: CoreCode, options: LoadOptions): Promise<LoadedUserCode> {
  guardRejections();
  const mapper = new StackMapper({ isolate: code.isolate, node: null });
  const importing = new ImportActivity(options);
  const current: { activity: Activity } = { activity: importing };
  const modules = evaluateBundle(
    code.isolate,
    "isolate",
    deterministicGlobals(() => current.activity, untracked),
    mapper,
  );
  const isolate = [...analyzeFunctions(modules, "isolate"), ...(options.extra ?? [])];
  const infos = [...isolate.map((loaded) => loaded.info), ...code.nodeFunctions];
  const analysis: Analysis = {
    functions: infos,
    schema: analyzeSchema(modules),
    crons: analyzeCrons(modules, infos),
    httpRoutes: (analyzeRouter(modules)?.getRoutes() ?? []).map(([path, method]) => ({ path, method })),
  };
  const executor = new Executor({ analysis, functions: functionTable(isolate), mapper, current });
  return {
    analysis,
    environmentRead: importing.environmentRead,
    find: (path) => executor.find(path),
    execute: (request) => executor.execute(request),
  };
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
