/**
 * An app's code as an action thread holds it: its scripts evaluated with real globals.
 *
 * A changed environment evaluates only those scripts again that looked at a changed variable; the text is here already.
 *
 * @module
 */
import { ROOT_COMPONENT, type Value, type FunctionAddress } from "@narrowcast/values";
import { analyzeFunctions, analyzeRouter } from "../isolate/analyze.ts";
import type { HttpRouter, LoadedFunction, ModuleTable, RegisteredFunction } from "../isolate/analyze.ts";
import { HOST_EXPORTS } from "../app/bundle-plugins.ts";
import { ImportActivity } from "../isolate/import-activity.ts";
import type { ImportSettings } from "../isolate/import-activity.ts";
import { EvaluatedScript } from "../functions/evaluated-script.ts";
import { evaluateBundle, functionTable, moduleAndExport } from "../functions/load.ts";
import { StackMapper } from "../isolate/source-maps.ts";
import type { ModuleEnvironment, ModuleSource, NodeAnalysis } from "../app/types.ts";
import { actionGlobals, nodeGlobals } from "../isolate/user-globals.ts";
import type { Activity, UserGlobals } from "../isolate/user-globals.ts";

type ErrorClass = new (data: Value) => Error & { data: Value };

/** The scripts of an app, as {@linkcode ActionCode} evaluates them. */
export interface ActionScripts {
  readonly isolate: ModuleSource;
  readonly node: ModuleSource | null;
  readonly nodeResolveDir: string | null;
  /** Whether a module of `isolate` may hold state. */
  readonly holdsState?: boolean | undefined;
}

/** One script, evaluated. */
interface Evaluated {
  readonly modules: ModuleTable;
  readonly functions: readonly LoadedFunction[];
  readonly environmentRead: ReadonlySet<string>;
}

/** The functions, the router and the error classes of both scripts. */
export class ActionCode {
  readonly mapper: StackMapper;
  /** Scripts evaluated so far, also again. */
  evaluations = 0;
  readonly #scripts: ActionScripts;
  readonly #running: () => Activity | undefined;
  readonly #hasVirtualTime: boolean;
  #isolate: Evaluated & { readonly script: EvaluatedScript };
  #node: Evaluated | undefined;
  #router: HttpRouter | null;
  #functions: ReadonlyMap<string, LoadedFunction>;

  /**
   * @param running Gives the run whose code is executing, if any.
   * @throws {AnalysisError} If a module cannot be imported.
   */
  constructor(
    scripts: ActionScripts,
    settings: ImportSettings,
    running: () => Activity | undefined,
    hasVirtualTime = false,
  ) {
    this.#scripts = scripts;
    this.#running = running;
    this.#hasVirtualTime = hasVirtualTime;
    this.mapper = new StackMapper(scripts);
    this.#isolate = this.#evaluateIsolate(settings);
    this.#node = scripts.node === null ? undefined : this.#evaluateNode(scripts.node, settings);
    this.#router = analyzeRouter(this.#isolate.modules);
    this.#functions = this.#table();
  }

  /** What the "use node" modules define, and which variables they looked at. */
  get nodeAnalysis(): NodeAnalysis {
    return {
      functions: (this.#node?.functions ?? []).map((loaded) => loaded.info),
      environmentRead: [...(this.#node?.environmentRead ?? [])],
    };
  }

  /** Evaluates again what looked at one of the `changed` variables. @throws {AnalysisError} As the constructor; then nothing has changed. */
  changeEnvironment(changed: readonly string[], settings: ImportSettings): void {
    const isStale = ({ environmentRead }: Evaluated): boolean =>
      changed.length > 0 && (environmentRead.has("*") || changed.some((name) => environmentRead.has(name)));
    const { node } = this.#scripts;
    const nextIsolate = isStale(this.#isolate) ? this.#evaluateIsolate(settings) : this.#isolate;
    const nextNode =
      node !== null && this.#node !== undefined && isStale(this.#node)
        ? this.#evaluateNode(node, settings)
        : this.#node;
    const router = analyzeRouter(nextIsolate.modules);
    this.#isolate = nextIsolate;
    this.#node = nextNode;
    this.#router = router;
    this.#functions = this.#table();
  }

  /** What is known of a function; not for calling it. Only the app itself has functions. */
  find({ component, path }: FunctionAddress): LoadedFunction | undefined {
    return component === ROOT_COMPONENT ? this.#functions.get(path) : undefined;
  }

  /** A function for one run: of modules of its own, where they hold state. "use node" modules keep theirs, as on Convex. */
  forRun({ info, registered }: LoadedFunction): RegisteredFunction {
    const [modulePath, name] = moduleAndExport(info.path);
    if (info.environment === "node" || !this.#isolate.script.isFresh(modulePath)) return registered;
    return (this.#isolate.script.evaluate()[modulePath]?.[name] as RegisteredFunction | undefined) ?? registered;
  }

  /** The router for one request, as `forRun`. */
  routerForRun(): HttpRouter | null {
    return this.#isolate.script.isFresh("http.js") ? analyzeRouter(this.#isolate.script.evaluate()) : this.#router;
  }

  /** A ConvexError that code of that environment knows as its own. */
  convexError(environment: ModuleEnvironment, message: string, data: Value): Error {
    const modules = (environment === "isolate" ? this.#isolate : this.#node)?.modules;
    const ErrorClass = modules?.[HOST_EXPORTS]?.["ConvexError"] as ErrorClass | undefined;
    const error = ErrorClass === undefined ? new Error(message) : new ErrorClass(data);
    return Object.assign(error, { message, data, [Symbol.for("ConvexError")]: true });
  }

  #table(): ReadonlyMap<string, LoadedFunction> {
    return functionTable([...this.#isolate.functions, ...(this.#node?.functions ?? [])]);
  }

  #evaluateIsolate(settings: ImportSettings): Evaluated & { readonly script: EvaluatedScript } {
    this.evaluations += 1;
    const importing = new ImportActivity(settings);
    const current = () => this.#running() ?? importing;
    const globals = (): UserGlobals => actionGlobals(current, this.#hasVirtualTime);
    const script = new EvaluatedScript(this.#scripts.isolate.source, globals, this.mapper, this.#scripts.holdsState);
    return evaluated(script.modules, "isolate", importing, { script });
  }

  #evaluateNode(source: ModuleSource, settings: ImportSettings): Evaluated {
    this.evaluations += 1;
    const importing = new ImportActivity(settings);
    const current = () => this.#running() ?? importing;
    const globals = nodeGlobals(current, this.#scripts.nodeResolveDir, this.#hasVirtualTime);
    return evaluated(evaluateBundle(source, "node", globals, this.mapper), "node", importing, {});
  }
}

function evaluated<T>(
  modules: ModuleTable,
  environment: ModuleEnvironment,
  { environmentRead }: ImportActivity,
  more: T,
): Evaluated & T {
  return { modules, functions: analyzeFunctions(modules, environment), environmentRead, ...more };
}
