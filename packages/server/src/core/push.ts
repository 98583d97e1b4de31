/**
 * Pushes: new code becomes the active one, or nothing changes.
 *
 *   load + analyse ─▶ check ─▶ plan schema ─▶ step … step (other work in between) ─▶ one commit {code, schema, crons} ─▶ active
 *
 * Invariants:
 *   - Until the commit the old code, schema and crons are in force; a failure at any point leaves them so.
 *   - Code, schema and crons change in one commit; every run is invalidated with it.
 *   - The active code lies in the store, so a restart serves it without another push.
 *   - One push at a time; the next one waits.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import { UserError, type Transaction } from "../tx/types.ts";
import type { Core } from "./core.ts";
import type { Active } from "../protocol/core-protocol.ts";
import { nextFireMs } from "../functions/cron-times.ts";
import type { ImportFacts } from "../functions/code-loader.ts";
import type { PushOutcome } from "../protocol/deployment-types.ts";
import { readEnvironment } from "../functions/environment.ts";
import { readRows, textOf } from "../functions/system-rows.ts";
import type { ActiveCode } from "./function-runner.ts";
import type { Analysis, CodePackage } from "../app/types.ts";

/** A change of the schema under way. */
type SchemaChange = ReturnType<Core["database"]["planSchema"]>;

const MODULES_TABLE = "_modules";
const ACTIVE = "active";
/** Rows that one step of a schema change visits. */
const ROWS_A_STEP = 512;
/** A message of progress each so many steps. */
const STEPS_A_MESSAGE = 50;

/** Code as it is stored: with the facts of its import, so that every evaluation gives the same modules. */
export interface StoredCode {
  readonly code: CodePackage;
  readonly facts: ImportFacts;
}

/** The stored code; null before the first push. */
export function readCode(tx: Transaction): StoredCode | null {
  const row = activeRow(tx);
  if (row === undefined) return null;
  const facts = { nowMs: Number(row["importMs"]), seed: Number(row["importSeed"]) };
  return { code: JSON.parse(textOf(row, "code")) as CodePackage, facts };
}

/** Evaluates code under the watch of the watchdog, as `text`. */
export async function loadWatched(
  core: Core,
  text: string,
  { code, facts }: StoredCode,
  environment: ReadonlyMap<string, string>,
): Promise<ActiveCode> {
  const { monitor, loadCode, start } = core.options;
  const { cloudUrl, siteUrl, limits } = start;
  monitor.enter(text);
  try {
    return { code, facts, user: await loadCode(code, { ...facts, environment, cloudUrl, siteUrl, limits }) };
  } finally {
    monitor.leave();
  }
}

function activeRow(tx: Transaction): Doc | undefined {
  return readRows(tx, MODULES_TABLE, "by_name", [{ type: "eq", fieldPath: "name", value: ACTIVE }], 1)[0];
}

/** What is active in the core now. */
export function activeOf(core: Core): Active {
  const { active } = core.runner;
  return {
    analysis: active?.user.analysis ?? { functions: [], schema: null, crons: [], httpRoutes: [] },
    code: active?.code ?? null,
    environment: core.read(readEnvironment),
  };
}

/** Begins a push, whose steps are jobs of the core's queue; the last one sends the answer. */
export function pushCode(core: Core, id: number, code: CodePackage): void {
  const push = new Push(core, id, code);
  core.pushes.add(() => push.start());
}

class Push {
  readonly #core: Core;
  readonly #id: number;
  readonly #code: CodePackage;
  #steps = 0;

  constructor(core: Core, id: number, code: CodePackage) {
    this.#core = core;
    this.#id = id;
    this.#code = code;
  }

  start(): void {
    this.#core.enqueue(async () => {
      try {
        this.#tell("Loading functions");
        const { clock, runner, database, options } = this.#core;
        const seed = Buffer.from(options.random.bytes(4)).readUInt32LE();
        const stored = { code: this.#code, facts: { nowMs: Math.floor(clock.nowMs()), seed } };
        const loaded = await loadWatched(this.#core, `load:${this.#id}`, stored, runner.environment);
        checkCrons(loaded.user.analysis);
        this.#step(loaded, database.planSchema(loaded.user.analysis.schema));
      } catch (error) {
        this.#fail(error);
      }
    });
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
      storeCode(tx, loaded);
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
function activate(core: Core, loaded: ActiveCode): void {
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

function storeCode(tx: Transaction, { code, facts }: StoredCode): void {
  const row = activeRow(tx);
  const fields = { name: ACTIVE, code: JSON.stringify(code), importMs: facts.nowMs, importSeed: facts.seed };
  if (row === undefined) tx.system.insert(MODULES_TABLE, fields);
  else tx.system.patch(row._id, fields);
}
