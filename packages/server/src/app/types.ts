/**
 * Shapes of user code: what a push carries and what the server knows about each function.
 *
 * @module
 */
import type { SchemaJson, ValidatorJson } from "@narrowcast/values";

export type FunctionKind = "query" | "mutation" | "action" | "http";
export type ModuleEnvironment = "isolate" | "node";

/** The text of a script: what is stored, and sent between threads, once, under its hash. */
export interface ModuleSource {
  readonly source: string;
  /** Source map JSON text, or null. */
  readonly sourceMap: string | null;
}

/** A bundle: one script that evaluates to a table `module path → exports`. Its source is a function body: `return { "messages.js": exports, … }`. */
export interface Bundle extends ModuleSource {
  /** Module paths in it, for example `messages.js`, `dir/mod.js`, `schema.js`, `crons.js`, `http.js`. */
  readonly modules: readonly string[];
}

/** Everything a deployment needs to run an app's functions; stored in the deployment, survives restarts. */
export interface CodePackage {
  /** Runs in the core (queries, mutations) and in action threads (actions without "use node"). */
  readonly isolate: Bundle;
  /** Modules with "use node", run in action threads only. */
  readonly node: Bundle | null;
  /** Packages outside the node bundle are resolved from here, for example the app's folder; null when there are none. */
  readonly nodeResolveDir: string | null;
}

/** A script of a push, named by its content. */
export interface ModuleRef {
  readonly path: string;
  readonly environment: ModuleEnvironment;
  /** See `code-manifest.ts`. */
  readonly hash: string;
}

/** A code package by hash: what is stored for a push, and what threads tell each other of code. */
export interface CodeManifest {
  readonly modules: readonly ModuleRef[];
  readonly nodeResolveDir: string | null;
}

export interface FunctionInfo {
  /** Canonical path, `dir/mod:fn`. */
  readonly path: string;
  readonly kind: FunctionKind;
  readonly visibility: "public" | "internal";
  readonly environment: ModuleEnvironment;
  readonly args: ValidatorJson;
  /** null when the function declares none. */
  readonly returns: ValidatorJson | null;
}

export interface CronSpec {
  readonly name: string;
  readonly path: string;
  /** Convex JSON text of the arguments object. */
  readonly args: string;
  /** As in spec: `{type:"interval",seconds}` … `{type:"cron",cronExpr}`. */
  readonly schedule: CronSchedule;
}

export type CronSchedule =
  | { readonly type: "interval"; readonly seconds: number }
  | { readonly type: "hourly"; readonly minuteUTC: number }
  | { readonly type: "daily"; readonly hourUTC: number; readonly minuteUTC: number }
  | { readonly type: "weekly"; readonly dayOfWeek: number; readonly hourUTC: number; readonly minuteUTC: number }
  | { readonly type: "monthly"; readonly day: number; readonly hourUTC: number; readonly minuteUTC: number }
  | { readonly type: "cron"; readonly cronExpr: string };

/** A variable of a module that keeps something between runs, so that its module is evaluated again for each. */
export interface StateInModule {
  readonly name: string;
  /** As it appears in stack traces. */
  readonly file: string;
  readonly line: number;
}

/** Whose tokens a deployment takes, as `auth.config` says. */
export type AuthProvider =
  | {
      readonly type: "oidc";
      /** URL of the issuer; its keys are found from `<domain>/.well-known/openid-configuration`. */
      readonly domain: string;
      /** What the tokens' `aud` must name. */
      readonly applicationID: string;
    }
  | {
      readonly type: "customJwt";
      readonly issuer: string;
      /** URL of the keys, or the keys themselves as a data URI. */
      readonly jwks: string;
      readonly algorithm: "RS256" | "ES256";
      /** `null`: any audience. */
      readonly applicationID: string | null;
    };

/** What evaluating the "use node" modules told an action thread. */
export interface NodeAnalysis {
  readonly functions: readonly FunctionInfo[];
  /** Variables that the modules looked at; `*` stands for all. */
  readonly environmentRead: readonly string[];
}

/** What loading a package told us. */
export interface Analysis {
  /** Missing: none. */
  readonly moduleState?: readonly StateInModule[];
  /** Missing: none. */
  readonly authProviders?: readonly AuthProvider[];
  readonly functions: readonly FunctionInfo[];
  readonly schema: SchemaJson | null;
  readonly crons: readonly CronSpec[];
  readonly httpRoutes: readonly { readonly path: string; readonly method: string }[];
}
