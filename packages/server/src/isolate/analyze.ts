/**
 * Reads what a bundle's exports say: functions with their validators, the schema, crons and HTTP routes.
 *
 * Exports are known by the marks that `convex/server` puts on them (`isQuery`, `isCrons`, `isRouter`, …), not by class: every bundle carries its own
 * classes. All errors name the module and the export.
 *
 * @module
 */
import { canonicalFunctionPath, parseSchema, parseValidator } from "@narrowcast/values";
import type { SchemaJson } from "@narrowcast/values";
import { parseCrons, type RefusedCrons } from "./analyze-crons.ts";
import type { CronSpec, FunctionInfo, FunctionKind, ModuleEnvironment } from "../app/types.ts";

/** Exports of all modules of one bundle. */
export type ModuleTable = { readonly [modulePath: string]: { readonly [name: string]: unknown } };

/** A function object as `convex/server` makes it. */
export interface RegisteredFunction {
  readonly isQuery?: true;
  readonly isMutation?: true;
  readonly isAction?: true;
  readonly isHttp?: true;
  readonly isPublic?: true;
  readonly isInternal?: true;
  readonly exportArgs?: () => string;
  readonly exportReturns?: () => string;
  readonly invokeQuery?: (args: string) => Promise<string>;
  readonly invokeMutation?: (args: string) => Promise<string>;
  /** Missing in old versions, where the object itself is the handler. */
  readonly _handler?: Handler;
}

/** What the developer wrote. */
export type Handler = (ctx: object, args: unknown) => unknown;

/** The handler of a registered function, to be called without the object. */
export function handlerOf(registered: RegisteredFunction): Handler {
  return registered._handler ?? (registered as unknown as Handler);
}

/** A router as `convex/server` makes it. */
export interface HttpRouter {
  readonly isRouter: true;
  lookup(path: string, method: string): readonly [RegisteredFunction, string, string] | null;
  getRoutes(): readonly (readonly [path: string, method: string, handler: unknown])[];
}

/** A function and its object. */
export interface LoadedFunction {
  readonly info: FunctionInfo;
  readonly registered: RegisteredFunction;
}

/** The app's code breaks a rule of Convex. The message is for the developer. */
export class AnalysisError extends Error {
  override readonly name: string = "AnalysisError";
  /** Code of the push's failure, where tools expect one of its own. */
  readonly code: string | undefined;

  constructor(message: string, options?: ErrorOptions, code?: string) {
    super(message, options);
    this.code = code;
  }
}

/** Functions of all modules, in the order of modules and exports. HTTP actions are not functions with a path. */
export function analyzeFunctions(modules: ModuleTable, environment: ModuleEnvironment): LoadedFunction[] {
  const found: LoadedFunction[] = [];
  for (const [modulePath, exported] of Object.entries(modules)) {
    for (const [name, value] of Object.entries(exported)) {
      const kind = kindOf(value);
      if (kind === undefined) continue;
      const path = canonicalFunctionPath(`${modulePath}:${name}`);
      if (environment === "node" && kind !== "action") {
        const article = kind === "http" ? "an HTTP action" : `a ${kind}`;
        throw new AnalysisError(
          `\`${name}\` defined in \`${modulePath}\` is ${article}. Only actions can be defined in Node.js. See https://docs.convex.dev/functions/actions for more details.`,
        );
      }
      if (kind === "http") continue;
      found.push({
        info: infoOf(path, kind, environment, value as RegisteredFunction),
        registered: value as RegisteredFunction,
      });
    }
  }
  return found;
}

/** The schema of `schema.js`, or null if the app has none. */
export function analyzeSchema(modules: ModuleTable): SchemaJson | null {
  const exported = modules["schema.js"];
  if (exported === undefined) return null;
  const schema = exported["default"] as { export?: unknown } | undefined;
  if (typeof schema !== "object" || schema === null || typeof schema.export !== "function") {
    throw new AnalysisError(
      "Cannot read schema.js: its default export is not a schema; it should be `defineSchema({…})`",
    );
  }
  return inContext("schema.js:default", () =>
    parseSchema(JSON.parse(String((schema.export as () => unknown).call(schema)))),
  );
}

/** The crons of `crons.js`. Their functions must be among `functions`. */
export function analyzeCrons(
  modules: ModuleTable,
  functions: readonly FunctionInfo[],
  refused?: RefusedCrons,
): CronSpec[] {
  const exported = modules["crons.js"];
  if (exported === undefined) return [];
  const crons = exported["default"] as { isCrons?: unknown; export?: unknown } | undefined;
  if (crons?.isCrons !== true || typeof crons.export !== "function") {
    throw new AnalysisError("Cannot read crons.js: its default export is not a cron table; it should be `cronJobs()`");
  }
  const specs = inContext("crons.js:default", () =>
    parseCrons(String((crons.export as () => unknown).call(crons)), refused),
  );
  for (const spec of specs) {
    const target = functions.find((info) => info.path === spec.path);
    if (target === undefined || target.kind === "query") {
      const what = target === undefined ? "there is no such function" : "it is a query";
      throw new AnalysisError(
        `Cannot schedule cron job "${spec.name}" on ${spec.path}: ${what}; it should be a mutation or an action`,
      );
    }
  }
  return specs;
}

/** The router of `http.js`, or null if the app has none. */
export function analyzeRouter(modules: ModuleTable): HttpRouter | null {
  const exported = modules["http.js"];
  if (exported === undefined) return null;
  const router = exported["default"] as HttpRouter | undefined;
  if (router?.isRouter !== true) {
    throw new AnalysisError("Cannot read http.js: its default export is not a router; it should be `httpRouter()`");
  }
  return router;
}

function kindOf(value: unknown): FunctionKind | undefined {
  if ((typeof value !== "function" && typeof value !== "object") || value === null) return undefined;
  const marks = value as Partial<RegisteredFunction>;
  if (typeof marks._handler !== "function" && typeof value !== "function") return undefined;
  if (marks.isQuery === true) return "query";
  if (marks.isMutation === true) return "mutation";
  if (marks.isAction === true) return "action";
  return marks.isHttp === true ? "http" : undefined;
}

function infoOf(
  path: string,
  kind: FunctionKind,
  environment: ModuleEnvironment,
  registered: RegisteredFunction,
): FunctionInfo {
  return inContext(path, () => {
    const returns: unknown = JSON.parse(registered.exportReturns?.() ?? "null");
    return {
      path,
      kind,
      visibility: registered.isInternal === true ? "internal" : "public",
      environment,
      args: parseValidator(JSON.parse(registered.exportArgs?.() ?? `{"type":"any"}`)),
      returns: returns === null ? null : parseValidator(returns),
    };
  });
}

function inContext<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new AnalysisError(`Cannot read ${what}: ${(error as Error).message}`, { cause: error });
  }
}
