/**
 * Changing environment variables of a running deployment: all of them, or none.
 *
 * Modules may have looked at variables while they were evaluated. If they looked at one that changes, the code is evaluated again with the new
 * values first; if that fails, nothing changes. Everything else that read a variable depends on its name (`variableDependency`).
 *
 * The change is one commit: what is in force afterwards follows from it (`deployment-state.ts`).
 *
 * @module
 */
import { UserError } from "../tx/types.ts";
import type { EnvironmentChange } from "../protocol/core-protocol.ts";
import { readEnvironment, writeEnvironment } from "../functions/environment.ts";
import { ALL_VARIABLES, variableDependency } from "../isolate/environment-names.ts";
import { sawSame, type ActiveCode } from "./deployed-code.ts";
import type { DeployParts } from "./deploy-parts.ts";

/** Begins a change; it waits for pushes under way and answers request `id` when it is over. */
export function changeEnvironment(parts: DeployParts, id: number, changes: readonly EnvironmentChange[]): void {
  const job = async (): Promise<void> => {
    try {
      await apply(parts, id, changes);
      parts.say({ type: "reply", id, value: null });
    } catch (error) {
      parts.say({ type: "refused", id, message: error instanceof Error ? error.message : String(error) });
    } finally {
      parts.line.done();
    }
  };
  parts.line.add(() => parts.enqueue(job));
}

async function apply(parts: DeployParts, id: number, changes: readonly EnvironmentChange[]): Promise<void> {
  const { state, commits, limits } = parts;
  const { changed, environment } = tryChanges(parts, changes);
  if (changed.length === 0) return;
  const { active } = state.code;
  if (active !== undefined && !sawSame(active, environment))
    state.code.prepare(await loadAgain(parts, id, active, environment));
  commits.write("_system/environment", (tx) => {
    writeEnvironment(tx, changes, limits);
    for (const name of [...changed, ALL_VARIABLES]) tx.changeName(variableDependency(name));
  });
}

/** What the changes would give, checked and taken back. */
function tryChanges(
  { commits, state, limits }: DeployParts,
  changes: readonly EnvironmentChange[],
): { readonly changed: readonly string[]; readonly environment: ReadonlyMap<string, string> } {
  const trial = commits.begin({ readOnly: false });
  try {
    const changed = writeEnvironment(trial, changes, limits);
    return { changed, environment: state.environmentOf(readEnvironment(trial)) };
  } finally {
    trial.abort();
  }
}

async function loadAgain(
  { loader }: DeployParts,
  id: number,
  active: ActiveCode,
  environment: ReadonlyMap<string, string>,
): Promise<ActiveCode> {
  try {
    return await loader.load({ kind: "load", request: id }, active, environment);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = "Cannot set environment variables: the app's modules do not load with them";
    throw new UserError("EnvironmentBreaksModules", `${text}: ${reason}`);
  }
}
