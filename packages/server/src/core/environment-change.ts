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
import type { EnvironmentChange, EnvironmentEntry } from "../protocol/core-protocol.ts";
import { readEnvironment, writeEnvironment } from "../functions/environment.ts";
import { ALL_VARIABLES, variableDependency } from "../isolate/environment-names.ts";
import { sawSame, type ActiveCode } from "./deployed-code.ts";
import { storeCode, type StoredCode } from "./stored-code.ts";
import type { NodeAnalysis } from "../app/types.ts";
import type { DeployParts } from "./deploy-parts.ts";

/** Begins a change; it waits for pushes under way and answers request `id` when it is over. */
export function changeEnvironment(parts: DeployParts, id: number, changes: readonly EnvironmentChange[]): void {
  parts.line.add(() => new Change(parts, id, changes).start());
}

class Change {
  readonly #parts: DeployParts;
  readonly #id: number;
  readonly #changes: readonly EnvironmentChange[];

  constructor(parts: DeployParts, id: number, changes: readonly EnvironmentChange[]) {
    this.#parts = parts;
    this.#id = id;
    this.#changes = changes;
  }

  /** Main evaluates "use node" modules while the queue goes on. */
  start(): void {
    this.#job(async () => {
      const { state, asks } = this.#parts;
      const { changed, entries } = tryChanges(this.#parts, this.#changes);
      const { active } = state.code;
      if (active === undefined || !sees(active.node.environmentRead, changed)) {
        await this.#finish(undefined);
        return;
      }
      asks.nodeAnalysis(this.#id, active.code, entries).then(
        (node) => this.#job(() => this.#finish(node)),
        (error: unknown) => this.#fail(broken(error)),
      );
    });
  }

  /** A job of the queue whose failure is the answer. */
  #job(work: () => Promise<void>): void {
    this.#parts.enqueue(async () => {
      try {
        await work();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  /** @param node What the "use node" modules define now, if they looked at what changes. */
  async #finish(node: NodeAnalysis | undefined): Promise<void> {
    const { state, commits, limits, line } = this.#parts;
    const { changed, environment } = tryChanges(this.#parts, this.#changes);
    const { active } = state.code;
    if (changed.length > 0) {
      const isNodeChanged = node !== undefined && JSON.stringify(node) !== JSON.stringify(active?.node);
      const stored = active === undefined ? undefined : { ...active, node: node ?? active.node };
      if (active !== undefined && stored !== undefined && (isNodeChanged || !sawSame(active, environment)))
        state.code.prepare(await this.#loadAgain(stored, environment));
      commits.write("_system/environment", (tx) => {
        writeEnvironment(tx, this.#changes, limits);
        if (isNodeChanged && stored !== undefined) storeCode(tx, stored, new Map());
        for (const name of [...changed, ALL_VARIABLES]) tx.changeName(variableDependency(name));
      });
    }
    this.#parts.say({ type: "reply", id: this.#id, value: null });
    line.done();
  }

  async #loadAgain(stored: StoredCode, environment: ReadonlyMap<string, string>): Promise<ActiveCode> {
    try {
      const run = { kind: "load", request: this.#id } as const;
      const { code, facts, node } = stored;
      return await this.#parts.loader.load({ run, why: "push", stored: { code, facts, node }, environment });
    } catch (error) {
      throw broken(error);
    }
  }

  #fail(error: unknown): void {
    const parts = this.#parts;
    parts.say({ type: "dropAnalysis", id: this.#id });
    parts.say({ type: "refused", id: this.#id, message: error instanceof Error ? error.message : String(error) });
    parts.line.done();
  }
}

function sees(read: readonly string[], changed: readonly string[]): boolean {
  return changed.length > 0 && (read.includes(ALL_VARIABLES) || changed.some((name) => read.includes(name)));
}

function broken(error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  const text = "Cannot set environment variables: the app's modules do not load with them";
  return new UserError("EnvironmentBreaksModules", `${text}: ${reason}`);
}

/** What the changes would give, checked and taken back. */
function tryChanges(
  { commits, state, limits }: DeployParts,
  changes: readonly EnvironmentChange[],
): {
  readonly changed: readonly string[];
  readonly entries: readonly EnvironmentEntry[];
  readonly environment: ReadonlyMap<string, string>;
} {
  const trial = commits.begin({ readOnly: false });
  try {
    const changed = writeEnvironment(trial, changes, limits);
    const entries = readEnvironment(trial);
    return { changed, entries, environment: state.environmentOf(entries) };
  } finally {
    trial.abort();
  }
}
