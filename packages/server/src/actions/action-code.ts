/**
 * An app's code as an action thread holds it: its scripts evaluated with real globals.
 *
 * A changed environment evaluates only those scripts again that looked at a changed variable; the text is here already.
 *
 * @module
 */
import type { Value } from "@narrowcast/values";
import { analyzeFunctions, analyzeRouter } from "../isolate/analyze.ts";
import type { HttpRouter, LoadedFunction, ModuleTable } from "../isolate/analyze.ts";
import { HOST_EXPORTS } from "../app/bundle-plugins.ts";
import { ImportActivity } from "../isolate/import-activity.ts";
import type { ImportSettings } from "../isolate/import-activity.ts";
import { evaluateBundle, functionTable } from "../functions/load.ts";
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
  #isolate: Evaluated;
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
    this.#isolate = this.#evaluate(scripts.isolate, "isolate", settings);
    this.#node = scripts.node === null ? undefined : this.#evaluate(scripts.node, "node", settings);
    this.#router = analyzeRouter(this.#isolate.modules);
    this.#functions = this.#table();
  }

  get router(): HttpRouter | null {
    return this.#router;
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
    const { isolate, node } = this.#scripts;
    const nextIsolate = isStale(this.#isolate) ? this.#evaluate(isolate, "isolate", settings) : this.#isolate;
    const nextNode =
      node !== null && this.#node !== undefined && isStale(this.#node)
        ? this.#evaluate(node, "node", settings)
        : this.#node;
    const router = analyzeRouter(nextIsolate.modules);
    this.#isolate = nextIsolate;
    this.#node = nextNode;
    this.#router = router;
    this.#functions = this.#table();
  }

  find(path: string): LoadedFunction | undefined {
    return this.#functions.get(path);
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

  #evaluate(script: ModuleSource, environment: ModuleEnvironment, settings: ImportSettings): Evaluated {
    this.evaluations += 1;
    const importing = new ImportActivity(settings);
    const current = () => this.#running() ?? importing;
    const globals: UserGlobals =
      environment === "isolate"
        ? actionGlobals(current, this.#hasVirtualTime)
        : nodeGlobals(current, this.#scripts.nodeResolveDir, this.#hasVirtualTime);
    const modules = evaluateBundle(script, environment, globals, this.mapper);
    return {
      modules,
      functions: analyzeFunctions(modules, environment),
      environmentRead: importing.environmentRead,
    };
  }
}
