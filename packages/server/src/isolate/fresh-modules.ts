/**
 * Which part of a script is evaluated again for each run, as a script of its own.
 *
 * Modules that hold state, those that import them, and those whose objects they fill while loading are evaluated for each run; the rest
 * once. The second script is the first one with everything else blanked out, so that places in it are the same and stack traces need
 * no other source map. Names of modules that stay are its parameters: nothing assigns them after loading, or their modules would not stay.
 *
 * A script of an unknown form is evaluated again as a whole: right, and slow.
 *
 * @module
 */
import { findModuleState } from "./module-state.ts";
import type { ModuleState } from "./module-state.ts";
import { takeScriptApart } from "./script-parts.ts";
import type { ScriptModule, ScriptParts, SyntaxNode } from "./script-parts.ts";

/** Parameter of the first script that takes the values of the kept names. */
export const KEEP = "__narrowcast_keep";

/** A module variable that keeps something between runs, at an offset of the script. */
export interface StateAt {
  readonly name: string;
  readonly position: number;
}

/** See the module comment. */
export interface FreshPlan {
  readonly places: readonly StateAt[];
  /** The whole script, which gives the values of `keptNames` to `KEEP`. */
  readonly once: string;
  readonly keptNames: readonly string[];
  /** What is evaluated for each run; returns exports by module path. */
  readonly again: string;
  /** Names that it declares, which hide globals. */
  readonly declaredNames: ReadonlySet<string>;
  /** Paths of modules that it gives. Undefined: all. */
  readonly paths: ReadonlySet<string> | undefined;
  /** Whether each run needs a global object of its own. */
  readonly isOnGlobalObject: boolean;
}

/** Scripts whose plans are remembered. */
const PLANS_KEPT = 4;
/** One for all callers, as looking through a large script takes a tenth of a second and more: a plan follows from its script alone. */
const plans = new Map<string, FreshPlan | undefined>();

/** @returns Nothing if no module holds state. */
export function planFreshModules(text: string): FreshPlan | undefined {
  if (plans.has(text)) return plans.get(text);
  const plan = makePlan(text);
  plans.set(text, plan);
  for (const oldest of plans.keys()) if (plans.size > PLANS_KEPT) plans.delete(oldest);
  return plan;
}

function makePlan(text: string): FreshPlan | undefined {
  const parts = takeScriptApart(text);
  if (parts === undefined) {
    return {
      places: [],
      once: text,
      keptNames: [],
      again: text,
      declaredNames: new Set(),
      paths: undefined,
      isOnGlobalObject: true,
    };
  }
  const state = findModuleState(parts);
  if (state.places.length === 0) return undefined;
  return planOf(parts, state, closureOf(parts, state));
}

/** Modules that hold state, those that import them, and those that any of these fill. */
function closureOf({ modules }: ScriptParts, { places, filledBy }: ModuleState): ReadonlySet<ScriptModule> {
  const again = new Set(places.map(({ module }) => module));
  for (let before = -1; before !== again.size;) {
    before = again.size;
    for (const module of modules) {
      if (isScaffold(module)) continue;
      if ([...module.imports].some((imported) => again.has(imported))) again.add(module);
      if (again.has(module)) for (const filled of filledBy.get(module) ?? []) again.add(filled);
    }
  }
  for (const module of again) if (isScaffold(module)) again.delete(module);
  return again;
}

/** The bundler's helpers, and the entry that names all modules. */
function isScaffold({ name }: ScriptModule): boolean {
  return name === "" || name.endsWith("<modules>");
}

function planOf(parts: ScriptParts, state: ModuleState, again: ReadonlySet<ScriptModule>): FreshPlan {
  const { text, top, returnStart } = parts;
  const keptNames: string[] = [];
  const declaredNames = new Set<string>();
  for (const variable of top.variables) {
    const owner = parts.moduleOf(variable);
    if (owner === undefined) continue;
    if (again.has(owner)) {
      declaredNames.add(variable.name);
    } else if (variable.references.some(({ identifier }) => isIn(parts, identifier as unknown as SyntaxNode, again))) {
      keptNames.push(variable.name);
    }
  }
  const exported = [...parts.exportsOf].filter(([, name]) => declaredNames.has(name));
  const table = exported.map(([path, name]) => `${JSON.stringify(path)}: ${name}`).join(", ");
  const statements = [...again].flatMap((module) => module.statements).sort((a, b) => a.start - b.start);
  return {
    places: state.places.map(({ name, position }) => ({ name, position })),
    once: `${text.slice(0, returnStart)}${KEEP}([${keptNames.join(", ")}]); ${text.slice(returnStart)}`,
    keptNames,
    again: `"use strict";${blankAround(text, statements).slice(`"use strict";`.length)}\nreturn { ${table} };`,
    declaredNames,
    paths: new Set(exported.map(([path]) => path)),
    isOnGlobalObject: state.isOnGlobalObject,
  };
}

function isIn(parts: ScriptParts, node: SyntaxNode, modules: ReadonlySet<ScriptModule>): boolean {
  const module = parts.moduleAt(node.start);
  return module !== undefined && modules.has(module);
}

/** The text with everything but `statements` blanked out; lines and columns stay. */
function blankAround(text: string, statements: readonly SyntaxNode[]): string {
  let result = "";
  let at = 0;
  for (const { start, end } of statements) {
    result += blank(text.slice(at, start)) + text.slice(start, end);
    at = end;
  }
  return result;
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]+/g, (line) => " ".repeat(line.length));
}
