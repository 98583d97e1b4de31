/**
 * Changing environment variables of a running deployment: all of them, or none.
 *
 * Modules may have looked at variables while they were evaluated. If they looked at one that changes, the code is evaluated again with the new
 * values first; if that fails, nothing changes. Everything else that read a variable depends on its name `env:NAME`.
 *
 * @module
 */
import { UserError } from "../tx/types.ts";
import type { Core } from "./core.ts";
import type { EnvironmentChange } from "../protocol/core-protocol.ts";
import { environmentMap, readEnvironment, writeEnvironment } from "../functions/environment.ts";
import type { ActiveCode } from "./function-runner.ts";
import { activeOf, loadWatched } from "./push.ts";

/** Name on which functions depend that listed all variables. */
const WHOLE_ENVIRONMENT = "env:*";

/** Begins a change; it waits for pushes under way and answers request `id` when it is over. */
export function changeEnvironment(core: Core, id: number, changes: readonly EnvironmentChange[]): void {
  const job = async (): Promise<void> => {
    try {
      await apply(core, id, changes);
      core.say({ type: "reply", id, value: null });
    } catch (error) {
      core.say({ type: "refused", id, message: error instanceof Error ? error.message : String(error) });
    } finally {
      core.pushes.done();
    }
  };
  core.pushes.add(() => core.enqueue(job));
}

async function apply(core: Core, id: number, changes: readonly EnvironmentChange[]): Promise<void> {
  const { changed, environment } = tryChanges(core, changes);
  if (changed.length === 0) return;
  const { active } = core.runner;
  const isRead =
    changed.some((name) => active?.user.environmentRead.has(name)) || active?.user.environmentRead.has("*");
  const loaded = active !== undefined && isRead === true ? await loadAgain(core, id, active, environment) : active;
  core.write("_system/environment", (tx) => {
    writeEnvironment(tx, changes, core.limits);
    for (const name of changed) tx.changeName(`env:${name}`);
    tx.changeName(WHOLE_ENVIRONMENT);
  });
  core.runner.environment = environment;
  core.quarantine.clear();
  if (loaded !== active) {
    core.runner.active = loaded;
    core.reactor.invalidateAll();
  }
  core.say({ type: "active", active: activeOf(core) });
}

/** What the changes would give, checked and taken back. */
function tryChanges(
  core: Core,
  changes: readonly EnvironmentChange[],
): { readonly changed: readonly string[]; readonly environment: ReadonlyMap<string, string> } {
  const { cloudUrl, siteUrl } = core.options.start;
  const trial = core.database.begin({ readOnly: false });
  try {
    const changed = writeEnvironment(trial, changes, core.limits);
    return { changed, environment: environmentMap(readEnvironment(trial), cloudUrl, siteUrl) };
  } finally {
    trial.abort();
  }
}

async function loadAgain(
  core: Core,
  id: number,
  active: ActiveCode,
  environment: ReadonlyMap<string, string>,
): Promise<ActiveCode> {
  try {
    return await loadWatched(core, `load:${id}`, active, environment);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = "Cannot set environment variables: the app's modules do not load with them";
    throw new UserError("EnvironmentBreaksModules", `${text}: ${reason}`);
  }
}
