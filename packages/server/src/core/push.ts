/**
 * Pushes: new code becomes the active one, or nothing changes.
 *
 *   missing scripts, analysis of "use node" modules ◀─ main ─▶ load ─▶ check ─▶ plan schema ─▶ step … step (other work in between) ─▶ one commit {code, schema, crons} ─▶ active
 *
 * Invariants:
 *   - Until the commit the old code, schema and crons are in force; a failure at any point leaves them so.
 *   - Code, schema and crons change in one commit; every run is invalidated with it.
 *   - The active code lies in the store, so a restart serves it without another push.
 *   - One push at a time; the next one waits.
 *
 * @module
 */
import { UserError } from "../tx/types.ts";
import type { Core } from "./core.ts";
import type { Active, EnvironmentEntry } from "../protocol/core-protocol.ts";
import { loadLimit } from "../protocol/watchdog.ts";
import { scriptRef } from "../app/code-manifest.ts";
import { nextFireMs } from "../functions/cron-times.ts";
import type { PushOutcome } from "../protocol/deployment-types.ts";
import { readEnvironment } from "../functions/environment.ts";
import type { ActiveCode } from "./function-runner.ts";
import type { Analysis, CodeManifest, ModuleSource, NodeAnalysis } from "../app/types.ts";
import { missingHashes, readCode, readSource, storeCode, type StoredCode } from "./stored-code.ts";

/** A change of the schema under way. */
type SchemaChange = ReturnType<Core["database"]["planSchema"]>;

/** Rows that one step of a schema change visits. */
const ROWS_A_STEP = 512;
/** A message of progress each so many steps. */
const STEPS_A_MESSAGE = 50;

/** Evaluates code under the watch of the watchdog, as `text`. `sources`: scripts that the store may lack. */
export async function loadWatched(
  core: Core,
  text: string,
  why: "push" | "start",
  stored: StoredCode,
  environment: ReadonlyMap<string, string>,
  sources: ReadonlyMap<string, ModuleSource> = new Map(),
): Promise<ActiveCode> {
  const { monitor, loadCode, start } = core.options;
  const { cloudUrl, siteUrl, limits } = start;
  const { code, facts, node } = stored;
  const hash = scriptRef(code, "isolate")?.hash ?? "";
  const isolate = sources.get(hash) ?? core.read((tx) => readSource(tx, hash));
  if (isolate === null) throw new Error(`Cannot load the app's modules: script "${hash}" is not stored`);
  monitor.enter(text, loadLimit(limits, why));
  try {
    const settings = { ...facts, environment, cloudUrl, siteUrl, limits };
    return { ...stored, user: await loadCode({ isolate, nodeFunctions: node.functions }, settings) };
  } finally {
    monitor.leave();
  }
}

/** What is active in the core now. */
export function activeOf(core: Core): Active {
  const { active } = core.runner;
  return {
    analysis: active?.user.analysis ?? { functions: [], schema: null, crons: [], httpRoutes: [] },
    // Actions run in threads of their own, also while the core could not load what is stored.
    code: active?.code ?? core.read(readCode)?.code ?? null,
    environment: core.read(readEnvironment),
  };
}

/** Begins a push, whose steps are jobs of the core's queue; the last one sends the answer. */
export function pushCode(core: Core, id: number, code: CodeManifest): void {
  const push = new Push(core, id, code);
  core.pushes.add(() => push.start());
}

class Push {
  readonly #core: Core;
  readonly #id: number;
  readonly #code: CodeManifest;
  #sources: ReadonlyMap<string, ModuleSource> = new Map();
  #steps = 0;

  constructor(core: Core, id: number, code: CodeManifest) {
    this.#core = core;
    this.#id = id;
    this.#code = code;
  }

