/**
 * The code of a deployment: what commits say is deployed, and the loaded form of it.
 *
 *   loaded ──prepare──▶ waits ──commit that names it──▶ active
 *
 * Evaluating modules takes time and may fail, so it is done before: by a push, by a change of a variable that modules looked at, when a core
 * opens, by a follower that sees such a commit. A commit only says which code is deployed; what was prepared for it becomes active.
 *
 * Invariant: what is active is what the commits so far deployed, evaluated with what it saw of the variables in force.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import { ALL_VARIABLES } from "../isolate/environment-names.ts";
import type { LoadedUserCode } from "../functions/load.ts";
import { storedIn, type StoredCode } from "./stored-code.ts";

/** How the active code changed. */
export type CodeChange = "pushed" | "reloaded";

/** Evaluated code. */
export interface ActiveCode extends StoredCode {
  readonly user: LoadedUserCode;
  /** The variables that its modules saw. */
  readonly environment: ReadonlyMap<string, string>;
}

/** What waits for the commit that deploys it. */
type Prepared =
  | { readonly identity: string; readonly loaded: ActiveCode }
  | { readonly identity: string; readonly loadError: string };

/** See the module comment. */
export class DeployedCode {
  /** Which code is deployed; undefined: none. */
  #identity: string | undefined;
  #stored: StoredCode | undefined;
  #current: Prepared | undefined;
  #prepared: Prepared | undefined;

  get active(): ActiveCode | undefined {
    return this.#current !== undefined && "loaded" in this.#current ? this.#current.loaded : undefined;
  }

  /** Why the deployed code could not be loaded; every call fails with it. */
  get loadError(): string | undefined {
    return this.#current !== undefined && "loadError" in this.#current ? this.#current.loadError : undefined;
  }

  /** What is deployed, also when it could not be loaded. */
  get stored(): StoredCode | undefined {
    return this.#stored;
  }

  /** Which code is deployed, in a text that others do not have. */
  get identity(): string | undefined {
    return this.#identity;
  }

  /** Keeps loaded code for the commit that deploys it. What was prepared before and not deployed is forgotten. */
  prepare(loaded: ActiveCode): void {
    this.#prepared = { identity: identityOf(loaded), loaded };
  }

  /** Keeps for the commit that deploys `stored` that it cannot be loaded. */
  prepareFailure(stored: StoredCode, loadError: string): void {
    this.#prepared = { identity: identityOf(stored), loadError };
  }

  /** Whether what is active or prepared is `stored`, evaluated with what it would see of `environment`. */
  isReadyFor(stored: StoredCode, environment: ReadonlyMap<string, string>): boolean {
    const identity = identityOf(stored);
    return isFor(this.#current, identity, environment) || isFor(this.#prepared, identity, environment);
  }

  /** A commit wrote the row of the deployed code. */
  store(row: Doc | undefined): void {
    this.#stored = row === undefined ? undefined : storedIn(row);
    this.#identity = this.#stored && identityOf(this.#stored);
  }

  /** Code that could not be loaded was tried again, and is prepared. */
  #isRecovered(identity: string, environment: ReadonlyMap<string, string>): boolean {
    const prepared = this.#prepared;
    if (this.loadError === undefined || prepared === undefined || !("loaded" in prepared)) return false;
    return isFor(prepared, identity, environment);
  }

  /** After a commit that changed code or variables: makes active what is deployed. Returns what changed. */
  choose(environment: ReadonlyMap<string, string>): CodeChange | undefined {
    const identity = this.#identity;
    if (identity === undefined) return undefined;
    if (isFor(this.#current, identity, environment) && !this.#isRecovered(identity, environment)) return undefined;
    if (!isFor(this.#prepared, identity, environment))
      throw new Error("Cannot activate deployed code: it is not loaded; should be prepared before its commit");
    const change = this.#current?.identity === identity ? "reloaded" : "pushed";
    this.#current = this.#prepared;
    this.#prepared = undefined;
    return change;
  }
}

/** Two evaluations of code with one identity and the same variables give the same modules. */
function identityOf({ code, facts, node }: StoredCode): string {
  return JSON.stringify({ code, facts, node });
}

/** Which variables code that failed to load looked at is not known: it stays as it is until other code is deployed. */
function isFor(prepared: Prepared | undefined, identity: string, environment: ReadonlyMap<string, string>): boolean {
  if (prepared?.identity !== identity) return false;
  return "loadError" in prepared || sawSame(prepared.loaded, environment);
}

/** Whether modules would see nothing else with `environment`. */
export function sawSame({ user, environment: seen }: ActiveCode, environment: ReadonlyMap<string, string>): boolean {
  if (user.environmentRead.has(ALL_VARIABLES)) return isEqual(seen, environment);
  return [...user.environmentRead].every((name) => seen.get(name) === environment.get(name));
}

function isEqual(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}
