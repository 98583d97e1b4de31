/**
 * A script of isolate modules in one realm: evaluated once, and what holds state again for each run.
 *
 * The evaluations of a script are the same: same text, same clock and chance, same environment. So what a run sees never depends on an
 * earlier one, and what it leaves in a module is gone.
 *
 * Not here: which modules are evaluated again (`fresh-modules.ts`).
 *
 * @module
 */
import { compileFunction } from "node:vm";
import { AnalysisError } from "../isolate/analyze.ts";
import type { ModuleTable } from "../isolate/analyze.ts";
import { KEEP, planFreshModules } from "../isolate/fresh-modules.ts";
import type { FreshPlan } from "../isolate/fresh-modules.ts";
import { BUNDLE_FILES } from "../isolate/source-maps.ts";
import type { StackMapper } from "../isolate/source-maps.ts";
import { describeError } from "../isolate/user-error.ts";
import type { UserGlobals } from "../isolate/user-globals.ts";
import type { StateInModule } from "../app/types.ts";

type Script = (...values: readonly unknown[]) => ModuleTable;

/** See the module comment. */
export class EvaluatedScript {
  /** Exports of all modules, from the first evaluation. */
  readonly modules: ModuleTable;
  readonly state: readonly StateInModule[];
  /** Evaluations of modules that hold state. */
  evaluations = 0;
  readonly #plan: FreshPlan | undefined;
  readonly #makeGlobals: () => UserGlobals;
  readonly #globals: UserGlobals;
  readonly #again: Script | undefined;
  #kept: readonly unknown[] = [];

  /**
   * @param globals Makes the globals that the script sees.
   * @param holdsState `false` if it is known already that no module of the script holds state.
   * @throws {AnalysisError} If the script does not compile or a module throws.
   */
  constructor(text: string, globals: () => UserGlobals, mapper: StackMapper, holdsState = true) {
    this.#makeGlobals = globals;
    this.#globals = globals();
    try {
      const plan = holdsState ? planFreshModules(text) : undefined;
      this.#plan = plan;
      const keep = (values: readonly unknown[]): void => {
        this.#kept = values;
      };
      const once = compile(plan?.once ?? text, [...this.#globals.keys(), KEEP]);
      this.modules = once(...this.#globals.values(), keep);
      if (plan !== undefined) this.#again = compile(plan.again, [...this.#names(plan), ...plan.keptNames]);
      this.state = (plan?.places ?? []).map(({ name, position }) => ({ name, ...mapper.placeOf(text, position) }));
    } catch (error) {
      throw new AnalysisError(`Failed to import the app's modules: ${describeError(error, mapper)}`, { cause: error });
    }
  }

  /** Whether exports of this module must be taken from an evaluation of the run's own. */
  isFresh(modulePath: string): boolean {
    return this.#plan !== undefined && (this.#plan.paths?.has(modulePath) ?? true);
  }

  /** Evaluates what holds state. @returns The exports of those modules and of what imports them. */
  evaluate(): ModuleTable {
    if (this.#plan === undefined || this.#again === undefined) return this.modules;
    this.evaluations += 1;
    const globals = this.#plan.isOnGlobalObject ? this.#makeGlobals() : this.#globals;
    const values = this.#names(this.#plan).map((name) => globals.get(name));
    return this.#again(...values, ...this.#kept);
  }

  /** Globals that no name of the script hides. */
  #names({ keptNames, declaredNames }: FreshPlan): readonly string[] {
    const hidden = new Set([...keptNames, ...declaredNames]);
    return [...this.#globals.keys()].filter((name) => !hidden.has(name));
  }
}

function compile(text: string, parameters: readonly string[]): Script {
  return compileFunction(text, [...parameters], { filename: BUNDLE_FILES.isolate }) as Script;
}