  start(): void {
    this.#core.enqueue(() => {
      this.#tell("Loading functions");
      const { missing, environment } = this.#core.read((tx) => ({
        missing: missingHashes(tx, this.#code),
        environment: readEnvironment(tx),
      }));
      void this.#gather(missing, environment);
    });
  }

  /** What comes from main, while the queue goes on. */
  async #gather(missing: readonly string[], environment: readonly EnvironmentEntry[]): Promise<void> {
    const core = this.#core;
    try {
      this.#sources = await core.asks.modules(this.#id, missing);
      const node = this.#knownAnalysis() ?? (await core.asks.nodeAnalysis(this.#id, this.#code, environment));
      core.enqueue(() => this.#load(node));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What the same script defined, in the same environment. Packages outside of it may be others now. */
  #knownAnalysis(): NodeAnalysis | undefined {
    const { active } = this.#core.runner;
    if (active === undefined || this.#code.nodeResolveDir !== null || active.code.nodeResolveDir !== null)
      return undefined;
    const isSame = scriptRef(active.code, "node")?.hash === scriptRef(this.#code, "node")?.hash;
    return isSame ? active.node : undefined;
  }

  async #load(node: NodeAnalysis): Promise<void> {
    try {
      const { clock, runner, database, options } = this.#core;
      const seed = Buffer.from(options.random.bytes(4)).readUInt32LE();
      const stored = { code: this.#code, facts: { nowMs: Math.floor(clock.nowMs()), seed }, node };
      const text = `load:${this.#id}`;
      const loaded = await loadWatched(this.#core, text, "push", stored, runner.environment, this.#sources);
      checkCrons(loaded.user.analysis);
      this.#step(loaded, database.planSchema(loaded.user.analysis.schema));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** One slice of the schema's work, then the next one behind whatever came meanwhile. */
  #step(loaded: ActiveCode, change: SchemaChange): void {
    this.#core.enqueue(() => {
      try {
        this.#steps += 1;
        if (this.#steps % STEPS_A_MESSAGE === 1) this.#tell("Checking documents and filling indexes");
        if (change.step(ROWS_A_STEP) === "more") return this.#step(loaded, change);
        this.#commit(loaded, change);
      } catch (error) {
        change.cancel();
        return this.#fail(error);
      }
      // From here on the new code is stored: a failure now ends the core, which opens again with it.
      this.#activate(loaded, change);
    });
  }

  #commit(loaded: ActiveCode, change: SchemaChange): void {
    const core = this.#core;
    const tx = core.database.begin({ readOnly: false });
    try {
      change.apply(tx);
      storeCode(tx, loaded, this.#sources);
      core.crons.deployIn(tx, loaded.user.analysis.crons);
      tx.changeName("deployment");
      core.commit(tx, "_system/push");
    } finally {
      tx.abort();
    }
  }

  #activate(loaded: ActiveCode, { indexesAdded, indexesRemoved }: SchemaChange): void {
    const { analysis } = loaded.user;
    this.#core.database.dropRemovedIndexes();
    activate(this.#core, loaded);
    const summary = { functions: analysis.functions.length, indexesAdded, indexesRemoved };
    this.#end({ ok: true, analysis, summary });
  }

  #fail(error: unknown): void {
    this.#core.say({ type: "dropAnalysis", id: this.#id });
    const code = error instanceof UserError ? error.code : "PushFailed";
    this.#end({ ok: false, code, message: error instanceof Error ? error.message : String(error) });
  }

  #end(value: PushOutcome): void {
    this.#core.say({ type: "reply", id: this.#id, value });
    this.#core.pushes.done();
  }

  #tell(message: string): void {
    this.#core.say({ type: "progress", id: this.#id, message });
  }
}

/** Makes loaded code the one that runs, and everything that was computed by the old one stale. */
export function activate(core: Core, loaded: ActiveCode): void {
  core.runner.active = loaded;
  core.runner.loadError = undefined;
  core.quarantine.clear();
  core.tracking.forgetHabits();
  core.reactor.invalidateAll();
  core.scheduler.noteCode();
  core.say({ type: "active", active: activeOf(core) });
}

/** @throws {UserError} When a cron's function does not exist or its schedule cannot be understood. */
function checkCrons(analysis: Analysis): void {
  const known = new Map(analysis.functions.map((info) => [info.path, info.kind]));
  for (const { name, path, schedule } of analysis.crons) {
    const kind = known.get(path);
    if (kind !== "mutation" && kind !== "action") {
      const is = kind === undefined ? "does not exist" : `is a ${kind}`;
      throw new UserError(
        "InvalidCron",
        `Cannot schedule cron "${name}": ${path} ${is}; it should be a mutation or an action`,
      );
    }
    try {
      nextFireMs(schedule, 0, undefined);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError("InvalidCron", `Cannot schedule cron "${name}": its schedule is not valid: ${reason}`);
    }
  }
}
