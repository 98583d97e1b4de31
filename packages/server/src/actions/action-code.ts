/**
 * A code package as an action thread holds it: both bundles evaluated with real globals.
 *
 * @module
 */
import { ROOT_COMPONENT, type Value, type FunctionAddress } from "@narrowcast/values";
import { analyzeFunctions, analyzeRouter } from "../isolate/analyze.ts";
import type { HttpRouter, LoadedFunction, ModuleTable } from "../isolate/analyze.ts";
import { HOST_EXPORTS } from "../app/bundle-plugins.ts";
import { ImportActivity } from "../isolate/import-activity.ts";
import type { ImportSettings } from "../isolate/import-activity.ts";
import { evaluateBundle, functionTable } from "../functions/load.ts";
import { StackMapper } from "../isolate/source-maps.ts";
import type { CodePackage, FunctionInfo, ModuleEnvironment } from "../app/types.ts";
import { actionGlobals, nodeGlobals } from "../isolate/user-globals.ts";
import type { Activity } from "../isolate/user-globals.ts";

type ErrorClass = new (data: Value) => Error & { data: Value };

/** The functions, the router and the error classes of both bundles. */
export class ActionCode {
  readonly mapper: StackMapper;
  readonly router: HttpRouter | null;
  readonly nodeFunctions: readonly FunctionInfo[];
  readonly #functions: ReadonlyMap<string, LoadedFunction>;
  readonly #errorClasses: { readonly [environment in ModuleEnvironment]: ErrorClass | undefined };

  /**
   * @param running Gives the run whose code is executing, if any.
   * @throws {AnalysisError} If a module cannot be imported.
   */
  constructor(
    code: CodePackage,
    settings: ImportSettings,
    running: () => Activity | undefined,
    hasVirtualTime = false,
  ) {
    this.mapper = new StackMapper(code);
    const importing = new ImportActivity(settings);
    const current = () => running() ?? importing;
    const isolate = evaluateBundle(code.isolate, "isolate", actionGlobals(current, hasVirtualTime), this.mapper);
    const node =
      code.node === null
        ? {}
        : evaluateBundle(code.node, "node", nodeGlobals(current, code.nodeResolveDir, hasVirtualTime), this.mapper);
    const ofNode = analyzeFunctions(node, "node");
    this.#functions = functionTable([...analyzeFunctions(isolate, "isolate"), ...ofNode]);
    this.nodeFunctions = ofNode.map((loaded) => loaded.info);
    this.router = analyzeRouter(isolate);
    this.#errorClasses = { isolate: errorClassOf(isolate), node: errorClassOf(node) };
  }

  /** Only the app itself has functions. */
  find({ component, path }: FunctionAddress): LoadedFunction | undefined {
    return component === ROOT_COMPONENT ? this.#functions.get(path) : undefined;
  }

  /** A ConvexError that code of that environment knows as its own. */
  convexError(environment: ModuleEnvironment, message: string, data: Value): Error {
    const ErrorClass = this.#errorClasses[environment];
    const error = ErrorClass === undefined ? new Error(message) : new ErrorClass(data);
    return Object.assign(error, { message, data, [Symbol.for("ConvexError")]: true });
  }
}

function errorClassOf(modules: ModuleTable): ErrorClass | undefined {
  return modules[HOST_EXPORTS]?.["ConvexError"] as ErrorClass | undefined;
}
