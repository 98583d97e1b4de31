/**
 * A code package as an action thread holds it: both bundles evaluated with real globals.
 *
 * @module
 */
import type { Value } from "@narrowcast/values";
import { analyzeFunctions, analyzeRouter } from "../isolate/analyze.ts";
import type { HttpRouter, LoadedFunction, ModuleTable, RegisteredFunction } from "../isolate/analyze.ts";
import { HOST_EXPORTS } from "../app/bundle-plugins.ts";
import { ImportActivity } from "../isolate/import-activity.ts";
import type { ImportSettings } from "../isolate/import-activity.ts";
import { EvaluatedScript } from "../functions/evaluated-script.ts";
import { evaluateBundle, functionTable, moduleAndExport } from "../functions/load.ts";
import { StackMapper } from "../isolate/source-maps.ts";
import type { CodePackage, FunctionInfo, ModuleEnvironment } from "../app/types.ts";
import { actionGlobals, nodeGlobals } from "../isolate/user-globals.ts";
import type { Activity } from "../isolate/user-globals.ts";

type ErrorClass = new (data: Value) => Error & { data: Value };

/** The functions, the router and the error classes of both bundles. */
export class ActionCode {
  readonly mapper: StackMapper;
  readonly nodeFunctions: readonly FunctionInfo[];
  readonly #script: EvaluatedScript;
  readonly #router: HttpRouter | null;
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
    this.#script = new EvaluatedScript(code.isolate.code, () => actionGlobals(current, hasVirtualTime), this.mapper);
    const isolate = this.#script.modules;
    const node =
      code.node === null
        ? {}
        : evaluateBundle(code.node, "node", nodeGlobals(current, code.nodeResolveDir, hasVirtualTime), this.mapper);
    const ofNode = analyzeFunctions(node, "node");
    this.#functions = functionTable([...analyzeFunctions(isolate, "isolate"), ...ofNode]);
    this.nodeFunctions = ofNode.map((loaded) => loaded.info);
    this.#router = analyzeRouter(isolate);
    this.#errorClasses = { isolate: errorClassOf(isolate), node: errorClassOf(node) };
  }

  /** What is known of a function; not for calling it. */
  find(path: string): LoadedFunction | undefined {
    return this.#functions.get(path);
  }

  /** A function for one run: of modules of its own, where they hold state. "use node" modules keep theirs, as on Convex. */
  forRun({ info, registered }: LoadedFunction): RegisteredFunction {
    const [modulePath, name] = moduleAndExport(info.path);
    if (info.environment === "node" || !this.#script.isFresh(modulePath)) return registered;
    return (this.#script.evaluate()[modulePath]?.[name] as RegisteredFunction | undefined) ?? registered;
  }

  /** The router for one request, as `forRun`. */
  routerForRun(): HttpRouter | null {
    return this.#script.isFresh("http.js") ? analyzeRouter(this.#script.evaluate()) : this.#router;
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
