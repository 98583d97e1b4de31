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
import type { EnvironmentChange, EnvironmentEntry } from "../protocol/core-protocol.ts";
import { environmentMap, readEnvironment, writeEnvironment } from "../functions/environment.ts";
import type { ActiveCode } from "./function-runner.ts";
import { activeOf, loadWatched } from "./push.ts";
import { storeCode } from "./stored-code.ts";
import type { NodeAnalysis } from "../app/types.ts";

/** Name on which functions depend that listed all variables. */
const WHOLE_ENVIRONMENT = "env:*";

/** Begins a change; it waits for pushes under way and answers request `id` when it is over. */
export function changeEnvironment(core: Core, id: number, changes: readonly EnvironmentChange[]): void {
  core.pushes.add(() => new Change(core, id, changes).start());
}

/** What evaluating modules again gave; nothing where they saw no changed variable. */
interface Reloaded {
  readonly node: NodeAnalysis | undefined;
  readonly active: ActiveCode | undefined;
}

class Change {
  readonly #core: Core;
  readonly #id: number;
  readonly #changes: readonly EnvironmentChange[];

  constructor(core: Core, id: number, changes: readonly EnvironmentChange[]) {
    this.#core = core;
    this.#id = id;
    this.#changes = changes;
  }

  /** Main evaluates "use node" modules while the queue goes on. */
  start(): void {
    this.#job(async () => {
      const core = this.#core;
      const { changed, entries } = tryChanges(core, this.#changes);
      const { active } = core.runner;
      if (active === undefined || !sees(active.node.environmentRead, changed)) {
        await this.#finish(undefined);
        return;
      }
      core.asks.nodeAnalysis(this.#id, active.code, entries).then(
        (node) => this.#job(() => this.#finish(node)),
        (error: unknown) => this.#fail(broken(error)),
      );
    });
  }

  /** A job of the queue whose failure is the answer. */
  #job(work: () => Promise<void> | void): void {
    this.#core.enqueue(async () => {
      try {
        await work();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  /** @param node What the "use node" modules define now, if they looked at what changes. */
  async #finish(node: NodeAnalysis | undefined): Promise<void> {
    const core = this.#core;
    const { changed, environment } = tryChanges(core, this.#changes);
    if (changed.length > 0) this.#apply(changed, environment, await this.#reload(changed, environment, node));
    core.say({ type: "reply", id: this.#id, value: null });
    core.pushes.done();
  }

  async #reload(
    changed: readonly string[],
    environment: ReadonlyMap<string, string>,
    node: NodeAnalysis | undefined,
  ): Promise<Reloaded> {
    const { active } = this.#core.runner;
    const isNodeChanged = node !== undefined && JSON.stringify(node) !== JSON.stringify(active?.node);
    if (active === undefined || (!isNodeChanged && !sees([...active.user.environmentRead], changed)))
      return { node: undefined, active };
    const { code, facts } = active;
    const stored = { code, facts, node: node ?? active.node };
    try {
      const loaded = await loadWatched(this.#core, `load:${this.#id}`, "push", stored, environment);
      return { node: isNodeChanged ? node : undefined, active: loaded };
    } catch (error) {
      throw broken(error);
    }
  }

  #apply(changed: readonly string[], environment: ReadonlyMap<string, string>, { node, active }: Reloaded): void {
    const core = this.#core;
    core.write("_system/environment", (tx) => {
      writeEnvironment(tx, this.#changes, core.limits);
      if (node !== undefined && active !== undefined) storeCode(tx, { ...active, node }, new Map());
      for (const name of changed) tx.changeName(`env:${name}`);
      tx.changeName(WHOLE_ENVIRONMENT);
    });
    core.runner.environment = environment;
    core.quarantine.clear();
    if (active !== core.runner.active) {
      core.runner.active = active;
      core.reactor.invalidateAll();
    }
    core.say({ type: "active", active: activeOf(core) });
  }

  #fail(error: unknown): void {
    const core = this.#core;
    core.say({ type: "dropAnalysis", id: this.#id });
    core.say({ type: "refused", id: this.#id, message: error instanceof Error ? error.message : String(error) });
    core.pushes.done();
  }
}

function sees(read: readonly string[], changed: readonly string[]): boolean {
  return changed.length > 0 && (read.includes("*") || changed.some((name) => read.includes(name)));
}

function broken(error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  const text = "Cannot set environment variables: the app's modules do not load with them";
  return new UserError("EnvironmentBreaksModules", `${text}: ${reason}`);
}

/** What the changes would give, checked and taken back. */
function tryChanges(
  core: Core,
  changes: readonly EnvironmentChange[],
): {
  readonly changed: readonly string[];
  readonly entries: readonly EnvironmentEntry[];
  readonly environment: ReadonlyMap<string, string>;
} {
  const { cloudUrl, siteUrl } = core.options.start;
  const trial = core.database.begin({ readOnly: false });
  try {
    const changed = writeEnvironment(trial, changes, core.limits);
    const entries = readEnvironment(trial);
    return { changed, entries, environment: environmentMap(entries, cloudUrl, siteUrl) };
  } finally {
    trial.abort();
  }
}
