/**
 * What user code finds while its modules are evaluated: a fixed clock, seeded randomness, the environment, and nothing else.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import { ConsoleCapture } from "./console.ts";
import { builtinVariable } from "./builtin-variables.ts";
import { ALL_VARIABLES } from "./environment-names.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { HostSyscalls } from "./syscalls-types.ts";
import type { Activity } from "./user-globals.ts";

/** The circumstances of an import, fixed when code is pushed so that every load gives the same modules. */
export interface ImportSettings {
  readonly limits: Limits;
  readonly environment: ReadonlyMap<string, string>;
  readonly cloudUrl: string;
  readonly siteUrl: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  readonly seed: number;
}

/** Modules look at few variables while they are evaluated; a loop over names must not keep a stack for each. */
const UNSET_MAX = 100;

/** The activity of the import phase. */
export class ImportActivity implements Activity {
  readonly phase = "import";
  readonly console: ConsoleCapture;
  readonly syscalls: HostSyscalls = {
    syscall: refuse,
    asyncSyscall: async (op) => refuse(op),
    jsSyscall: refuse,
  };
  /** Variables that modules looked at: when one changes, the code must be loaded again. */
  readonly environmentRead = new Set<string>();
  /** Variables that were looked at and have no value, with the stacks of where. */
  readonly unset: { readonly name: string; readonly stack: string | undefined }[] = [];
  readonly #settings: ImportSettings;
  readonly #random: SeededRandom;

  constructor(settings: ImportSettings) {
    this.#settings = settings;
    this.#random = new SeededRandom(settings.seed);
    this.console = new ConsoleCapture(settings.limits, () => settings.nowMs);
  }

  now(): number {
    return this.#settings.nowMs;
  }

  random(): number {
    return this.#random.float();
  }

  randomBytes(into: Uint8Array): void {
    this.#random.fillBytes(into);
  }

  randomUuid(): string {
    return this.#random.uuid();
  }

  environmentVariable(name: string): string | undefined {
    const builtin = builtinVariable(name, this.#settings);
    if (builtin !== undefined) return builtin;
    this.environmentRead.add(name);
    const value = this.#settings.environment.get(name);
    if (value === undefined && this.unset.length < UNSET_MAX) this.unset.push({ name, stack: new Error().stack });
    return value;
  }

  environmentNames(): readonly string[] {
    this.environmentRead.add(ALL_VARIABLES);
    return [...this.#settings.environment.keys(), "CONVEX_CLOUD_URL", "CONVEX_SITE_URL"];
  }

  realWork<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }
}

function refuse(op: string): never {
  throw new Error(`Cannot use "${op}" while modules are being imported: use it inside of a function`);
}
